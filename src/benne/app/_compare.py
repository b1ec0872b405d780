"""Compare: the three scores on the same people, whom no card had seen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import benne
from benne.app._bundle import Bundle, read_bundle
from benne.app._catalogue import Catalogue, catalogue_of
from benne.app._conduct import conduct_answers, rule_events
from benne.app._gaming import gaming
from benne.app._report import Render
from benne.app._validation import DEFAULT_CUTOFF, groups_of, scorable_rows, with_people
from benne.app._worth import Refit, Refits, worth
from benne.app.stores._files import remove, write_lines_whole, write_whole
from benne.app.stores._folders import read_parquet
from benne.kernel import InvalidInput, NotFound, NotPermitted, subject_id
from benne.monitoring import Draws, Rated, compare, fare_by_group, thin_files, through_a_shock
from benne.scores import ConductAnswer, ConductScore, conduct_json, rule_book

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app.stores import Lake, Progress
    from benne.app.wiring import Session

Floats = NDArray[np.float64]
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class ComparedScores:
    """Where the comparison lies, and what stands foremost in it."""

    page: Path
    headlines: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """What was found, and where to read it."""
        yield from self.headlines
        yield f"open {self.page}"


@dataclass(frozen=True)
class _People:
    """The people compared: outcomes, scores, and what else is known of them."""

    seen: pa.Table
    y: Floats
    rated: tuple[Rated, ...]
    truth: Floats | None
    shock: Floats | None
    groups: Mapping[str, NDArray[np.object_]]
    says: str
    left_out: tuple[str, ...]
    catalogue: Catalogue
    conduct: tuple[ConductAnswer, ...]
    events: Mapping[int, Sequence[tuple[str, int]]]


def compare_scores(
    session: Session,
    tell: Progress,
    *,
    render: Render,
    draws: int = 200,
    seed: int = 0,
    refit: str = "points",
) -> ComparedScores:
    """Write ``reports/comparison.html`` and ``comparison.json``; conduct answers beside them.

    Everybody is scored by cards that had not seen them: those observed after the workspace's
    ``out_of_time_from``, else everyone out of fold.  ``refit`` says which card is refitted on
    every set of domains: quick ``points`` cards, or the workspace's own ``card``.

    Raises:
        NotFound: the sesame or the bureau score was not trained.
        InvalidInput: ``draws`` is below 20, or ``refit`` is neither.
    """
    chosen: Refit = "card" if refit == "card" else "points"
    if refit != chosen:
        raise InvalidInput(f"--refit must be points or card; got {refit!r}.")
    if draws < 20:
        raise InvalidInput(f"--draws must be 20 or more; got {draws}.")
    folder = session.workspace.reports
    with session.lake(read_only=True) as lake:
        tell("compare: the same people", 0, None)
        people = _people(session, lake)
        facts = _facts(session, lake, people, tell, draws=draws, seed=seed, refit=chosen)
    if people.conduct:
        lines = (json.dumps(conduct_json(answer)) for answer in people.conduct)
        write_lines_whole(folder / "conduct.jsonl", lines)
    else:
        remove(folder / "conduct.jsonl")
    text = json.dumps(facts, indent=1, allow_nan=False, ensure_ascii=False)
    write_whole(folder / "comparison.json", text)
    page = folder / "comparison.html"
    write_whole(page, render(facts))
    return ComparedScores(page, tuple(_headlines(facts)))


def _facts(
    session: Session,
    lake: Lake,
    people: _People,
    tell: Progress,
    *,
    draws: int,
    seed: int,
    refit: Refit,
) -> dict[str, Any]:
    """Everything that the page says, as plain JSON values."""
    subject = people.seen["subject"].combine_chunks().dictionary_encode().indices.to_numpy()
    samples = Draws.of(subject.astype(np.int64), draws=draws, seed=seed)
    sesame, bureau = people.rated[:2]
    tell("compare: what this evidence can reach", 0, None)
    refits = Refits.of(session, lake, people.catalogue, people.seen)
    latent = {} if people.truth is None else {"latent": people.truth}
    ceilings = {**latent, "evidence": -refits.free()}
    tell("compare: policies", 0, None)
    share = float(np.mean(sesame.stand("refused") >= sesame.cutoff))
    return {
        "schema": SCHEMA,
        "report": "comparison",
        "workspace": session.workspace.workspace.name,
        "outcome": session.workspace.outcome.says,
        "simulated": people.truth is not None,
        "population": people.says,
        "left_out": list(people.left_out),
        "uses": _uses(session, people),
        "populations": compare(
            people.y, people.rated, populations=_populations(sesame, bureau), draws=samples,
            ceilings=ceilings,
        ),
        "thin_files": thin_files(people.y, bureau, sesame, samples),
        "worth": worth(refits, people.y, samples, tell, refit=refit, seed=seed),
        "shock": _shock(people, samples),
        "shock_why": "this workspace knows no second outcome of the same people through a shock",
        "group_share": share,
        "groups": {
            name: fare_by_group(people.y, people.rated, group, samples, share)
            for name, group in people.groups.items()
        },
        "gaming": gaming(
            session, lake, tell, people.rated, people.seen["observation"].to_numpy(),
            people.events, draws=draws, seed=seed,
        ),
        "draws": draws,
        "made_with": {"benne": benne.__version__, "seed": seed, "draws": draws, "refits": refit},
    }  # fmt: skip


def _shock(people: _People, samples: Draws) -> Any:
    """The same people and scores, with the outcomes of a shock; ``None`` where none is known."""
    if people.shock is None:
        return None
    return through_a_shock(people.y, people.shock, people.rated, samples)


def _populations(sesame: Rated, bureau: Rated) -> dict[str, NDArray[np.bool_]]:
    return {
        "everyone": np.ones(len(sesame.score), dtype=bool),
        "scored by both": ~np.isnan(sesame.score) & ~np.isnan(bureau.score),
        "without a credit history": np.isnan(bureau.score),
    }


def _people(session: Session, lake: Lake) -> _People:
    held = {name: held_out(lake, name) for name in ("sesame", "bureau")}
    numbers = np.intersect1d(*(table["observation"].to_numpy() for table, _ in held.values()))
    catalogue = catalogue_of(session.workspace, lake.versions(), session.permit("model_building"))
    rated = []
    seen: Any = None
    for name, (table, _) in held.items():
        seen = with_people(lake, _at(table, numbers))
        bundle = read_bundle(session.workspace.models, name)
        rated.append(_rated(lake, bundle, seen))
    left_out = []
    conducts: list[ConductAnswer] = []
    events: Mapping[int, Sequence[tuple[str, int]]] = {}
    try:
        events = rule_events(session, lake)
        conducts = conduct_answers(session, lake, numbers.tolist(), events)
        rated.append(_conduct(conducts))
    except NotPermitted as error:
        left_out.append(f"conduct: {error}")
    y = np.array([float(outcome == "bad") for outcome in seen["outcome"].to_pylist()])
    truth, shock = _truth(session, seen)
    features = _at(lake.query("SELECT * FROM features ORDER BY observation"), numbers)
    ages = session.workspace.report.age_groups
    groups = groups_of(lake, seen, catalogue, features, ages)
    return _People(
        seen=seen,
        y=y,
        rated=tuple(rated),
        truth=truth,
        shock=shock,
        groups={name: np.array(labels, dtype=object) for name, labels in groups.items()},
        says=held["sesame"][1],
        left_out=tuple(left_out),
        catalogue=catalogue,
        conduct=tuple(conducts),
        events=events,
    )


def held_out(lake: Lake, name: str) -> tuple[pa.Table, str]:
    """Scores of people whom the card had not seen, and in what sense."""
    tables = lake.tables()
    if f"unseen_{name}" not in tables:
        raise NotFound(
            f"the {name} score was not trained here, and the comparison needs it; name it in "
            "[model] families, then run benne train."
        )
    later = lake.table(f"out_of_time_{name}") if f"out_of_time_{name}" in tables else None
    if later is not None and later.num_rows:
        return later, "observed later than all that the cards were fitted to"
    return lake.table(f"unseen_{name}"), "scored out of fold, by cards that had not seen them"


def _at(table: pa.Table, numbers: NDArray[np.int64]) -> pa.Table:
    import pyarrow as pa

    order = np.argsort(table["observation"].to_numpy(), kind="stable")
    place = np.searchsorted(table["observation"].to_numpy()[order], numbers)
    return table.take(pa.array(order[place]))


def _rated(lake: Lake, bundle: Bundle, seen: pa.Table) -> Rated:
    enough = scorable_rows(lake, bundle.scorable, seen)
    score = np.where(enough, seen["score"].to_numpy().astype(np.float64), np.nan)
    chance = 1 / (1 + np.exp(seen["log_odds"].to_numpy()))
    name = bundle.family.name
    bands = tuple((b.name.replace("_", " "), float(b.lowest)) for b in bundle.family.bands)
    return Rated(name, score, float(DEFAULT_CUTOFF[name]), bands, np.where(enough, chance, np.nan))


def _conduct(answers: list[ConductAnswer]) -> Rated:
    book = rule_book()
    score = [float(a.score) if isinstance(a, ConductScore) else np.nan for a in answers]
    bands = ((book.lowest_grade, -np.inf), *((n, float(at)) for n, at in reversed(book.grades)))
    why = "a conduct score counts points under rules and promises no probability"
    return Rated("conduct", np.array(score), float(book.base), bands, chance_why=why)


def _truth(session: Session, seen: pa.Table) -> tuple[Floats | None, Floats | None]:
    """The true chance of bad, and the outcome through a shock, where a simulation knows them."""
    folder = session.data / "truth"
    if session.workspace.lawful_basis.basis != "simulated" or not folder.is_dir():
        return None, None
    keys = list(zip(seen["subject"].to_pylist(), seen["as_of"].to_pylist(), strict=True))
    chances = _by_person(session, folder / "probabilities.parquet", "probability", "wave")
    truth = np.array([chances.get(key, np.nan) for key in keys], dtype=np.float64)
    shocks: dict[tuple[str, int], Any] = {}
    if (folder / "wave_outcome.parquet").exists():
        shocks = _by_person(session, folder / "wave_outcome.parquet", "outcome", None)
    told = [shocks.get(key) for key in keys]
    shock = None if None in told else np.array([float(outcome == "bad") for outcome in told])
    return None if np.isnan(truth).any() else truth, shock


def _by_person(
    session: Session, path: Path, column: str, but_cohort: str | None
) -> dict[tuple[str, int], Any]:
    import pyarrow as pa

    table = read_parquet(path)
    moments = table["as_of"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_pylist()
    rows = zip(
        table["subject"].to_pylist(),
        moments,
        table["cohort"].to_pylist(),
        table[column].to_pylist(),
        strict=True,
    )
    return {
        (subject_id(subject, key=session.key), moment): value
        for subject, moment, cohort, value in rows
        if cohort != but_cohort
    }


def _uses(session: Session, people: _People) -> list[dict[str, Any]]:
    """What each score uses, and who may ask for it."""
    bundles = {n: read_bundle(session.workspace.models, n) for n in ("sesame", "bureau")}
    rows: list[dict[str, Any]] = [
        {
            "name": name,
            "uses": sorted({k for c in bundle.artefact.columns_read() for k in c.kinds}),
            "features": len(bundle.artefact.columns_read()),
            "method": "fitted to outcomes; the parts of the five "
            + ("domains" if name == "sesame" else "factors of a credit file")
            + " add up to the score",
            "may_ask": "merchants and lenders with a consent and a purpose that the law keeps open"
            if name == "sesame"
            else "lenders",
            "none_for": bundle.scorable.says,
        }
        for name, bundle in bundles.items()
    ]
    if len(people.rated) > 2:
        rows.append(
            {
                "name": "conduct",
                "uses": ["rule_event"],
                "features": len(rule_book().rules),
                "method": "points by a published rule book; no statistics",
                "may_ask": "nobody: it exists for this comparison, on simulated people",
                "none_for": "Whoever declines has no score.",
            }
        )
    return rows


def _headlines(facts: Mapping[str, Any]) -> Iterator[str]:
    for population in facts["populations"]:
        if population["scores"] is None:
            continue
        told = []
        for score in population["scores"]:
            auc = score["auc"]
            said = "no AUC" if auc["value"] is None else f"AUC {auc['value']:.3f}"
            told.append(f"{score['name']} {said} ({100 * score['coverage']['value']:.0f} % scored)")
        yield f"{population['name']}, {population['people']:,} people: {', '.join(told)}"
    growth = facts["thin_files"]["growth"]
    if growth["value"] is not None:
        yield (
            f"a lender with the bureau score alone can admit {100 * growth['value']:.0f} % more "
            "people at the same bad rate, from those the bureau knows nothing of"
        )

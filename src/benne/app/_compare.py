"""Compare: the three scores on the same people, whom no card had seen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import benne
from benne.app._bundle import Bundle, read_bundle
from benne.app._catalogue import Catalogue, catalogue_of
from benne.app._conduct import conduct_answers
from benne.app._report import Render
from benne.app._score import offers_to
from benne.app._screening import screened
from benne.app._validation import DEFAULT_CUTOFF, groups_of, scorable_rows, with_people
from benne.app.stores._files import remove, write_lines_whole, write_whole
from benne.app.stores._folders import read_parquet
from benne.kernel import DOMAINS, InvalidInput, NotFound, NotPermitted, subject_id
from benne.models import Column, PointsCard
from benne.monitoring import (
    Draws,
    Rated,
    compare,
    fare_by_group,
    prices_of_parts,
    thin_files,
    through_a_shock,
    worth_refitted,
)
from benne.scores import ConductAnswer, ConductScore, conduct_json, rule_book

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app.stores import Lake, Progress
    from benne.app.wiring import Session

Floats = NDArray[np.float64]
SCHEMA = 1
_SAMPLE = 30
_COLUMNS = 60


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


def compare_scores(
    session: Session, tell: Progress, *, render: Render, draws: int = 200, seed: int = 0
) -> ComparedScores:
    """Write ``reports/comparison.html`` and ``comparison.json``; conduct answers beside them.

    Everybody is scored by cards that had not seen them: those observed after the workspace's
    ``out_of_time_from``, else everyone out of fold.

    Raises:
        NotFound: the sesame or the bureau score was not trained.
        InvalidInput: ``draws`` is below 20, or the outcomes are all alike.
    """
    if draws < 20:
        raise InvalidInput(f"--draws must be 20 or more; got {draws}.")
    folder = session.workspace.reports
    with session.lake() as lake:
        tell("compare: the same people", 0, None)
        conducts: list[ConductAnswer] = []
        people = _people(session, lake, conducts)
        facts = _facts(session, lake, people, tell, draws=draws, seed=seed)
    if conducts:
        lines = (json.dumps(conduct_json(answer)) for answer in conducts)
        write_lines_whole(folder / "conduct.jsonl", lines)
    else:
        remove(folder / "conduct.jsonl")
    text = json.dumps(facts, indent=1, allow_nan=False, ensure_ascii=False)
    write_whole(folder / "comparison.json", text)
    page = folder / "comparison.html"
    write_whole(page, render(facts))
    return ComparedScores(page, tuple(_headlines(facts)))


def _facts(
    session: Session, lake: Lake, people: _People, tell: Progress, *, draws: int, seed: int
) -> dict[str, Any]:
    """Everything that the page says, as plain JSON values."""
    subject = people.seen["subject"].combine_chunks().dictionary_encode().indices.to_numpy()
    samples = Draws.of(subject.astype(np.int64), draws=draws, seed=seed)
    sesame, bureau = people.rated[:2]
    both = ~np.isnan(sesame.score) & ~np.isnan(bureau.score)
    everyone = np.ones(len(people.y), dtype=bool)
    tell("compare: policies", 0, None)
    found = compare(
        people.y,
        people.rated,
        populations={
            "everyone": everyone,
            "scored by both": both,
            "without a credit history": np.isnan(bureau.score),
        },
        draws=samples,
        attainable=people.truth,
    )
    share = float(np.mean(sesame.stand("refused") >= sesame.cutoff))
    tell("compare: what each domain is worth", 0, None)
    worth = _worth(session, lake, people, samples)
    tell("compare: what people could do", 0, None)
    return {
        "schema": SCHEMA,
        "report": "comparison",
        "workspace": session.workspace.workspace.name,
        "outcome": session.workspace.outcome.says,
        "population": people.says,
        "left_out": list(people.left_out),
        "uses": _uses(session, people),
        "populations": found,
        "thin_files": thin_files(people.y, bureau, sesame, samples),
        "worth": worth,
        "shock": None
        if people.shock is None
        else through_a_shock(people.y, people.shock, people.rated, samples),
        "shock_why": "this workspace knows no second outcome of the same people through a shock",
        "groups": {
            name: fare_by_group(people.y, people.rated, group, samples, share)
            for name, group in people.groups.items()
        },
        "gaming": _gaming(session, lake, people),
        "draws": draws,
        "made_with": {"benne": benne.__version__, "seed": seed, "draws": draws},
    }


def _people(session: Session, lake: Lake, conducts: list[ConductAnswer]) -> _People:
    held = {name: _held_out(lake, name) for name in ("sesame", "bureau")}
    numbers = np.intersect1d(*(table["observation"].to_numpy() for table, _ in held.values()))
    catalogue = catalogue_of(session.workspace, lake.versions(), session.permit("model_building"))
    rated = []
    seen: Any = None
    for name, (table, _) in held.items():
        seen = with_people(lake, _at(table, numbers))
        bundle = read_bundle(session.workspace.models, name)
        rated.append(_rated(lake, bundle, seen))
    left_out = []
    try:
        conducts += conduct_answers(session, lake, numbers.tolist())
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
    )


def _held_out(lake: Lake, name: str) -> tuple[pa.Table, str]:
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


# --- what each domain and each kind of data is worth ----------------------------------------


def _worth(session: Session, lake: Lake, people: _People, samples: Draws) -> dict[str, Any]:
    """Gini of points cards refitted on every set of domains, and without each kind of data."""
    permit = session.permit("model_building")
    catalogue = catalogue_of(session.workspace, lake.versions(), permit)
    fit = _Refit.of(session, lake, people, catalogue)
    domains = tuple(d for d in DOMAINS if any(c.domain == d for c in fit.columns))
    margins = {
        frozenset(subset): fit(lambda c, subset=subset: c.domain in subset)  # type: ignore[misc]
        for size in range(1, len(domains) + 1)
        for subset in combinations(domains, size)
    }
    kinds = sorted({kind for column in fit.columns for kind in column.kinds})
    whole = margins[frozenset(domains)]
    without = {kind: fit(lambda c, kind=kind: kind not in c.kinds) for kind in kinds}  # type: ignore[misc]
    return {
        "method": "points cards (every feature alone, in a few monotone bins) refitted on each "
        "set; all are judged on people that none had seen",
        "absent": [d for d in DOMAINS if d not in domains],
        **worth_refitted(people.y, margins, domains, samples),
        "kinds": prices_of_parts(people.y, whole, without, samples),
    }


@dataclass(frozen=True)
class _Refit:
    """Points cards read on people that they were not fitted to.

    ``parts`` are (rows to fit to, rows to read, where those stand among the people compared).
    """

    columns: tuple[Column, ...]
    features: pa.Table
    bad: NDArray[np.int64]
    parts: tuple[tuple[NDArray[Any], NDArray[Any], NDArray[Any]], ...]

    @classmethod
    def of(cls, session: Session, lake: Lake, people: _People, catalogue: Catalogue) -> _Refit:
        """Fitted to everybody observed before those compared; else fold by fold."""
        known = lake.query(
            "SELECT observation, as_of, outcome FROM observations JOIN outcomes "
            "USING (observation) WHERE outcome IN ('good', 'bad') ORDER BY observation"
        )
        numbers = known["observation"].to_numpy()
        bad = np.array([o == "bad" for o in known["outcome"].to_pylist()]).astype(np.int64)
        mine = np.searchsorted(numbers, people.seen["observation"].to_numpy())
        if "fold" in people.seen.column_names:
            fold = people.seen["fold"].to_numpy()
            parts = tuple(
                (mine[fold != k], mine[fold == k], np.flatnonzero(fold == k))
                for k in np.unique(fold)
            )
        else:
            before = known["as_of"].to_numpy() < np.min(people.seen["as_of"].to_numpy())
            parts = ((np.flatnonzero(before), mine, np.arange(len(mine))),)
        features = _at(lake.query("SELECT * FROM features ORDER BY observation"), numbers)
        columns = _telling(session, catalogue, _rows(features, parts[0][0]), bad[parts[0][0]])
        return cls(columns, features, bad, parts)

    def __call__(self, kept: Callable[[Column], bool]) -> Floats:
        """Log-odds of being good by a card of the columns that are ``kept``."""
        columns = tuple(column for column in self.columns if kept(column))
        margin = np.zeros(sum(len(place) for _, _, place in self.parts))
        for fitted, read, place in self.parts if columns else ():
            card = PointsCard(columns, n_inner_folds=2)
            card.fit(_rows(self.features, fitted), self.bad[fitted])
            margin[place] = -card.decision_function(_rows(self.features, read))
        return margin


def _rows(table: pa.Table, chosen: NDArray[Any]) -> pa.Table:
    import pyarrow as pa

    return table.take(pa.array(chosen))


def _telling(
    session: Session, catalogue: Catalogue, train: pa.Table, bad: NDArray[np.int64]
) -> tuple[Column, ...]:
    """The columns with the most information value among those that differ between people."""
    there = set(train.column_names)
    columns = tuple(
        column
        for column in catalogue.columns(session.workspace.attributes, "sesame")
        if column.name in there and len(train[column.name].unique()) > 1
    )
    return screened(columns, train, bad, np.ones(len(bad)), _COLUMNS)


# --- what people could do ---------------------------------------------------------------------


def _gaming(session: Session, lake: Lake, people: _People) -> list[dict[str, Any]]:
    """For a sample of people: what would raise each score, by how much, and after how long."""
    step = max(1, len(people.y) // _SAMPLE)
    numbers = people.seen["observation"].to_numpy()[::step][:_SAMPLE]
    looks = lake.query(
        "SELECT observation, subject, as_of, about_kind, about_source, about FROM observations "  # noqa: S608
        f"WHERE observation IN ({', '.join(map(str, numbers.tolist()))}) ORDER BY observation"
    )
    rows = []
    for name in ("sesame", "bureau"):
        found = offers_to(session, lake, name, looks)
        levers: dict[str, list[tuple[int, int, str]]] = {}
        for (_, offers), as_of in zip(found, looks["as_of"].to_pylist(), strict=False):
            for offer in offers:
                days = (offer.acts_by - as_of) // 86_400_000_000
                levers.setdefault(offer.lever, []).append((offer.points, days, offer.says))
        for lever, told in sorted(levers.items()):
            rows.append(
                {
                    "score": name,
                    "what": lever,
                    "says": told[0][2],
                    "people": len(found),
                    "offered_to": len(told),
                    "points_median": float(np.median([points for points, _, _ in told])),
                    "days_median": float(np.median([days for _, days, _ in told])),
                }
            )
    if len(people.rated) > 2:
        rows += _conduct_moves(people)
    return rows


def _conduct_moves(people: _People) -> list[dict[str, Any]]:
    """What praise buys under the rule book: the same for everybody, at once."""
    return [
        {
            "score": "conduct",
            "what": rule.name,
            "says": f"{rule.says}: the rule book says what it gives, whoever does it",
            "people": len(people.y),
            "offered_to": len(people.y),
            "points_median": float(rule.points),
            "days_median": 0.0,
        }
        for rule in rule_book().rules.values()
        if rule.points > 0
    ]


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

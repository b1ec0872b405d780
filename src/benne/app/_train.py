"""Train: fit the card of each family, and keep what its validation needs."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import benne
from benne.app._bundle import Bundle
from benne.app._catalogue import Catalogue, catalogue_of
from benne.app._refused import (
    admitted_rows,
    fit,
    learnt,
    refused_table,
    risk_of_scores,
    told_of_refused,
    words_of_refused,
)
from benne.app._rows import read_rows
from benne.app._screening import Screened
from benne.app._segments import segments_of, tested
from benne.app._training import (
    Floats,
    Ints,
    Learn,
    Rows,
    Unseen,
    demand_enough,
    outer_folds,
    scored,
    time_cut,
    unseen,
    unseen_margin,
)
from benne.kernel import InvalidInput, Json, Unavailable, iso, parse_instant
from benne.models import AdditiveModel, Artefact, Column, unrestricted
from benne.scores import (
    EnoughEvidence,
    Family,
    family,
    scorability_thresholds,
    with_thresholds,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app.stores import Lake, Progress
    from benne.app.wiring import Session


_MANY_ROWS, _MANY_COLUMNS = 20_000, 100
"""From here on, three folds do: there are rows enough to see, or fits that take long."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What train made, for a person to read."""

    families: tuple[tuple[str, str, int, int], ...]
    refused: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """A line a family, and what is known of those who were refused."""
        for name, artefact, rows, bad in self.families:
            yield (
                f"{name}: card {artefact[:12]}, fitted to {rows:,} observations, "
                f"{bad:,} of them bad"
            )
        yield from self.refused


def train(session: Session, tell: Progress) -> Trained:
    """Fit every family that the workspace asks for, and store what its report needs.

    Raises:
        NotFound: features were not computed yet.
        InvalidInput: too few observations with a known outcome.
        Unavailable: the machine lacks a library that the learners need.
    """
    _demand_lightgbm()
    permit = session.permit("model_building")
    permit.demand(at=session.clock())
    families = [family(name) for name in session.workspace.model.families]
    with session.lake() as lake:
        rows = read_rows(session, lake)
        demand_enough(rows)
        catalogue = catalogue_of(session.workspace, lake.versions(), permit)
        made: list[tuple[str, str, int, int]] = []
        said: list[str] = []
        for kind in families:
            bundle = _train_family(session, lake, rows, catalogue, kind, tell)
            bundle.write(session.workspace.models)
            made.append((kind.name, bundle.artefact.hash, len(rows), int(rows.bad.sum())))
            said += words_of_refused(kind.name, bundle.trained["refused"])
    return Trained(tuple(made), tuple(said))


def _demand_lightgbm() -> None:
    """Its wheel brings all but the runtime of OpenMP, which a small machine may lack."""
    try:
        importlib.import_module("lightgbm")
    except OSError as error:
        raise Unavailable(
            f"training needs LightGBM, and LightGBM the runtime of OpenMP ({error}); install it: "
            "apt-get install libgomp1 on Debian, libgomp on Fedora, libomp on macOS."
        ) from error


def _train_family(
    session: Session,
    lake: Lake,
    rows: Rows,
    catalogue: Catalogue,
    kind: Family,
    tell: Progress,
) -> Bundle:
    """One family: nested folds, out of time, the alternatives, and the card on all rows."""
    import pyarrow as pa

    columns = _used(catalogue.columns(session.workspace.attributes, kind.name), rows, kind)
    factors = catalogue.factors() if kind.dimension == "factor" else None
    settings = session.workspace.model
    fold = outer_folds(rows, _folds(rows, len(columns), settings.folds), seed=settings.seed)
    model = model_maker(session, catalogue, columns, kind)
    step = f"{kind.name}: fold by fold"
    refused, rows = rows.refused, admitted_rows(rows, settings)

    def learn(part: Rows, **changed: Any) -> Any:
        return fit(partial(model, **changed), part, settings)

    apart, theirs = unseen(
        learn, rows, fold, kind, factors, lambda n, of: tell(step, n, of), refused=refused
    )
    held, why = _out_of_time(session, rows, learn, kind, factors, tell)
    rivals = _alternatives(session, rows, fold, learn, columns, kind, tell)
    tell(f"{kind.name}: the card", 0, None)
    told = learnt(rows, model, settings)
    final = fit(partial(model, withheld=True), told.rows, settings)
    lake.write_table(f"unseen_{kind.name}", _unseen_table(rows, fold, apart, rivals))
    lake.write_table(f"unseen_refused_{kind.name}", refused_table(refused, theirs, told))
    lake.write_table(f"out_of_time_{kind.name}", held)
    lake.write_table(f"out_of_time_{kind.name}_why", pa.table({"why": [why]}))
    counts = _counts(lake, rows)
    rule, study = _scorable(session, kind, counts, apart, rows)
    default = risk_of_scores(
        rows, apart, theirs, told, family=kind.name, outcome=session.workspace.outcome.says
    )
    return Bundle(
        family=kind,
        artefact=final.artefact_,
        scorable=rule,
        default=default,
        factors=factors,
        trained=_told(final.artefact_, rows, fold, settings.seed, study)
        | {"refused": told_of_refused(
            settings, rows=rows, apart=apart, refused=refused, theirs=theirs, told=told,
            default=default)},
    )  # fmt: skip


def model_maker(
    session: Session, catalogue: Catalogue, columns: tuple[Column, ...], kind: Family
) -> Callable[..., Screened]:
    """A function that makes the model as the workspace states it, but for what is ``changed``."""
    settings = session.workspace.model
    names = {column.name for column in columns}
    segments = segments_of(settings.segments, catalogue, names, kind.name)

    def model(*, withheld: bool = False, **changed: Any) -> Screened:
        stated: dict[str, Any] = {
            "form": settings.form,
            "learner": settings.learner,
            "monotone": settings.monotone,
            "segments": segments,
            "tolerance": settings.tolerance,
            "n_inner_folds": 3 if len(columns) >= _MANY_COLUMNS else None,
            "random_state": settings.seed,
            "n_threads": session.threads,
        } | changed

        def make(chosen: tuple[Column, ...]) -> AdditiveModel:
            apart = _withheld(session, chosen) if withheld else ()
            return AdditiveModel(chosen, withheld=apart, **stated)

        return Screened(columns, settings.features_at_most, make, tested(segments))

    return model


def _told(artefact: Artefact, rows: Rows, fold: Ints, seed: int, study: Json) -> dict[str, Json]:
    """How the card came about, as the bundle keeps it."""
    return {
        "rows": len(rows),
        "bad": int(rows.bad.sum()),
        "columns": [column.name for column in artefact.columns],
        "folds": int(fold.max()) + 1,
        "seed": seed,
        "benne": benne.__version__,
        "python": platform.python_version(),
        "chosen": artefact.about.get("decks"),
        "scorability": study,
    }


def _folds(rows: Rows, columns: int, stated: int | None) -> int:
    """How many outer folds: no more than there are people with a bad outcome, or without."""
    wanted = stated or (3 if len(rows) >= _MANY_ROWS or columns >= _MANY_COLUMNS else 5)
    size = int(rows.subject.max()) + 1
    bad = np.bincount(rows.subject, weights=rows.bad, minlength=size) > 0
    return int(max(2, min(wanted, bad.sum(), (~bad).sum())))


def _used(columns: tuple[Column, ...], rows: Rows, kind: Family) -> tuple[Column, ...]:
    """The columns that say something: not null for all, not the same for all."""
    import pyarrow.compute as pc

    there = set(rows.features.column_names)
    used = tuple(
        column
        for column in columns
        if column.name in there and len(pc.unique(rows.features[column.name])) > 1
    )
    if not used:
        raise InvalidInput(
            f"the {kind.name} score has no feature that differs between people; "
            "bring evidence that it reads, or leave the family out of [model] families."
        )
    return used


def _withheld(session: Session, columns: tuple[Column, ...]) -> tuple[tuple[str, ...], ...]:
    """The sets of domains to refit without, of those that the workspace names and has."""
    there = {column.domain for column in columns}
    return tuple(
        tuple(domain for domain in asked if domain in there)
        for asked in session.workspace.model.withheld
        if there - set(asked) and there & set(asked)
    )


def _out_of_time(
    session: Session,
    rows: Rows,
    learn: Learn,
    kind: Family,
    factors: dict[str, str] | None,
    tell: Progress,
) -> tuple[pa.Table, str]:
    """Rows observed after a cut, scored by a card fitted to those before it; or none, and why."""
    import pyarrow as pa

    settings = session.workspace.model
    stated = parse_instant(settings.out_of_time_from) if settings.out_of_time_from else None
    cut, why = time_cut(rows.as_of, stated)
    names = ("observation", "log_odds", "score")
    none = pa.table({name: np.array([]) for name in names})
    if cut is None:
        return none, why
    earlier, later = rows.before(cut), rows.take(np.flatnonzero(rows.as_of >= cut))
    few = min(*(np.bincount(part.bad, minlength=2).min() for part in (earlier, later)))
    if few < 10:
        return none, f"fewer than 10 bad or good observations on one side of {iso(cut)}"
    tell(f"{kind.name}: out of time", 0, None)
    margin, made = scored(learn(earlier), later.features, kind, factors)
    columns = {"observation": later.observation, "log_odds": margin, "score": made.score}
    return pa.table(columns), ""


def _alternatives(
    session: Session,
    rows: Rows,
    fold: Ints,
    learn: Callable[..., Any],
    columns: tuple[Column, ...],
    kind: Family,
    tell: Progress,
) -> dict[str, Floats]:
    """Log-odds of being good, out of fold, of what the score could have been without a limit."""
    settings = session.workspace.model
    if not settings.prices or kind.name != "sesame":
        return {}
    tried: dict[str, Learn] = {}
    if settings.form == "strict" and len({column.domain for column in columns}) > 1:
        tried["paired"] = partial(learn, form="paired")
    if settings.monotone and any(column.direction for column in columns):
        tried["not_monotone"] = partial(learn, monotone=False)
    if settings.tolerance:
        tried["whole"] = partial(learn, tolerance=0.0)
    tell(f"{kind.name}: the prices", 0, len(tried) + 1)
    features = rows.features.select([column.name for column in columns])
    found = {
        "unrestricted": -unrestricted(
            features,
            rows.bad,
            columns,
            fold,
            sample_weight=rows.weight,
            random_state=settings.seed,
        )
    }
    for name, changed in tried.items():
        tell(f"{kind.name}: the prices", len(found), len(tried) + 1)
        found[name] = unseen_margin(changed, rows, fold)
    tell(f"{kind.name}: the prices", len(found), len(found))
    return found


def _unseen_table(rows: Rows, fold: Ints, apart: Unseen, rivals: dict[str, Floats]) -> pa.Table:
    import pyarrow as pa

    columns: dict[str, Any] = {
        "observation": rows.observation,
        "fold": fold,
        "log_odds": apart.log_odds,
        "score": apart.score,
        "base_points": apart.base,
    }
    for position in range(apart.dimensions.shape[1]):
        columns[f"dimension_{position}"] = apart.dimensions[:, position]
    return pa.table({**columns, **{f"rival_{name}": margin for name, margin in rivals.items()}})


def _counts(lake: Lake, rows: Rows) -> dict[str, Ints]:
    """How much evidence each row's person had, in the order of the rows."""
    table = lake.query("SELECT observation, records, sources, span_days FROM counts")
    order = np.argsort(table["observation"].to_numpy())
    numbers = table["observation"].to_numpy()[order]
    place = order[np.searchsorted(numbers, rows.observation)]
    return {
        name: table[name].to_numpy().astype(np.int64)[place]
        for name in ("records", "sources", "span_days")
    }


def _scorable(
    session: Session, kind: Family, counts: dict[str, Ints], apart: Unseen, rows: Rows
) -> tuple[Any, Json]:
    """Who can be scored: as the family, the training folds or the workspace say."""
    if not isinstance(kind.scorable, EnoughEvidence):
        return kind.scorable, None
    stated = session.workspace.score
    sources = stated.minimum_sources
    if sources is None:
        sources = min(kind.scorable.sources, int(counts["sources"].max()))
    study = scorability_thresholds(
        counts["records"],
        counts["sources"],
        counts["span_days"],
        probability_bad=1.0 / (1.0 + np.exp(apart.log_odds)),
        bad=rows.bad,
        minimum_sources=sources,
    )
    rule = with_thresholds(
        study.rule, records=stated.minimum_records, span_days=stated.minimum_days
    )
    return rule, {"holds": study.holds, "slices": len(study.by_records)}

"""The validation of a trained family: what its report says, gathered from the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import benne
from benne.app._bundle import Bundle, read_bundle
from benne.app._catalogue import Catalogue, catalogue_of
from benne.app._turned import turned_of
from benne.kernel import NotFound
from benne.models import Table
from benne.monitoring import FeatureTable, Held, States, Turned, ValidationInputs, validate
from benne.scores import CreditFile, card_text, missing_evidence

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app.settings import Workspace
    from benne.app.stores import Lake
    from benne.app.wiring import Session

_ALTERNATIVES = ("paired", "unrestricted", "not_monotone", "whole")
THICKNESS = ((0, "no record"), (1, "1 to 4 records"), (5, "5 to 9"), (10, "10 to 19"),
             (20, "20 to 49"), (50, "50 and more"))  # fmt: skip
"""How people are grouped by how much is known of them: the least count of each group."""

_DELAYS = ((0, "current"), (1, "1 to 29 days"), (30, "30 to 59"), (60, "60 to 89"),
           (90, "90 and more"))  # fmt: skip
DEFAULT_CUTOFF = {"sesame": 600, "bureau": 670}


def validation(session: Session, lake: Lake, name: str) -> dict[str, Any]:
    """Everything that the report of family ``name`` says, as plain JSON values.

    Raises:
        NotFound: the family was not trained.
    """
    bundle = read_bundle(session.workspace.models, name)
    if f"unseen_{name}" not in lake.tables():
        raise NotFound(f"the lake has no validation of {name}; benne train makes it.")
    seen = with_people(lake, lake.table(f"unseen_{name}"))
    catalogue = catalogue_of(session.workspace, lake.versions(), session.permit("model_building"))
    features = _rows_of(lake, "features", seen)
    counts = _rows_of(lake, "counts", seen)
    rule = bundle.scorable
    enough = _enough(rule, counts, features)
    score = np.where(enough, seen["score"].to_numpy().astype(np.float64), np.nan)
    dimensions = np.column_stack([seen[f"dimension_{i}"].to_numpy() for i in range(5)])
    rivals = [c for c in seen.column_names if c.startswith("rival_")]
    comparator, comparator_name = _comparator(lake, name, seen)
    held, held_why = _held(lake, name)
    turned = turned_of(lake, bundle, seen, score, lambda rows: scorable_rows(lake, rule, rows))
    return validate(
        ValidationInputs(
            y=_bad(seen),
            score=score,
            log_odds=seen["log_odds"].to_numpy(),
            weight=_weights(seen),
            fold=seen["fold"].to_numpy(),
            subject=_codes(seen["subject"]),
            out_of_fold=True,
            as_of=seen["as_of"].to_numpy(),
            bad_at=_bad_at(seen),
            observed_until=int(max(seen["known_at"].to_pylist())),
            domain_contributions=dimensions,
            domains=bundle.family.dimension_names,
            base=seen["base_points"].to_numpy(),
            thickness=_thickness(counts),
            thickness_order=[words for _, words in THICKNESS],
            feature_tables=_tables(bundle, catalogue, features),
            states=_states(lake),
            out_of_time=held,
            out_of_time_why=held_why,
            turned=turned if isinstance(turned, Turned) else None,
            turned_why=turned if isinstance(turned, str) else "",
            comparator=comparator,
            comparator_name=comparator_name,
            cutoff=float(session.workspace.report.cutoff or DEFAULT_CUTOFF[name]),
            groups=groups_of(lake, seen, catalogue, features, session.workspace.report.age_groups),
            alternatives={c.removeprefix("rival_"): seen[c].to_numpy() for c in rivals},
            alternatives_why=_no_price(session.workspace, name, rivals),
            **_words(session, lake, bundle, catalogue),
            limits=_limits(bundle, held_why, turned if isinstance(turned, Turned) else None),
        )
    )


def _words(session: Session, lake: Lake, bundle: Bundle, catalogue: Catalogue) -> dict[str, Any]:
    """What the report says beside its numbers, as ``ValidationInputs`` takes it."""
    workspace = session.workspace
    return {
        "band_edges": [band.lowest for band in bundle.family.bands[1:]],
        "band_names": [band.name.replace("_", " ") for band in bundle.family.bands],
        "family": bundle.family.name,
        "workspace": workspace.workspace.name,
        "made_with": _made_with(bundle),
        "lawful_basis": f"{workspace.lawful_basis.basis}: {workspace.lawful_basis.statement}",
        "outcome_definition": workspace.outcome.says,
        "population": {"says": workspace.workspace.says, "scorable_rule": bundle.scorable.says},
        "evidence": _evidence(lake, catalogue),
        "card": card_text(
            bundle.artefact,
            bundle.family,
            features={feature.name: feature for feature in catalogue.features},
            factors=bundle.factors,
        ),
    }


def _rows_of(lake: Lake, table: str, seen: pa.Table) -> pa.Table:
    """The rows of the lake's ``table`` that belong to those of ``seen``."""
    import pyarrow as pa

    found = lake.table(table)
    place = np.searchsorted(found["observation"].to_numpy(), seen["observation"].to_numpy())
    return found.take(pa.array(place))


def with_people(lake: Lake, scores: pa.Table) -> pa.Table:
    """``scores`` with who was observed, and what became of them."""
    for table, names in (
        ("observations", ("subject", "as_of", "weight")),
        ("outcomes", ("outcome", "known_at", "bad_at")),
    ):
        rows = _rows_of(lake, table, scores)
        for name in names:
            scores = scores.append_column(name, rows[name])
    return scores


def _bad(seen: pa.Table) -> NDArray[np.float64]:
    known = {"bad": 1.0, "good": 0.0}
    return np.array([known.get(outcome, np.nan) for outcome in seen["outcome"].to_pylist()])


def _bad_at(seen: pa.Table) -> NDArray[np.int64] | None:
    """When each went bad, 0 where never; ``None`` where the outcome does not tell."""
    if seen["bad_at"].null_count == seen.num_rows:
        return None
    moments: NDArray[np.int64] = seen["bad_at"].fill_null(0).to_numpy()
    return moments


def _weights(seen: pa.Table) -> NDArray[np.float64] | None:
    weight = seen["weight"].to_numpy(zero_copy_only=False).astype(np.float64)
    return None if np.isnan(weight).all() else np.where(np.isnan(weight), 1.0, weight)


def _codes(column: pa.ChunkedArray) -> NDArray[np.int64]:
    codes: NDArray[np.int64] = column.combine_chunks().dictionary_encode().indices.to_numpy()
    return codes.astype(np.int64)


def _enough(rule: Any, counts: pa.Table, features: pa.Table) -> NDArray[np.bool_]:
    names = (
        ["credit_file_oldest_account_days", "credit_file_last_report_days"]
        if isinstance(rule, CreditFile)
        else ["records", "sources", "span_days"]
    )
    table = features if isinstance(rule, CreditFile) else counts
    there = [name for name in names if name in table.column_names]
    rows = table.select(there).to_pylist()
    return np.array([not missing_evidence(rule, row) for row in rows], dtype=bool)


def scorable_rows(lake: Lake, rule: Any, seen: pa.Table) -> NDArray[np.bool_]:
    """Of whom in ``seen`` enough is known for a score under ``rule``, shape ``(n,)``."""
    return _enough(rule, _rows_of(lake, "counts", seen), _rows_of(lake, "features", seen))


def _thickness(counts: pa.Table) -> list[str]:
    starts = np.array([start for start, _ in THICKNESS])
    place = np.searchsorted(starts, counts["records"].to_numpy(), side="right") - 1
    return [THICKNESS[i][1] for i in place]


def _tables(bundle: Bundle, catalogue: Catalogue, features: pa.Table) -> list[FeatureTable]:
    """Every table of every card, with what it earned on the people of that card, in points."""
    says = {feature.name: feature for feature in catalogue.features}
    found = bundle.artefact.contributions(features)
    cards = bundle.artefact.cards
    per_point = bundle.family.scale.pdo / np.log(2) / 1e6
    made = []
    for position, card in enumerate(cards):
        mine = np.flatnonzero(found.card == position)
        own = features.take(mine)
        for table in card.tables:
            points = found.term_micro[mine, found.terms.index(table.name)] * per_point
            first, *others = (axis.feature for axis in table.axes)
            known = says.get(first)
            made.append(
                FeatureTable(
                    name=first if len(cards) == 1 else f"{first} ({card.name})",
                    values=_values(own[first]),
                    points=points,
                    domain=_dimension(bundle, table),
                    says=known.says if known else first,
                    unit=known.unit if known else "",
                    specials=_specials(bundle, first),
                    other=_values(own[others[0]]) if others else None,
                    other_name=others[0] if others else "",
                    rows=mine if len(cards) > 1 else None,
                )
            )
    return sorted(made, key=_spread, reverse=True)


def _spread(table: FeatureTable) -> float:
    """The points between the best and the worst row of a table."""
    points = np.asarray(table.points, dtype=np.float64)
    return float(np.ptp(points)) if len(points) else 0.0


def _dimension(bundle: Bundle, table: Table) -> str:
    if bundle.factors is not None:
        return " and ".join(dict.fromkeys(bundle.factors[axis.feature] for axis in table.axes))
    return " and ".join(table.domains)


def _specials(bundle: Bundle, feature: str) -> Sequence[float]:
    return next(c.specials for c in bundle.artefact.columns if c.name == feature)


def _values(column: pa.ChunkedArray) -> Any:
    import pyarrow as pa

    if pa.types.is_string(column.type):
        return np.array(column.to_pylist(), dtype=object)
    return column.to_numpy(zero_copy_only=False).astype(np.float64)


def _comparator(lake: Lake, name: str, seen: pa.Table) -> tuple[Any, str]:
    """Another score of the same people: the other family's, else the unrestricted rival's."""
    other = "bureau" if name == "sesame" else "sesame"
    if f"unseen_{other}" in lake.tables():
        found = lake.table(f"unseen_{other}")
        scores = dict(
            zip(found["observation"].to_pylist(), found["score"].to_pylist(), strict=True)
        )
        return [scores.get(n, np.nan) for n in seen["observation"].to_pylist()], f"{other} score"
    if "rival_unrestricted" in seen.column_names:
        return seen["rival_unrestricted"].to_numpy(), "unrestricted gradient boosting"
    return None, ""


def _held(lake: Lake, name: str) -> tuple[Held | None, str]:
    table = lake.table(f"out_of_time_{name}")
    if not table.num_rows:
        return None, str(lake.table(f"out_of_time_{name}_why")["why"][0])
    table = with_people(lake, table)
    log_odds = table["log_odds"].to_numpy()
    return Held(
        y=_bad(table),
        score=table["score"].to_numpy(),
        pd=1 / (1 + np.exp(log_odds)),
        subject=_codes(table["subject"]),
        as_of=table["as_of"].to_numpy(),
    ), ""


def _states(lake: Lake) -> States | None:
    """Each account's delay at the end of each month that a statement speaks of."""
    if not lake.versions().get("statement"):
        return None
    table = lake.query(
        "SELECT source || ':' || account AS entity, days_past_due, "
        "year(make_timestamp(period_end)) * 12 + month(make_timestamp(period_end)) AS period "
        "FROM evidence_statement WHERE superseded_at = 9223372036854775807 "
        "AND cause <> 'retraction' AND days_past_due IS NOT NULL"
    )
    if not table.num_rows:
        return None
    starts = np.array([start for start, _ in _DELAYS])
    names = np.array([words for _, words in _DELAYS])
    place = np.searchsorted(starts, table["days_past_due"].to_numpy(), side="right") - 1
    return States(
        entity=_codes(table["entity"]),
        period=table["period"].to_numpy(),
        state=names[place],
        order=[words for _, words in _DELAYS],
    )


def groups_of(
    lake: Lake,
    seen: pa.Table,
    catalogue: Catalogue,
    features: pa.Table,
    ages: tuple[int, ...],
) -> Mapping[str, Any]:
    """The held-apart groups of each row, and age in bands."""
    found: dict[str, Any] = {}
    if "groups" in lake.tables():
        table = _rows_of(lake, "groups", seen)
        for name in table.column_names:
            values = table[name].to_pylist()
            if name != "observation" and len(set(values) - {None}) > 1:
                found[name] = [value if value is not None else "not stated" for value in values]
    there = set(features.column_names)
    for feature in catalogue.features:
        if "age" in feature.tags and feature.unit == "years" and feature.name in there:
            found["age"] = _age_bands(_values(features[feature.name]), ages)
            break
    return found


def _age_bands(years: NDArray[np.float64], edges: tuple[int, ...]) -> list[str]:
    names = [f"under {edges[0]}"]
    names += [f"{low} to {high - 1}" for low, high in pairwise(edges)]
    names.append(f"{edges[-1]} and over")
    place = np.searchsorted(np.array(edges), years, side="right")
    return [
        "not stated" if np.isnan(year) else names[i] for year, i in zip(years, place, strict=True)
    ]


def _no_price(workspace: Workspace, name: str, tried: Sequence[str]) -> dict[str, str]:
    """Why an alternative was not tried."""
    if not workspace.model.prices:
        why = "the workspace asks for no prices ([model] prices = false)"
        return dict.fromkeys(_ALTERNATIVES, why)
    if name != "sesame":
        why = "the prices are worked out for the sesame score"
        return dict.fromkeys(_ALTERNATIVES, why)
    whys = {
        "paired": "the score is paired already, or its features are of one domain",
        "not_monotone": "no feature has an expected direction, or the score is not held to it",
        "whole": "the card is not shortened ([model] tolerance = 0)",
    }
    return {key: why for key, why in whys.items() if f"rival_{key}" not in tried}


def _made_with(bundle: Bundle) -> dict[str, Any]:
    trained = bundle.trained
    return {
        "benne": benne.__version__,
        "artefact": bundle.artefact.hash,
        "form": bundle.artefact.form,
        "features": len(trained["columns"]),  # type: ignore[arg-type]
        "folds": trained["folds"],
        "seed": trained["seed"],
        "chosen": trained["chosen"],
        "scorability": trained["scorability"],
    }


def _evidence(lake: Lake, catalogue: Catalogue) -> dict[str, Any]:
    """What the score rests on: versions by kind, where ``known_at`` came from, what failed."""
    batches = lake.query(
        "SELECT coalesce(sum(versions_new), 0) AS new, "
        "coalesce(sum(versions_new) FILTER (historical), 0) AS stated, "
        "coalesce(sum(rows_read), 0) AS rows, coalesce(sum(rows_quarantined), 0) AS aside "
        "FROM batches WHERE status = 'kept'"
    ).to_pylist()[0]
    found = lake.query("SELECT code, count(*) AS n FROM findings GROUP BY code ORDER BY code")
    new = int(batches["new"])
    return {
        "rows_read": int(batches["rows"]),
        "rows_quarantined": int(batches["aside"]),
        "versions": lake.versions(),
        "share_known_at_stated": float(batches["stated"]) / new if new else None,
        "findings": dict(zip(found["code"].to_pylist(), found["n"].to_pylist(), strict=True)),
        "left_out_features": [{"name": name, "why": why} for name, why in catalogue.left_out],
    }


def _limits(bundle: Bundle, held_why: str, turned: Turned | None) -> list[str]:
    limits = [
        "Every figure comes from folds that did not see the person; the issued card is fitted to "
        "all rows.",
        "The outcome is known for those who were observed; of people who were refused, nothing is "
        "known here."
        if turned is None
        else f"{len(np.asarray(turned.score)):,} people were refused, and no outcome is known of "
        "them: every bad rate said of them is a claim, and below the lowest admitted score "
        "nothing supports it.",
    ]
    study = bundle.trained.get("scorability")
    if isinstance(study, dict) and not study.get("holds"):
        limits.append(
            "No amount of evidence was found from which discrimination and calibration hold at "
            "95 %; the line for a score stands at the thickest files that there are."
        )
    if held_why:
        limits.append(f"Not tested out of time: {held_why}.")
    return limits

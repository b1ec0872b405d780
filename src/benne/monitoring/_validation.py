"""All that is known about a score, as one plain value: what ``validation.json`` holds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from benne.kernel import InvalidInput, iso
from benne.monitoring._calibration import (
    brier,
    by_group,
    calibration_curve,
    calibration_error,
    calibration_line,
)
from benne.monitoring._cohorts import roll_rates, vintage_curves, vintages
from benne.monitoring._coverage import coverage
from benne.monitoring._fairness import fairness
from benne.monitoring._features import table_plot
from benne.monitoring._figures import Facts, Floats, Why, figures, floats, outcomes, weights
from benne.monitoring._ranking import (
    INTERVAL,
    auc,
    auc_difference,
    codes_of,
    discrimination,
    gains,
    roc,
)
from benne.monitoring._refused import refused
from benne.monitoring._stability import stability
from benne.monitoring._tables import band_names, band_of, distribution, swap, tradeoff
from benne.monitoring._validation_inputs import PRICES, ValidationInputs
from benne.monitoring._worth import domain_worth

SCHEMA = 1


def validate(inputs: ValidationInputs) -> Facts:
    """All figures that ``inputs`` can give, as the value of ``validation.json`` (``Validation``).

    Raises:
        InvalidInput: an array has another length than ``y``, or holds what cannot be.
    """
    _lengths(inputs)
    y, score, weight, subject = inputs.y, inputs.score, inputs.weight, inputs.subject
    pd = _promised(inputs)
    facts: Facts = {"schema": SCHEMA, "family": inputs.family}
    facts |= figures(
        workspace=inputs.workspace or Why("the workspace has no name"),
        made_with=inputs.made_with or Why("the build said nothing about itself"),
        lawful_basis=inputs.lawful_basis or Why("no lawful basis was stated"),
        population=_population(inputs),
        outcome=_outcome(inputs),
    )
    facts |= discrimination(y, score, weight=weight, subject=subject)
    facts |= {"auc_interval": INTERVAL, "auc_on": "the issued score"}
    facts |= {"out_of_fold": inputs.out_of_fold}
    facts |= _log_odds_auc(inputs)
    facts |= _calibration_figures(inputs, pd)
    facts |= _renamed("roc", "points", roc(y, score, weight=weight))
    facts |= figures(folds=_folds(inputs, pd), out_of_time=_out_of_time(inputs))
    facts["calibration"] = _calibration(inputs, pd)
    facts["distribution"] = distribution(
        y, score, edges=inputs.band_edges, names=inputs.band_names, weight=weight
    ) | _renamed(
        "cutoffs", "rows", tradeoff(y, score, cutoffs=_cutoffs(inputs), weight=weight)
    )  # fmt: skip
    facts |= _renamed("gains", "rows", gains(y, score, weight=weight))
    facts |= figures(swap=_swap(inputs)) | _domain_worth(inputs)
    facts |= figures(refused=_refused(inputs))
    facts["coverage"] = coverage(
        y, score, inputs.thickness, order=inputs.thickness_order, weight=weight, subject=subject
    )
    tables = [table_plot(table, y, weight=weight) for table in inputs.feature_tables]
    facts |= figures(
        features=tables or Why("no tables were given"),
        stability=_stability(inputs),
        fairness=_fairness(inputs, pd),
    )
    facts |= _prices(inputs)
    facts |= figures(
        card=inputs.card or Why("no card was given"),
        evidence=inputs.evidence or Why("nothing was said about the evidence"),
        limits=list(inputs.limits),
    )
    return facts


def _renamed(name: str, inner: str, facts: Facts) -> Facts:
    """``facts`` of one list under another name."""
    return {name + key.removeprefix(inner): value for key, value in facts.items()}


def _lengths(inputs: ValidationInputs) -> None:
    n = len(outcomes(inputs.y))
    given: dict[str, ArrayLike | None] = {
        name: getattr(inputs, name)
        for name in (
            "score", "log_odds", "pd", "weight", "fold", "subject", "as_of", "bad_at",
            "domain_contributions", "base", "thickness", "comparator",
        )
    }  # fmt: skip
    given |= {f"group {name}": values for name, values in inputs.groups.items()}
    given |= {f"alternative {name}": values for name, values in inputs.alternatives.items()}
    for name, values in given.items():
        if values is not None and len(np.asarray(values)) != n:
            raise InvalidInput(
                f"{name} must have one entry for each of the {n} outcomes in y;"
                f" got {len(np.asarray(values))}."
            )


def _scored_alone(inputs: ValidationInputs, name: str, values: ArrayLike) -> Floats:
    """``values`` of those who have a score, NaN for the others: no figure is about them."""
    return np.where(np.isnan(floats("score", inputs.score)), np.nan, floats(name, values))


def _promised(inputs: ValidationInputs) -> Floats | None:
    if inputs.pd is not None:
        return _scored_alone(inputs, "pd", inputs.pd)
    if inputs.log_odds is None:
        return None
    odds = np.clip(_scored_alone(inputs, "log_odds", inputs.log_odds), -700, 700)
    return np.asarray(1 / (1 + np.exp(odds)), dtype=np.float64)


def _population(inputs: ValidationInputs) -> Facts:
    y, score = outcomes(inputs.y), floats("score", inputs.score)
    heavy = weights(inputs.weight, len(y))
    facts = figures(
        observations=len(y),
        subjects=len(np.unique(codes_of(inputs.subject)))
        if inputs.subject is not None
        else Why("the observations name no subjects"),
        scored=int((~np.isnan(score)).sum()),
        outcomes_known=int((~np.isnan(y)).sum()),
        judged=int((~np.isnan(y) & ~np.isnan(score)).sum()),
        weighted=bool(len(heavy)) and bool(np.ptp(heavy) > 0),
    )
    timeless = Why("the observations have no instants")
    if inputs.as_of is not None and len(y):
        instants = np.asarray(inputs.as_of, dtype=np.int64)
        facts |= figures(**{"from": iso(int(instants.min())), "to": iso(int(instants.max()))})
    else:
        facts |= figures(**{"from": timeless, "to": timeless})
    return facts | figures(**dict(inputs.population))


def _outcome(inputs: ValidationInputs) -> Facts:
    y = outcomes(inputs.y)
    heavy = weights(inputs.weight, len(y))
    known = ~np.isnan(y) & (heavy > 0)
    timeless = Why("the observations have no instants")
    vintage: Any = timeless
    curves: Any = Why("when an observation went bad was not given")
    if inputs.as_of is not None:
        vintage = _inner("rows", vintages(y, inputs.as_of, weight=inputs.weight))
        if inputs.bad_at is not None and inputs.observed_until is not None:
            until = inputs.observed_until
            found = vintage_curves(inputs.as_of, inputs.bad_at, observed_until=until)
            curves = _inner("curves", found)
    states = inputs.states
    rolls: Any = Why("the evidence holds no monthly states of accounts")
    if states is not None:
        rolls = roll_rates(states.entity, states.period, states.state, states=states.order)
    return figures(
        definition=inputs.outcome_definition or Why("the outcome was given without a definition"),
        counts={
            "bad": int((y[known] == 1).sum()),
            "good": int((y[known] == 0).sum()),
            "unknown": len(y) - int(known.sum()),
        },
        bad_rate=np.average(y[known], weights=heavy[known])
        if known.any()
        else Why("no outcome is known"),
        vintages=vintage,
        vintage_curves=curves,
        roll_rates=rolls,
    )


def _inner(name: str, facts: Facts) -> Any:
    """The list in ``facts``, or why there is none."""
    return facts[name] if facts[name] is not None else Why(facts[f"{name}_why"])


def _log_odds_auc(inputs: ValidationInputs) -> Facts:
    if inputs.log_odds is None:
        return figures(auc_of_log_odds=Why("the log-odds were not given"))
    odds = _scored_alone(inputs, "log_odds", inputs.log_odds)
    area = auc(inputs.y, odds, weight=inputs.weight)
    return {f"auc_of_log_odds{key.removeprefix('auc')}": value for key, value in area.items()
            if not key.startswith(("auc_low", "auc_high"))}  # fmt: skip


NO_PD = Why("neither promised risks nor log-odds were given")


def _calibration_figures(inputs: ValidationInputs, pd: Floats | None) -> Facts:
    if pd is None:
        return figures(brier=NO_PD, brier_of_base_rate=NO_PD, brier_skill=NO_PD) | figures(
            calibration_error=NO_PD
        )
    return brier(inputs.y, pd, weight=inputs.weight) | calibration_error(
        inputs.y, pd, weight=inputs.weight
    )


def _calibration(inputs: ValidationInputs, pd: Floats | None) -> Facts:
    if pd is None:
        return figures(
            curve=NO_PD, intercept=NO_PD, slope=NO_PD, in_the_large=NO_PD, bands=NO_PD,
            jeffreys_holm=NO_PD,
        )  # fmt: skip
    names = inputs.band_names or band_names(inputs.band_edges)
    bands = by_group(
        inputs.y, pd, band_of(inputs.score, inputs.band_edges), names, weight=inputs.weight
    )
    tested = [band for band in bands if band["p"] is not None]
    return {
        **_renamed("curve", "bins", calibration_curve(inputs.y, pd, weight=inputs.weight)),
        **calibration_line(inputs.y, pd, weight=inputs.weight),
        "bands": bands,
        **figures(jeffreys_holm=_verdict(tested) if tested else Why("no band can be tested")),
    }


def _verdict(bands: Sequence[Facts]) -> Facts:
    """The family of tests read as one: does any band promise less risk than was seen?"""
    return {
        "level": 0.05,
        "tested": len(bands),
        "smallest_p_holm": min(band["p_holm"] for band in bands),
        "understated_bands": [band["name"] for band in bands if band["understated"]],
        "seen_rates_fall_with_the_band": all(
            low["seen"] >= high["seen"] for low, high in pairwise(bands)
        ),
    }


def _folds(inputs: ValidationInputs, pd: Floats | None) -> Any:
    if inputs.fold is None:
        return Why("the observations were not put in folds")
    y, score = outcomes(inputs.y), floats("score", inputs.score)
    heavy, fold = weights(inputs.weight, len(y)), np.asarray(inputs.fold)
    fold = fold if fold.dtype.kind in "iuf" else fold.astype(str)
    who = np.arange(len(y)) if inputs.subject is None else np.asarray(inputs.subject)
    rows = []
    for name in np.unique(fold):
        here = np.asarray(fold == name)
        known = here & ~np.isnan(y) & ~np.isnan(score)
        row = figures(fold=str(name), observations=int(known.sum()), bads=int(y[known].sum()))
        row |= discrimination(y[here], score[here], weight=heavy[here], subject=who[here])
        if pd is None:
            row |= figures(brier=NO_PD, calibration_error=NO_PD)
        else:
            row |= brier(y[here], pd[here], weight=heavy[here])
            row |= calibration_error(y[here], pd[here], weight=heavy[here])
        rows.append(row)
    return rows or Why("there is no observation")


def _out_of_time(inputs: ValidationInputs) -> Any:
    held = inputs.out_of_time
    if held is None:
        return Why(inputs.out_of_time_why or "no later observations were held out")
    y = outcomes(held.y)
    facts = figures(observations=len(y), bads=int(np.nansum(y)))
    facts |= discrimination(held.y, held.score, weight=held.weight, subject=held.subject)
    if held.pd is None:
        facts |= figures(brier=NO_PD, calibration_error=NO_PD, in_the_large=NO_PD, slope=NO_PD)
    else:
        facts |= brier(held.y, held.pd, weight=held.weight)
        facts |= calibration_error(held.y, held.pd, weight=held.weight)
        facts |= calibration_line(held.y, held.pd, weight=held.weight)
    timeless = Why("the held-out observations have no instants")
    if held.as_of is None or not len(y):
        return facts | figures(**{"from": timeless, "to": timeless})
    instants = np.asarray(held.as_of, dtype=np.int64)
    return facts | figures(**{"from": iso(int(instants.min())), "to": iso(int(instants.max()))})


def _cutoffs(inputs: ValidationInputs) -> list[float]:
    return sorted({float(inputs.cutoff), *(float(edge) for edge in inputs.band_edges)})


def _swap(inputs: ValidationInputs) -> Any:
    if inputs.comparator is None:
        return Why("there is no other score to compare with")
    table = swap(
        inputs.y,
        inputs.score,
        inputs.comparator,
        cutoff=inputs.cutoff,
        comparator_cutoff=inputs.comparator_cutoff,
        weight=inputs.weight,
    )
    named = {"comparator": inputs.comparator_name or "comparator", **table}
    paired = auc_difference(
        inputs.y, inputs.comparator, inputs.score, weight=inputs.weight, subject=inputs.subject
    )
    return named | _renamed("auc_gain", "difference", paired)


def _domain_worth(inputs: ValidationInputs) -> Facts:
    """The share of each domain by name, and all that is known of it."""
    if inputs.domain_contributions is None:
        ungiven = Why("the domains' contributions were not given")
        return figures(domain_worth=ungiven, domain_worth_detail=ungiven)
    judged = np.where(np.isnan(floats("score", inputs.score)), np.nan, outcomes(inputs.y))
    found = domain_worth(
        judged,
        inputs.domain_contributions,
        inputs.domains,
        base=inputs.base,
        weight=inputs.weight,
    )
    if found["domains"] is None:
        return figures(domain_worth=Why(found["domains_why"]), domain_worth_detail=found)
    shares = [
        figures(
            **{row["domain"]: row["share"] if row["share"] is not None else Why(row["share_why"])}
        )
        for row in found["domains"]
    ]
    flat = {key: value for share in shares for key, value in share.items()}
    return {"domain_worth": flat, "domain_worth_detail": found}


def _refused(inputs: ValidationInputs) -> Any:
    if inputs.turned is None:
        return Why(inputs.turned_why or "the observations do not say who was admitted")
    return refused(
        outcomes(inputs.y),
        floats("score", inputs.score),
        inputs.turned,
        edges=inputs.band_edges,
        names=inputs.band_names,
    )


def _stability(inputs: ValidationInputs) -> Any:
    if inputs.as_of is None:
        return Why("the observations have no instants")
    score = np.asarray(inputs.score, dtype=np.float64)
    measures: dict[str, ArrayLike] = {"score": score}
    if inputs.domain_contributions is not None:
        parts = np.asarray(inputs.domain_contributions, dtype=np.float64)
        measures |= {f"domain {name}": parts[:, i] for i, name in enumerate(inputs.domains)}
    measures |= {t.name: t.values for t in inputs.feature_tables if t.other is None}
    return stability(inputs.as_of, measures)


def _fairness(inputs: ValidationInputs, pd: Floats | None) -> Any:
    if not inputs.groups:
        return Why("no column is held apart in this workspace")
    columns = [
        {
            "column": name,
            **fairness(
                inputs.y, inputs.score, group, cutoff=inputs.cutoff, pd=pd, weight=inputs.weight
            ),
        }
        for name, group in inputs.groups.items()
    ]
    return {"cutoff": float(inputs.cutoff), "groups": columns}


def _prices(inputs: ValidationInputs) -> Facts:
    facts: Facts = {}
    for price, alternative in PRICES.items():
        other = inputs.alternatives.get(alternative)
        own = _scored_alone(
            inputs, "log_odds", inputs.score if inputs.log_odds is None else inputs.log_odds
        )
        if other is None:
            why = Why(
                inputs.alternatives_why.get(alternative)
                or f"the {alternative.replace('_', ' ')} alternative was not fitted"
            )
            facts |= figures(**{price: why})
            continue
        paired = auc_difference(inputs.y, own, other, weight=inputs.weight, subject=inputs.subject)
        facts |= {_price_key(price, key): value for key, value in paired.items()}
    return facts


def _price_key(price: str, key: str) -> str:
    return price + key.removeprefix("difference") if key[0] == "d" else f"{price}_{key}"

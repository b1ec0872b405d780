"""Risk appetite: what a merchant or lender can bear, turned into a threshold and caps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import benne
from benne.app._bundle import read_bundle
from benne.app._catalogue import catalogue_of
from benne.app._compare import held_out
from benne.app._features import feature_plan
from benne.app._report import Render
from benne.app._validation import scorable_rows, with_people
from benne.app.stores._files import read_whole, write_whole
from benne.decisions import (
    REST,
    Appetite,
    Bears,
    Honest,
    Infeasible,
    Plan,
    Sample,
    best_plan,
    frontier,
    grid_of,
    out_of_bag,
    read_appetite,
    stressed,
    swapped,
)
from benne.kernel import Currency, InvalidInput, Json, evaluator

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app.stores import Lake, Progress
    from benne.app.wiring import Session

SCHEMA = 1
_FEW_BADS = 30
_STRESSES = (
    ("exposure a quarter higher", {"exposure": 1.25}),
    ("exposure a quarter lower", {"exposure": 0.75}),
    ("take-up a quarter lower", {"take_up": 0.75}),
    ("loss given default a quarter higher", {"loss": 1.25}),
    ("loss given default a quarter lower", {"loss": 0.75}),
)


@dataclass(frozen=True)
class AppetiteMet:
    """What an appetite comes to, and where the page of it lies."""

    page: Path
    facts: Mapping[str, Any]

    def lines(self) -> Iterator[str]:
        """The plan of each segment in words."""
        for one in self.facts["segments"]:
            yield f"{one['name']} ({one['people']:,} people): {_said(one, self.facts)}"
            for warning in one["warnings"]:
                yield f"  take care: {warning}"
        yield f"open {self.page}"


def _said(one: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    if one["plan"] is None:
        return str(one["plan_why"])
    plan = one["plan"]
    money = Currency(facts["currency"], facts["minor_digits"])
    caps = ", ".join(f"{money.text(cap)} from {start}" for start, cap in plan["steps"])
    profit = money.text(round(plan["profit_minor"]))
    return (
        f"admit from {plan['threshold']}: {plan['admission']:.1%} of applicants, bad rate "
        f"{plan['bad_rate']:.2%} (bound {plan['bad_rate_upper']:.2%}), profit "
        f"{profit} for {one['applicants']:,} applicants; caps {caps}"
    )


def appetite(
    session: Session, tell: Progress, path: Path, *, render: Render, draws: int = 100, seed: int = 0
) -> AppetiteMet:
    """Write ``reports/appetite.html`` and ``appetite.json`` for the appetite in a file.

    Everybody is scored by a card that had not seen them.

    Raises:
        InvalidInput: the appetite does not read, or a segment has nobody with a known outcome.
        NotFound: the family was not trained.
    """
    names = [kind.name for kind in session.workspace.kinds]
    catalogue = catalogue_of(session.workspace, names, session.permit("model_building"))
    types = feature_plan(catalogue).types
    text = read_whole(path, made_by="whoever states the appetite")
    stated = read_appetite(text, features=types, where=str(path))
    with session.lake(read_only=True) as lake:
        tell("appetite: people", 0, None)
        people, segment, says = _people(session, lake, stated)
    facts = _facts(session, stated, people, segment, says, tell, draws=draws, seed=seed)
    folder = session.workspace.reports
    write_whole(folder / "appetite.json", json.dumps(facts, indent=1, allow_nan=False))
    page = folder / "appetite.html"
    write_whole(page, render(facts))
    return AppetiteMet(page, facts)


def _people(
    session: Session, lake: Lake, stated: Appetite
) -> tuple[Sample, NDArray[np.object_], str]:
    """Everybody held out, and the name of the segment that each is of."""
    held, says = held_out(lake, stated.family)
    seen = with_people(lake, held)
    bundle = read_bundle(session.workspace.models, stated.family)
    enough = scorable_rows(lake, bundle.scorable, seen)
    score = np.where(enough, seen["score"].to_numpy().astype(np.float64), np.nan)
    known = {"bad": 1.0, "good": 0.0}
    bad = np.array([known.get(outcome, np.nan) for outcome in seen["outcome"].to_pylist()])
    weight = seen["weight"].to_numpy(zero_copy_only=False).astype(np.float64)
    subject = seen["subject"].combine_chunks().dictionary_encode().indices.to_numpy()
    sample = Sample(score, bad, np.where(np.isnan(weight), 1.0, weight), subject.astype(np.int64))
    return sample, _segments(lake, stated, seen), says


def _segments(lake: Lake, stated: Appetite, seen: pa.Table) -> NDArray[np.object_]:
    """The first segment whose condition holds for each person."""
    name = np.full(seen.num_rows, REST if stated.segments else "everyone", dtype=object)
    if not stated.segments:
        return name
    table = lake.table("features")
    absent = [feature for feature in stated.features if feature not in table.column_names]
    if absent:
        raise InvalidInput(
            f"a segment speaks of {absent[0]}, of which this workspace has no evidence."
        )
    place = np.searchsorted(table["observation"].to_numpy(), seen["observation"].to_numpy())
    rows = table.select(list(stated.features)).take(place).to_pylist()
    for one in reversed(stated.segments):
        holds = evaluator(one.where)
        name[[bool(holds(row, 0)) for row in rows]] = one.name
    return name


def _facts(
    session: Session,
    stated: Appetite,
    people: Sample,
    segment: NDArray[np.object_],
    says: str,
    tell: Progress,
    *,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    bears = {one.name: one.bears for one in stated.segments}
    names = [*bears, REST] if bears else ["everyone"]
    money = session.workspace.currency
    parts = []
    for number, name in enumerate(names):
        tell("appetite: plans", number, len(names))
        rows = np.flatnonzero(segment == name)
        if not len(rows):
            continue
        own = people.take(rows)
        share = float(own.weight.sum() / people.weight.sum())
        scaled = _of_segment(stated, share)
        borne = _borne(stated, bears.get(name), share)
        parts.append(_part(name, own, scaled, borne, money, draws=draws, seed=seed))
    return {
        "schema": SCHEMA,
        "report": "appetite",
        "workspace": session.workspace.workspace.name,
        "currency": session.workspace.workspace.currency,
        "minor_digits": session.workspace.workspace.minor_digits,
        "service": stated.service,
        "says": stated.says,
        "family": stated.family,
        "outcome": session.workspace.outcome.says,
        "population": says,
        "applicants": stated.applicants,
        "loss_given_default": stated.loss_given_default,
        "deposit_conversion": stated.deposit_conversion,
        "deposit_margin_minor": stated.deposit_margin_minor,
        "caps": [asdict(cap) for cap in stated.caps],
        "segments": parts,
        "draws": draws,
        "made_with": {"benne": benne.__version__, "seed": seed, "draws": draws},
    }


def _of_segment(stated: Appetite, share: float) -> Appetite:
    """The appetite with the applicants that a segment has of all."""
    return replace(stated, applicants=max(round(stated.applicants * share), 1))


def _borne(stated: Appetite, own: Bears | None, share: float) -> Bears:
    """What can be borne of a segment: its own limits, and for the rest its share of the whole's."""
    whole = stated.bears
    budget = None if whole.budget_minor is None else round(whole.budget_minor * share)
    shared = replace(whole, budget_minor=budget)
    return shared if own is None else own.over(shared)


def _part(
    name: str,
    people: Sample,
    stated: Appetite,
    bears: Bears,
    money: Currency,
    *,
    draws: int,
    seed: int,
) -> dict[str, Any]:
    """One segment: its plan, what it is worth on people left out, and how it bends."""
    known = ~np.isnan(people.bad) & ~np.isnan(people.score)
    if not known.any():
        raise InvalidInput(
            f"segment {name} has nobody with both a score and a known outcome; join it to another."
        )
    grid = grid_of(people.score, people.bad, people.weight, family=stated.family)
    plan = best_plan(grid, stated, bears)
    honest = out_of_bag(people, stated, bears, draws=draws, seed=seed)
    return {
        "name": name,
        "people": len(people),
        "applicants": stated.applicants,
        "scored": int((~np.isnan(people.score)).sum()),
        "known": int(known.sum()),
        "bads": int(np.nansum(people.bad[known])),
        "bears": asdict(bears),
        **_plan_facts(plan),
        "out_of_bag": _honest_facts(honest),
        "frontier": [
            {**asdict(one), "breaks": list(broken)} for one, broken in frontier(grid, stated, bears)
        ],
        "moves": _moves(people, stated, plan),
        "stresses": _stresses(people, stated, bears, plan),
        "warnings": _warnings(people, stated, plan, money),
    }


def _plan_facts(plan: Plan | Infeasible) -> dict[str, Any]:
    if isinstance(plan, Plan):
        return {"plan": asdict(plan)}
    return {"plan": None, "plan_why": plan.says, "binding": list(plan.binding),
            "nearest": dict(plan.nearest)}  # fmt: skip


def _honest_facts(honest: Honest) -> dict[str, Any]:
    def plain(values: tuple[float, ...]) -> list[Json]:
        return [None if np.isnan(value) else value for value in values]

    return {
        "draws": honest.draws,
        "infeasible": honest.infeasible,
        "thresholds": None if honest.thresholds is None else list(honest.thresholds),
        "figures": {name: plain(values) for name, values in honest.figures.items()},
    }


def _moves(people: Sample, stated: Appetite, plan: Plan | Infeasible) -> dict[str, Any] | None:
    """Whom the step from today's threshold to the plan's moves."""
    if stated.threshold is None or isinstance(plan, Infeasible):
        return None
    found = swapped(people, stated, before=stated.threshold, after=plan.threshold)
    return {**found, "before": stated.threshold, "after": plan.threshold}


def _stresses(
    people: Sample, stated: Appetite, bears: Bears, plan: Plan | Infeasible
) -> list[dict[str, Any]]:
    """How the plan bends when what was assumed of exposure, take-up and loss is wrong."""
    if isinstance(plan, Infeasible):
        return []
    grid = grid_of(people.score, people.bad, people.weight, family=stated.family)
    rows = []
    for says, scales in _STRESSES:
        other = best_plan(grid, stressed(stated, **scales), bears)
        row: dict[str, Any] = {"says": says, "threshold": None, "profit_minor": None}
        if isinstance(other, Plan):
            row |= {
                "threshold": other.threshold,
                "steps": other.steps,
                "profit_minor": other.profit_minor,
            }
        else:
            row["threshold_why"] = row["profit_minor_why"] = other.says.rstrip(".")
        rows.append(row)
    return rows


def _warnings(
    people: Sample, stated: Appetite, plan: Plan | Infeasible, money: Currency
) -> list[str]:
    """Where the evidence is thin, the past admitted only the good, or nothing is to be earned."""
    known = ~np.isnan(people.bad) & ~np.isnan(people.score)
    if isinstance(plan, Infeasible):
        bads = int(people.bad[known].sum())
        few = (
            f"only {bads} bad outcomes are known in all: bounds on so few are wide and may be "
            "what is in the way."
        )
        return [few] if bads < _FEW_BADS else []
    score = np.nan_to_num(people.score)
    found = []
    bads = int(people.bad[known & (score >= plan.threshold)].sum())
    if bads < _FEW_BADS:
        found.append(
            f"only {bads} bad outcomes are known at {plan.threshold} and above; fewer than "
            f"{_FEW_BADS} make a thin ground for a bad rate."
        )
    found += _unseen(people, plan.threshold)
    never = [cap.cap_minor for cap in stated.caps if not cap.granted]
    used = sorted({cap for _, cap in plan.steps} & set(never))
    if used:
        caps = ", ".join(money.text(cap) for cap in used)
        found.append(f"caps never granted before are in the plan ({caps}): grant them to a few.")
    nobody = stated.deposit_conversion * stated.deposit_margin_minor * stated.applicants
    if plan.profit_minor < nobody:
        earns = money.text(round(nobody))
        found.append(
            f"to admit nobody earns more ({earns}): of the plans that admit somebody, this is the "
            "best."
        )
    return found


def _unseen(people: Sample, threshold: int) -> list[str]:
    """Whether those whom it admits were seen before, the lowest of them above all."""
    known = ~np.isnan(people.bad) & ~np.isnan(people.score)
    admitted = np.nan_to_num(people.score) >= threshold
    found = []
    lowest = float(np.quantile(people.score[known], 0.01))
    if threshold <= lowest:
        found.append(
            f"the threshold {threshold} lies at or below nearly every score with a known "
            f"outcome (from {lowest:.0f}): nobody worse was seen, and who is worse is guessed."
        )
    edge = float(np.quantile(people.score[admitted], 0.2))
    low = admitted & (people.score <= edge)
    for who, share, most in (
        ("those whom it admits", float((~known)[admitted].mean()), 0.2),
        (
            f"those it admits at the lowest scores, up to {edge:.0f},",
            float((~known)[low].mean()),
            0.5,
        ),
    ):
        if share > most:
            found.append(
                f"{share:.0%} of {who} have no known outcome; if the past refused them for being "
                "worse, the rates here flatter."
            )
            break
    return found

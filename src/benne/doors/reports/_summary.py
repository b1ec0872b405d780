"""The first screen: what this is, the figures that matter, one picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benne.doors.reports import _charts
from benne.doors.reports._blocks import Column, Pair, Picture, Table, pairs_of, table
from benne.doors.reports._words import at, count, day, items, many, percent, three, why

RANGES = {"sesame": (350, 950), "bureau": (300, 850)}


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of the first screen: name, value, and what it means."""

    name: str
    value: str
    means: str
    alarm: bool = False


def title(v: Mapping[str, Any]) -> str:
    """The name of the report."""
    family = v.get("family") or "credit"
    where = v.get("workspace")
    return (
        f"{where}: how good is the {family} score?" if where else f"How good is the {family} score?"
    )


def lead(v: Mapping[str, Any]) -> list[str]:
    """What this report is about, in two or three sentences."""
    population = at(v, "population") or {}
    low, high = RANGES.get(str(v.get("family")), (None, None))
    scale = f", from {low} to {high}," if low else ""
    people = at(population, "subjects")
    judged = at(population, "judged")
    looks = at(population, "observations") or judged or 0
    part = f"{judged or 0:,} of " if judged and judged < looks else ""
    whom = f"{part}{many(looks, 'observation')}" + (
        f" of {many(people, 'person')}".replace("persons", "people") if people else ""
    )
    first, last = at(population, "from"), at(population, "to")
    when = f", seen between {day(first)} and {day(last)}" if first and last else ""
    if first and day(first) == day(last):
        when = f", seen on {day(first)}"
    opening = (
        f"The score{scale} says how likely a person is to pay as agreed: the higher, the safer. "
        f"This report compares it with what then happened to {whom}{when}."
    )
    if v.get("out_of_fold") is None:
        return [opening]
    if v["out_of_fold"] is True:
        fair = (
            "Every figure is out of fold: each person was scored by a model that had not seen "
            "that person, its settings chosen without them too."
        )
    else:
        fair = (
            "The scores were not out of fold: the model may have seen these outcomes, so the "
            "figures can flatter it."
        )
    return [opening, fair]


def tiles(v: Mapping[str, Any]) -> list[Tile]:
    """AUC, Gini, KS, calibration, coverage and out of time, each with its meaning."""
    low, high = v.get("auc_low"), v.get("auc_high")
    means = f"95 % interval {three(low)} to {three(high)}" if low is not None else (
        why(v, "auc") if v.get("auc") is None else why(v, "auc_low")
    )  # fmt: skip
    scored = at(v, "coverage", "scored")
    later = at(v, "out_of_time", "auc")
    return [
        Tile("AUC", three(v.get("auc")), means),
        _plain("Gini", v, "gini", "2 AUC − 1"),  # noqa: RUF001
        _plain("KS", v, "ks", "widest gap between goods and bads"),
        calibration_tile(v),
        Tile("Coverage", percent(scored), "of the observations get a score" if scored is not None
             else why(v, "coverage", "scored")),
        Tile("Out of time", three(later), "AUC on later observations" if later is not None
             else why(v, "out_of_time", "auc")),
    ]  # fmt: skip


def _plain(name: str, v: Mapping[str, Any], key: str, means: str) -> Tile:
    value = v.get(key)
    return Tile(name, three(value), means if value is not None else why(v, key))


def calibration_tile(v: Mapping[str, Any]) -> Tile:
    """Whether the promised risk holds, in a word."""
    family = at(v, "calibration", "jeffreys_holm")
    if not isinstance(family, Mapping):
        return Tile("Calibration", "–", why(v, "calibration", "jeffreys_holm"))  # noqa: RUF001
    bad = family.get("understated_bands") or []
    error = v.get("calibration_error")
    tail = f"; mean error {percent(error)}" if error is not None else ""
    if bad:
        return Tile(
            "Calibration", "Too low", f"risk understated in {', '.join(map(str, bad))}{tail}", True
        )
    return Tile("Calibration", "Holds", f"no band promises less risk than was seen{tail}")


def picture(v: Mapping[str, Any]) -> Picture | None:
    """The scores of goods and bads."""
    cells = items(v, "distribution", "cells")
    if not cells or not any(c.get("goods") or c.get("bads") for c in cells):
        return None
    middle = at(v, "distribution", "quantiles", "p50")
    half = f"Half of all people score {middle:.0f} or more. " if middle is not None else ""
    edges = band_edges(v)
    says = f"{half}The less the two shapes overlap, the better the score tells goods from bads" + (
        "; dashed lines part the bands." if edges else "."
    )
    return Picture(
        "Scores of those who turned out good and bad",
        _charts.score_distribution(cells, edges, says),
        says,
    )


def band_edges(v: Mapping[str, Any]) -> list[float]:
    """The scores at which bands begin."""
    return [float(r["cutoff"]) for r in items(v, "distribution", "cutoffs")
            if isinstance(r.get("cutoff"), int | float)]  # fmt: skip


def bands(v: Mapping[str, Any]) -> Table | None:
    """Share and bad rate of each band."""
    rows = items(v, "distribution", "bands")
    if not rows:
        return None
    columns = (
        Column("name", "band", number=False),
        Column("share", "people", percent, bar=True),
        Column("bad_rate", "bad rate", percent, bar=True),
    )
    return table("Bands of the score", list(reversed(rows)), columns)


def made(v: Mapping[str, Any]) -> tuple[Pair, ...]:
    """What it was made with."""
    facts = v.get("made_with")
    if not isinstance(facts, Mapping):
        return ()
    apart = {key: facts[key] for key in facts if key not in ("chosen", "scorability")}
    cards = [card for deck in facts.get("chosen") or () for card in _cards(deck)]
    return (*pairs_of(apart), *(Pair(f"Card: {name}", says) for name, says in cards))


def _cards(deck: Any) -> list[tuple[str, str]]:
    """Each card of a deck: its name, and what it was fitted with, as words."""
    found = []
    for card in deck:
        size = f"{count(card.get('rows'))} rows, {count(card.get('bad'))} bad"
        found.append((str(card.get("card")), f"{_mixture(card)}; {size}"))
    return found


def _mixture(card: Mapping[str, Any]) -> str:
    settings = card.get("settings") or {}
    parts = [
        f"{percent(share)} {name}" + (f" ({settings[name]})" if settings.get(name) else "")
        for name, share in (card.get("mixture") or {}).items()
        if share
    ]
    own = card.get("own_share")
    mixed = "" if own is None else f"; {percent(own)} its own, the rest everybody's"
    return f"{', '.join(parts)}{mixed}"

"""Sections: does the score rank, and does the promised risk hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benne.doors.reports import _charts
from benne.doors.reports._blocks import (
    Block,
    Column,
    Picture,
    Section,
    Table,
    missing,
    table,
)
from benne.doors.reports._words import (
    at,
    chance,
    count,
    day,
    four,
    items,
    percent,
    three,
    whole,
    why,
)

Facts = Mapping[str, Any]
FEW = 10


def discrimination(v: Facts) -> Section:
    """ROC, AUC by fold and out of time."""
    if v.get("auc") is None:
        return Section("discrimination", "Telling goods from bads",
                       (missing("Discrimination", why(v, "auc")),))  # fmt: skip
    blocks = [_headline(v), _out_of_time(v)]
    return Section("discrimination", "Telling goods from bads", tuple(blocks))


def _headline(v: Facts) -> Block:
    roc = items(v, "roc")
    pictures = []
    auc = v["auc"]
    if roc:
        caught = max((p["caught"] for p in roc if p["false_alarm"] <= 0.2), default=0)
        says = (
            f"Of a good and a bad drawn at random, the good has the higher score in "
            f"{percent(auc)} of cases; refusing a fifth of the goods would "
            f"catch {percent(caught)} of the bads."
        )
        line = [(p["false_alarm"], p["caught"]) for p in roc]
        drawn = _charts.curve(line, "goods refused", "bads caught", says)
        pictures.append(Picture("ROC curve", drawn, says))
    spread = _aucs(v)
    if len(spread) > 1:
        says = (
            f"AUC with its interval ({v.get('auc_interval') or '95 %'}). "
            "Folds should agree within their intervals, and a later period should not fall below."
        )
        drawn = _charts.dots(spread, "AUC", says)
        later = any(row["name"] == "out of time" for row in spread)
        title = "AUC overall, by fold, and out of time" if later else "AUC overall and by fold"
        pictures.append(Picture(title, drawn, says))
    return Block(says=_headline_says(v), pictures=tuple(pictures), table=_fold_table(v))


def _headline_says(v: Facts) -> str:
    parts = [f"AUC {three(v['auc'])}"]
    if v.get("auc_low") is not None:
        parts[0] += f" ({three(v['auc_low'])} to {three(v.get('auc_high'))})"
    if v.get("gini") is not None:
        parts.append(f"Gini {three(v['gini'])}")
    if v.get("ks") is not None:
        parts.append(f"KS {three(v['ks'])} at a score of {whole(v.get('ks_at'))}")
    if v.get("auc_of_log_odds") is not None:
        parts.append(f"AUC before rounding to points {three(v['auc_of_log_odds'])}")
    return "; ".join(parts) + "."


def _aucs(v: Facts) -> list[dict[str, Any]]:
    rows: list[tuple[str, Any]] = [("all", v)]
    rows += [(f"fold {f.get('fold')}", f) for f in items(v, "folds")]
    rows += [("out of time", at(v, "out_of_time"))]
    return [
        {"name": name, "value": r["auc"], "low": r.get("auc_low"), "high": r.get("auc_high")}
        for name, r in rows
        if isinstance(r, Mapping) and r.get("auc") is not None
    ]


def _fold_table(v: Facts) -> Table | None:
    rows = items(v, "folds")
    if not rows:
        return None
    columns = (
        Column("fold", "fold", number=False),
        Column("observations", "observations", count),
        Column("bads", "bad", count),
        Column("auc", "AUC", three),
        Column("auc_low", "95 % from", three),
        Column("auc_high", "to", three),
        Column("gini", "Gini", three),
        Column("ks", "KS", three),
        Column("brier", "Brier", four),
        Column("calibration_error", "calibration error", percent),
    )
    return table("By fold", rows, columns)


def _out_of_time(v: Facts) -> Block:
    later = at(v, "out_of_time")
    if not isinstance(later, Mapping):
        return missing("Out of time", why(v, "out_of_time"))
    span = f" from {day(later.get('from'))} to {day(later.get('to'))}" if later.get("from") else ""
    columns = (
        Column("observations", "observations", count),
        Column("bads", "bad", count),
        Column("auc", "AUC", three),
        Column("auc_low", "95 % from", three),
        Column("auc_high", "to", three),
        Column("gini", "Gini", three),
        Column("ks", "KS", three),
        Column("brier", "Brier", four),
        Column("calibration_error", "calibration error", percent),
        Column("in_the_large", "promised less seen", percent),
    )
    return Block(
        title="Out of time",
        says=f"Trained on what was known before, tested on the observations{span}.",
        table=table("Out of time", [later], columns),
    )


def calibration(v: Facts) -> Section:
    """Curve, Brier, bands with Jeffreys and Holm."""
    name = "Promised and seen risk"
    curve = items(v, "calibration", "curve")
    bands = items(v, "calibration", "bands")
    if not curve and not bands:
        return Section(
            "calibration", name, (missing("Calibration", why(v, "calibration", "curve")),)
        )
    pictures = []
    if curve:
        says = (
            "Each dot is a tenth of the people, by the risk promised to them; on the dashed line "
            "the bad rate seen is the one promised. Lines are 95 % intervals."
        )
        pictures.append(Picture("Calibration curve", _charts.calibration(curve, says), says))
    tested = [b for b in bands if b.get("seen") is not None and b.get("expected") is not None]
    tested = [b for b in tested if b.get("observations", 0) >= FEW]
    if tested:
        says = (
            "By band, the bad rate that was promised (bar) and seen (dot, with its 95 % interval);"
            f" bands of fewer than {FEW} people stand in the table only."
        )
        pictures.append(
            Picture("Promised and seen by band", _charts.expected_and_seen(tested, says), says)
        )
    return Section("calibration", name, (
        Block(says=_calibration_says(v), pictures=tuple(pictures)),
        Block(says=_holm_says(v), table=_band_tests(bands)),
    ))  # fmt: skip


def _calibration_says(v: Facts) -> str:
    parts = []
    if v.get("brier") is not None:
        base = v.get("brier_of_base_rate")
        tail = f" ({four(base)} if all were promised the same)" if base is not None else ""
        parts.append(f"Brier score {four(v['brier'])}{tail}")
    if v.get("calibration_error") is not None:
        parts.append(f"mean gap between promised and seen {percent(v['calibration_error'])}")
    gap = at(v, "calibration", "in_the_large")
    if gap is not None:
        parts.append(
            f"over all, {percent(abs(gap))} too {'much' if gap >= 0 else 'little'} promised"
        )
    slope = at(v, "calibration", "slope")
    if slope is not None:
        reading = (
            "too wide a spread"
            if slope < 0.95
            else "too narrow a spread"
            if slope > 1.05
            else "as it should be"
        )
        parts.append(f"slope {slope:.2f} ({reading})")
    return _sentence(parts)


def _holm_says(v: Facts) -> str:
    family = at(v, "calibration", "jeffreys_holm")
    if not isinstance(family, Mapping):
        return f"The bands were not tested: {why(v, 'calibration', 'jeffreys_holm')}."
    low = family.get("understated_bands") or []
    verdict = (
        f"The risk is understated in {', '.join(map(str, low))}." if low
        else "In no band is the risk seen above the risk promised by more than chance."
    )  # fmt: skip
    order = (
        " Seen bad rates fall from band to band."
        if family.get("seen_rates_fall_with_the_band")
        else " Seen bad rates do not fall from each band to the next."
    )
    return (
        f"{verdict}{order} One-sided Jeffreys tests of each band, corrected after Holm for "
        f"{count(family.get('tested'))} bands, level 5 %."
    )


def _band_tests(bands: Sequence[Facts]) -> Table | None:
    if not bands:
        return None
    columns = (
        Column("name", "band", number=False),
        Column("observations", "observations", count),
        Column("bads", "bad", count),
        Column("expected", "promised", percent),
        Column("seen", "seen", percent),
        Column("seen_low", "95 % from", percent),
        Column("seen_high", "to", percent),
        Column("p", "p", chance),
        Column("p_holm", "p after Holm", chance),
        Column("understated", "understated", number=False),
    )
    return table(
        "Bands, promised and seen", bands, columns, flag=lambda b: bool(b.get("understated"))
    )


def _sentence(parts: Sequence[str]) -> str:
    joined = "; ".join(parts)
    return f"{joined[:1].upper()}{joined[1:]}." if joined else ""

"""The page of results, from the table of results alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.quality._folds import FOLDS, REPEATS
from benchmarks.quality._inference import Difference, corrected_difference, margin
from benchmarks.quality._results import Key, Row
from benchmarks.quality._rivals import MORE_TREES, MOST_TREES, PATIENCE
from benchmarks.quality._sets import SETS

RIVALS = {
    "lightgbm": "LightGBM",
    "xgboost": "XGBoost",
    "catboost": "CatBoost",
    "ebm": "EBM",
    "optbinning": "optbinning",
}
OWN = {"benne_strict": "Benne strict", "benne_paired": "Benne paired", "benne_points": "Benne card"}
METHODS = {**RIVALS, **OWN}
PUBLIC = {"gmsc": 0.8675, "taiwan": 0.7894, "german": 0.798}
WHOLE = FOLDS * REPEATS
_SHARES = ("auc", "auc_score", "ks", "brier", "calibration_error")

_HEAD = f"""\
# Quality

Made from `benchmarks/results/quality.csv` by `make bench-quality`; do not edit. The command
measures what the table lacks, so that it resumes where it stopped; the data sets are not in the
repository (`BENNE_TEST_DATA`, or `--data DIR`).

Stratified {FOLDS}-fold, {REPEATS} repeats (seeds 0 to {REPEATS - 1}), groups whole. Every method
gets the same rows, folds and columns; protected columns (sex, marital status, nationality or
foreign worker, birthplace) are removed for all. Settings are tried on one inner split (three to
one) of the training fold, by AUC: eight of them, or three on sets above 30,000 rows, and the best
is fitted anew to the whole training fold. That is the most a method may try. Benne's additive
models try two where a set has directions and at most 30,000 rows, directions bound and unbound,
each by a fit of two inner folds, and bind them on larger sets; all else they choose by inner folds
within the fit, segments too (`segments="auto"`). Boosted trees stop early on the
inner split (patience {PATIENCE}, at most {MOST_TREES} trees, CatBoost half as many at a rate of
0.05 to 0.1) and the last fit gets {MORE_TREES:g} times as many; EBM tries with one outer bag and
fits six, at most 3,000 rounds. Categories of more than 30 levels reach LightGBM, XGBoost, EBM and
optbinning as cross-fitted bad rates; CatBoost and Benne encode them themselves. optbinning's
weights of evidence go into a ridge logistic regression. All settings stand in
`benchmarks/quality/_rivals.py`, those chosen in the table.

taiwan is the flat form with derived columns (worst delay, utilisation, shares paid, trends);
superlender is the feature catalogue on the example workspace, less ties; the domains of the rest
stand in `benchmarks/quality/sets.toml`. hmeq is grouped by near-duplicates: rows equal, nulls too,
in reason, job, years on the job, derogatory reports, delinquent lines, inquiries and lines, and
within a tenth of the larger in loan, mortgage, value, age of the oldest line and debt to income.
These are 954 pairs of rows, 7 of them at exactly a tenth (947 are closer); chains of pairs stay
together, in 466 groups.
"""

_INFERENCE = """\
## Is the strict score inferior?

Best rival minus Benne strict, paired by fold, with the corrected resampled t interval (Nadeau and
Bengio 2003: variance times 1/J + n_test/n_train over the J folds). The margin is 0.002 where the
set has 20,000 rows or more, else 0.015. The best rival is the one with the highest mean AUC on
the folds that both have, picked after the fact, which favours the rivals.
"""

_OTHER = """\
## Everything else that was measured

Means over folds. *AUC of the score*: on the issued integer score. Calibration error: the mean
over ten equally filled bins of |mean probability - share of bad|. Seconds are of one processor
(not of the clock), for one fit with the chosen settings and for scoring the test fold; a Benne
fit includes its inner folds. Size: the model's own text or binary form, JSON for Benne, EBM and
optbinning.
"""

Cells = dict[str, dict[tuple[int, int], Row]]


def page(rows: Mapping[Key, Row]) -> str:
    """The whole page."""
    by_set = _by_set(rows)
    parts = [_HEAD, "## AUC", _auc_table(by_set), _missing(by_set), _INFERENCE,
             _inference_table(by_set), _mean_difference(by_set), _OTHER]  # fmt: skip
    parts += [f"### {name}\n\n{_other_table(cells)}" for name, cells in by_set.items()]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def difference(cells: Cells, rival: str, mine: str = "benne_strict") -> Difference | None:
    """AUC of ``rival`` less that of ``mine`` over the folds that both have."""
    both = sorted(cells.get(rival, {}).keys() & cells.get(mine, {}).keys())
    if not both:
        return None
    gaps = [float(cells[rival][at]["auc"]) - float(cells[mine][at]["auc"]) for at in both]
    ratios = [int(cells[mine][at]["n_test"]) / int(cells[mine][at]["n_train"]) for at in both]
    return corrected_difference(np.array(gaps), float(np.mean(ratios)))


def best_rival(cells: Cells, mine: str = "benne_strict") -> tuple[str, Difference] | None:
    """The rival with the highest mean AUC, and by how much it is ahead."""
    found = [(name, difference(cells, name, mine)) for name in RIVALS]
    known = [(name, gap) for name, gap in found if gap is not None]
    most = max((gap.pairs for _, gap in known), default=0)
    return max(
        ((name, gap) for name, gap in known if gap.pairs == most),
        key=lambda pair: pair[1].mean,
        default=None,
    )


def _by_set(rows: Mapping[Key, Row]) -> dict[str, Cells]:
    made: dict[str, Cells] = {}
    for (name, method, repeat, fold), row in rows.items():
        made.setdefault(name, {}).setdefault(method, {})[(repeat, fold)] = row
    return made


def _mean(cells: Mapping[tuple[int, int], Row], column: str) -> float:
    return float(np.mean([float(row[column]) for row in cells.values()]))


def _auc_table(by_set: Mapping[str, Cells]) -> str:
    lines = []
    for name, cells in by_set.items():
        one = next(iter(next(iter(cells.values())).values()))
        line = [name, f"{int(one['n_train']) + int(one['n_test']):,}"]
        for method in METHODS:
            seen = cells.get(method, {})
            mark = "" if len(seen) == WHOLE else f" ({len(seen)})"
            line.append(f"{_mean(seen, 'auc'):.4f}{mark}" if seen else "")
        lines.append([*line, f"{PUBLIC[name]:g}" if name in PUBLIC else ""])
    return _table(["set", "rows", *METHODS.values(), "public"], lines)


def _missing(by_set: Mapping[str, Cells]) -> str:
    told = "*public*: the best published under the same outer protocol, tuned and ensembled."
    short = any(
        len(cells.get(method, {})) < WHOLE for cells in by_set.values() for method in METHODS
    )
    if not short:
        return told
    return (
        f"{told} A number in brackets says how many of the {WHOLE} folds are measured yet; means "
        "of different folds should not be compared, and intervals below use folds that both have."
    )


def _inference_table(by_set: Mapping[str, Cells]) -> str:
    lines = []
    for name, cells in by_set.items():
        best = best_rival(cells)
        if best is None:
            continue
        rival, gap = best
        one = next(iter(cells["benne_strict"].values()))
        allowed = margin(int(one["n_train"]) + int(one["n_test"]))
        held = "not known" if gap.pairs < 2 else ("yes" if gap.high < allowed else "no")
        paired = difference(cells, rival, "benne_paired")
        lines.append(
            [name, RIVALS[rival], f"{gap.mean:+.4f}", f"{gap.low:+.4f} to {gap.high:+.4f}",
             f"{allowed:g}", held, str(gap.pairs), f"{paired.mean:+.4f}" if paired else ""]
        )  # fmt: skip
    return _table(
        ["set", "best rival", "difference", "95 % interval", "margin", "ends below it", "folds",
         "to Benne paired"],
        lines,
    )  # fmt: skip


def _mean_difference(by_set: Mapping[str, Cells]) -> str:
    found = [best for cells in by_set.values() if (best := best_rival(cells))]
    if not found:
        return ""
    mean = float(np.mean([gap.mean for _, gap in found]))
    whose = "Benne's" if mean < 0 else "the rivals'"
    each = []
    for rival in RIVALS:
        gaps = [difference(cells, rival) for cells in by_set.values()]
        known = [gap.mean for gap in gaps if gap is not None]
        if known:
            each.append(f"{RIVALS[rival]} {np.mean(known):+.4f} ({len(known)} sets)")
    return (
        f"Mean of the differences over {len(found)} of {len(SETS)} sets: {mean:+.4f}, in {whose} "
        f"favour. Against one rival throughout, rival minus Benne strict: {', '.join(each)}."
    )


def _other_table(cells: Cells) -> str:
    lines = []
    for method, name in METHODS.items():
        seen = cells.get(method)
        if not seen:
            continue
        lines.append(
            [name, *(f"{_mean(seen, column):.4f}" for column in _SHARES),
             f"{_mean(seen, 'fit_seconds'):.2f}", f"{_mean(seen, 'score_seconds'):.3f}",
             f"{_mean(seen, 'size_bytes') / 1000:,.0f}", str(len(seen))]
        )  # fmt: skip
    heads = ["method", "AUC", "AUC of the score", "KS", "Brier", "calibration error", "fit, s",
             "score, s", "size, kB", "folds"]  # fmt: skip
    return _table(heads, lines)


def _table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    rule = ["---", *["---:"] * (len(heads) - 1)]
    return "\n".join(f"| {' | '.join(line)} |" for line in (heads, rule, *lines))

"""Pictures as inline SVG: drawn by Vega-Lite once, here, so that the page needs no script.

Colours are stand-ins, replaced by the page's own CSS variables, so that one picture serves
light, dark and paper.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import altair as alt
import vl_convert
from markupsafe import Markup

INK, SOFT, GRID, GOOD, BAD, MARK, PALE, SESAME, BUREAU = (f"#0{i}0{i}0{i}" for i in range(1, 10))
CONDUCT = "#0a0a0a"
NAMES = {
    INK: "ink",
    SOFT: "soft",
    GRID: "grid",
    GOOD: "good",
    BAD: "bad",
    MARK: "mark",
    PALE: "pale",
    SESAME: "sesame",
    BUREAU: "bureau",
    CONDUCT: "conduct",
}
COHORTS = ("#4477aa", "#66a3c9", "#228833", "#8fa832", "#c9a227", "#ee8866", "#cc3355", "#aa3377")
WIDTH, HEIGHT = 380, 230
CUT = re.compile(
    r' xmlns(:xlink)?="[^"]*"| version="1\.1"| font-family="[^"]*"| aria-[a-z]+="[^"]*"'
    r'| role="[^"]*"| pointer-events="none"| class="[^"]*"| opacity="1"'
    r'|<path [^>]*d=""[^>]*/>|<path [^>]*d="M0,0h0v0h0Z"[^>]*/>'
)
SHAPE = re.compile(r' (?:d|transform|x2|y2)="[^"]*"')
LONG = re.compile(r"(\d+\.\d\d)\d+")


def _svg(chart: Any, says: str) -> Markup:
    """The chart as an ``img``-like SVG whose text alternative is ``says``."""
    spec = (
        chart.configure(background="transparent", aria=False, font="sans-serif")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=SOFT, titleColor=SOFT, gridColor=GRID, domainColor=GRID, tickColor=GRID,
            labelFontSize=11, titleFontSize=11, titleFontWeight="normal", labelLimit=170,
            titlePadding=8,
        )
        .configure_legend(
            labelColor=INK, titleColor=SOFT, labelFontSize=11, orient="top", title=None,
            symbolType="square", offset=4, labelLimit=220,
        )
        .to_dict()
    )  # fmt: skip
    drawn = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    drawn = SHAPE.sub(lambda found: LONG.sub(r"\1", found[0]), CUT.sub("", drawn))
    for stand_in, name in NAMES.items():
        drawn = drawn.replace(f'"{stand_in}"', f'"var(--{name})"')
    size = re.match(r'<svg width="([\d.]+)" height="([\d.]+)"', drawn)
    width = float(size.group(1)) if size else WIDTH
    label = Markup.escape(says)
    head = f'<svg role="img" aria-label="{label}" style="max-width:{width * 1.35:.0f}px"'
    return Markup(re.sub(r"^<svg", head, drawn, count=1))  # noqa: S704 (made here, text escaped)


def _data(rows: Sequence[dict[str, Any]]) -> Any:
    return alt.Chart(alt.Data(values=list(rows)))


def _two(names: tuple[str, str]) -> Any:
    return alt.Color("who:N", scale=alt.Scale(domain=list(names), range=[GOOD, BAD]))


def score_distribution(
    cells: Sequence[dict[str, Any]], edges: Sequence[float], says: str
) -> Markup:
    """Of all goods, and of all bads, the share in each cell of the score."""
    goods, bads = sum(c["goods"] for c in cells), sum(c["bads"] for c in cells)
    names = ("good", "bad")
    rows = [
        {
            "low": cell["low"],
            "high": cell["high"],
            "who": who,
            "share": cell[key] / whole,
            "zero": 0,
        }
        for who, key, whole in (("good", "goods", goods), ("bad", "bads", bads))
        if whole
        for cell in cells
    ]
    x = alt.X("low:Q", title="score", scale=alt.Scale(zero=False, nice=False))
    bars = (
        _data(rows)
        .mark_rect(fillOpacity=0.5)
        .encode(
            x=x,
            x2="high:Q",
            y2="zero:Q",
            y=alt.Y("share:Q", stack=None, title="share of its kind",
                    axis=alt.Axis(format="%", tickCount=5)),
            color=_two(names),
        )
    )  # fmt: skip
    low, high = min(c["low"] for c in cells), max(c["high"] for c in cells)
    rules = [{"low": edge} for edge in edges if low < edge < high]
    lines = _data(rules).mark_rule(color=SOFT, strokeDash=[3, 3]).encode(x="low:Q")
    chart = (bars + lines) if rules else bars
    return _svg(chart.properties(width=WIDTH + 90, height=HEIGHT + 10), says)


def curve(points: Sequence[tuple[float, float]], x_title: str, y_title: str, says: str) -> Markup:
    """A curve from 0 to 1 against the diagonal of a score that knows nothing."""
    rows = [{"x": x, "y": y, "i": i} for i, (x, y) in enumerate(points)]
    share = alt.Axis(format="%", tickCount=5)
    unit = alt.Scale(domain=[0, 1])
    line = (
        _data(rows)
        .mark_line(color=MARK, strokeWidth=2)
        .encode(
            x=alt.X("x:Q", title=x_title, axis=share, scale=unit),
            y=alt.Y("y:Q", title=y_title, axis=share, scale=unit),
            order="i:Q",
        )
    )
    even = _data([{"x": 0, "y": 0}, {"x": 1, "y": 1}])
    plain = even.mark_line(color=SOFT, strokeDash=[3, 3], strokeWidth=1).encode(x="x:Q", y="y:Q")
    return _svg((line + plain).properties(width=WIDTH, height=WIDTH * 0.72), says)


def calibration(bins: Sequence[dict[str, Any]], says: str) -> Markup:
    """Seen against promised bad rate, with intervals, against the diagonal."""
    rows = [
        {"x": b["expected"], "y": b["seen"], "low": b["seen_low"], "high": b["seen_high"]}
        for b in bins
    ]
    top = max([*(r["x"] for r in rows), *(r["high"] for r in rows), 0.01])
    scale = alt.Scale(type="sqrt", domain=[0, min(1.0, top * 1.05)])
    share = alt.Axis(format=".1%" if top < 0.05 else "%", tickCount=6)
    base = _data(rows).encode(x=alt.X("x:Q", title="promised bad rate", axis=share, scale=scale))
    spread = base.mark_rule(color=MARK, strokeWidth=1.5).encode(
        y=alt.Y("low:Q", title="seen bad rate", axis=share, scale=scale), y2="high:Q"
    )
    dots = base.mark_circle(color=MARK, size=60, opacity=1).encode(y=alt.Y("y:Q", scale=scale))
    even = _data([{"x": 0, "y": 0}, {"x": min(1.0, top), "y": min(1.0, top)}])
    plain = even.mark_line(color=SOFT, strokeDash=[3, 3], strokeWidth=1).encode(x="x:Q", y="y:Q")
    return _svg((plain + spread + dots).properties(width=WIDTH, height=WIDTH * 0.72), says)


def expected_and_seen(bands: Sequence[dict[str, Any]], says: str) -> Markup:
    """By band the promised bad rate (a tick) and the seen one (a dot with its interval)."""
    rows = [
        {"name": b["name"], "expected": b["expected"], "seen": b["seen"],
         "low": b["seen_low"], "high": b["seen_high"]}
        for b in bands
    ]  # fmt: skip
    x = alt.X("name:N", sort=None, title=None, axis=alt.Axis(labelAngle=0, labelLimit=90))
    share = alt.Axis(format="%", tickCount=5)
    base = _data(rows).encode(x=x)
    both = alt.Scale(domain=["promised", "seen"], range=[SOFT, MARK])
    spread = base.mark_rule(color=MARK, strokeWidth=1.5).encode(
        y=alt.Y("low:Q", title="bad rate", axis=share), y2="high:Q"
    )
    dots = base.mark_circle(size=70, opacity=1).encode(
        y="seen:Q", color=alt.Color("which:N", scale=both)
    ).transform_calculate(which="'seen'")  # fmt: skip
    ticks = base.mark_tick(thickness=3, size=34).encode(
        y="expected:Q", color=alt.Color("which:N", scale=both)
    ).transform_calculate(which="'promised'")  # fmt: skip
    return _svg((spread + ticks + dots).properties(width=WIDTH, height=HEIGHT), says)


def bars(rows: Sequence[tuple[str, float, str]], title: str, says: str) -> Markup:
    """Horizontal bars of (name, value, label)."""
    values = [
        {"name": name, "value": value, "label": label, "end": max(value, 0.0)}
        for name, value, label in rows
    ]
    top = max([0.0, *(value for _, value, _ in rows)])
    low = min([0.0, *(value for _, value, _ in rows)])
    scale = alt.Scale(domain=[low, (top or 1.0) * 1.2])
    base = _data(values).encode(
        y=alt.Y("name:N", sort=None, title=None),
        x=alt.X("value:Q", title=title, scale=scale,
                axis=alt.Axis(format="%", tickCount=5)),
    )  # fmt: skip
    drawn = base.mark_bar(color=MARK, size=18) + base.mark_text(
        align="left", dx=4, color=INK, fontSize=11
    ).encode(x=alt.X("end:Q", title=title, scale=scale), text="label:N")
    return _svg(drawn.properties(width=WIDTH - 60, height=34 * len(values)), says)


def dots(
    rows: Sequence[dict[str, Any]],
    title: str,
    says: str,
    *,
    rules: Sequence[float] = (),
    form: str = ".3f",
) -> Markup:
    """A dot with its interval for each named row; ``rules`` are lines to compare with."""
    values = [
        {"name": r["name"], "value": r["value"],
         "low": r["value"] if r.get("low") is None else r["low"],
         "high": r["value"] if r.get("high") is None else r["high"]}
        for r in rows
    ]  # fmt: skip
    scale = alt.Scale(zero=False, nice=True)
    base = _data(values).encode(y=alt.Y("name:N", sort=None, title=None))
    spread = base.mark_rule(color=MARK, strokeWidth=1.5).encode(
        x=alt.X("low:Q", title=title, scale=scale, axis=alt.Axis(format=form, tickCount=5)),
        x2="high:Q",
    )
    marks = base.mark_circle(color=MARK, size=70, opacity=1).encode(x=alt.X("value:Q", scale=scale))
    chart = spread + marks
    if rules:
        lines = _data([{"at": rule} for rule in rules])
        chart = lines.mark_rule(color=SOFT, strokeDash=[3, 3]).encode(
            x=alt.X("at:Q", scale=scale)
        ) + chart  # fmt: skip
    return _svg(chart.properties(width=WIDTH - 60, height=max(60, 28 * len(values))), says)


SCORES = {"sesame": SESAME, "bureau": BUREAU, "conduct": CONDUCT}
"""The colour of each score, told apart by a dash as well."""


def policy_curves(rows: Sequence[dict[str, Any]], says: str) -> Markup:
    """By the share admitted the bad rate of the admitted, a line with its interval a score."""
    names = list(dict.fromkeys(str(row["name"]) for row in rows))
    color = alt.Color(
        "name:N", sort=None,
        scale=alt.Scale(domain=names, range=[SCORES.get(name, SOFT) for name in names]),
        legend=alt.Legend(symbolType="stroke"),
    )  # fmt: skip
    x = alt.X("share:Q", title="share admitted", axis=alt.Axis(format="%", tickCount=5))
    axis = alt.Axis(format="%", tickCount=5)
    base = _data(rows).encode(x=x, color=color)
    shade = base.mark_area(fillOpacity=0.15).encode(
        y=alt.Y("low:Q", title="bad rate of the admitted", axis=axis), y2="high:Q"
    )
    line = base.mark_line(strokeWidth=2).encode(
        y="rate:Q", strokeDash=alt.StrokeDash("name:N", sort=None, legend=None)
    )
    return _svg((shade + line).properties(width=WIDTH, height=HEIGHT), says)


def over_time(rows: Sequence[dict[str, Any]], title: str, says: str, *, form: str) -> Markup:
    """By period a dot with its interval and, where there is one, a tick of what was expected."""
    x = alt.X("name:N", sort=None, title=None, axis=alt.Axis(labelAngle=-40, labelOverlap=True))
    base = _data(rows).encode(x=x)
    marks = base.mark_line(
        color=MARK, point={"color": MARK, "filled": True, "size": 55}, strokeWidth=1.5
    ).encode(y=alt.Y("value:Q", title=title, axis=alt.Axis(format=form, tickCount=5)))
    chart = marks
    if any("low" in row for row in rows):
        chart = chart + base.mark_rule(color=MARK, opacity=0.6).encode(y="low:Q", y2="high:Q")
    if any("expected" in row for row in rows):
        chart = chart + base.mark_tick(color=SOFT, thickness=3, size=22).encode(y="expected:Q")
    return _svg(chart.properties(width=WIDTH, height=HEIGHT - 30), says)


def vintage_curves(curves: Sequence[dict[str, Any]], says: str) -> Markup:
    """By cohort the cumulative share gone bad, month by month."""
    shown = curves[-len(COHORTS) :]
    names = [c["cohort"] for c in shown]
    rows = [
        {"cohort": c["cohort"], "month": month, "share": share}
        for c in shown
        for month, share in enumerate([0.0, *c["cumulative"]])
    ]
    lines = _data(rows).mark_line(strokeWidth=2).encode(
        x=alt.X("month:Q", title="months of 30 days after the score",
                axis=alt.Axis(tickMinStep=1, tickCount=8)),
        y=alt.Y("share:Q", title="gone bad so far", axis=alt.Axis(format="%", tickCount=5)),
        color=alt.Color("cohort:N", sort=None,
                        scale=alt.Scale(domain=names, range=list(COHORTS[: len(names)])),
                        legend=alt.Legend(columns=4, symbolType="stroke")),
    )  # fmt: skip
    return _svg(lines.properties(width=WIDTH, height=HEIGHT - 20), says)


def frontier(rows: Sequence[dict[str, Any]], title: str, says: str) -> Markup:
    """Profit at every threshold, apart where a limit is broken."""
    names = ("within what can be borne", "breaks a limit")
    chart = (
        _data(rows)
        .mark_circle(size=14, opacity=1)
        .encode(
            x=alt.X("threshold:Q", title="admit from", scale=alt.Scale(zero=False)),
            y=alt.Y("profit:Q", title=title, axis=alt.Axis(format="~s", tickCount=5)),
            color=alt.Color("kept:N", scale=alt.Scale(domain=list(names), range=[MARK, BAD])),
        )
    )
    return _svg(chart.properties(width=WIDTH + 60, height=HEIGHT), says)

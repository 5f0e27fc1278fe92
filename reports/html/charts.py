"""The report's charts. Every figure returns with a sentence that says what it shows, for those who cannot see it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from bokeh.models import BoxAnnotation, ColumnDataSource, GlyphRenderer, HoverTool, Range1d, Span
from bokeh.plotting import figure

from locust_eventsource.measure.histogram import LatencyHistogram
from reports.definitions import title
from reports.html.axes import blank, latency_axis, latency_range, nines, nines_axis, percentile_at, percentile_text
from reports.html.palette import GAP, INKS, LIMIT, MAX, P50, P99, Ink
from reports.intervals import Point
from reports.model import Connections, Gap, RowRecord
from reports.tester import ClockStepRecord
from reports.wording import duration, seconds

NINES_STEP = 0.025
MAX_JOINED = 5
"""Points further apart than this many steps are not joined: nothing is known of what lies between."""
_LEVELS = ((P50, "p50"), (P99, "p99"), (MAX, "max"))
_PERCENTILE = re.compile(r"p\((\d+(?:\.\d+)?)\)")

Columns = Mapping[str, list[float] | list[str]]


class Sign(NamedTuple):
    """An entry of a legend: a line, or one of the other shapes."""

    name: str
    ink: Ink
    shape: Literal["line", "dot", "diamond", "area", "cross"] = "line"
    solid: bool = False
    """The area is drawn in its full colour."""


class Chart(NamedTuple):
    """A figure with its caption and legend. ``key`` names its place in the page."""

    key: str
    title: str
    alt: str
    legend: list[Sign]
    plot: figure
    wide: bool = True


def percentile_curves(
    histograms: Mapping[str, LatencyHistogram], lost: Mapping[str, int], rows: Sequence[RowRecord], key: str
) -> Chart:
    """Latency at every percentile, a curve a metric; a curve ends where the ranks fall among lost events."""
    curves = {name: _curve(histogram, lost.get(name, 0)) for name, histogram in histograms.items()}
    limits = [row for row in rows if row.metric in histograms and row.type is None and percentile_of(row) is not None]
    end = max(2.2, *(xs[-1] for xs, _ in curves.values() if xs), 0.0)
    values = [value for _, ys in curves.values() for value in ys] + [row.limit for row in limits]
    options = {"y_axis_type": "log", "y_range": latency_range(values), "x_range": Range1d(-0.05, end + 0.1)}
    plot = blank(340, "percentile", **options)
    latency_axis(plot)
    nines_axis(plot, end)
    legend = []
    for (name, (xs, ys)), ink in zip(curves.items(), INKS * 4, strict=False):
        texts = [percentile_text(x) for x in xs]
        _line(plot, _columns(xs, ys, what=[title(name)] * len(xs), at=texts), ink)
        legend.append(Sign(title(name), ink))
    if limits:
        mark_limits(plot, limits)
        legend.append(Sign("target", LIMIT, "diamond"))
    add_hover(plot, [("", "@what"), ("percentile", "@at"), ("latency", "@value")])
    names = ", ".join(title(name) for name in histograms)
    return Chart(key, "Percentiles", f"Latency by percentile for {names}; the tables give the figures.", legend, plot)


def over_time(
    name: str,
    points: Sequence[Point],
    span_s: float,
    rows: Sequence[RowRecord],
    steps: Sequence[ClockStepRecord] = (),
    *,
    wide: bool,
) -> Chart:
    """Median, 99th percentile and maximum of each second (or of several, in a long run); ``steps`` are shaded."""
    found = [(point.p50_us, point.p99_us, point.max_us) for point in points]
    levels = [(ink, level, [each[at] for each in found]) for at, (ink, level) in enumerate(_LEVELS)]
    limits = [row for row in rows if row.metric == name and row.type is None and row.unit == "us"]
    values = [value for _, _, ys in levels for value in ys] + [row.limit for row in limits]
    options = {"y_axis_type": "log", "y_range": latency_range(values), "x_range": run_range(span_s, points[0].at_s)}
    plot = blank(280 if wide else 220, "seconds since the start", **options)
    latency_axis(plot)
    near = MAX_JOINED * points[0].width_s
    hovered = [_level(plot, points, ink, level, ys, near) for ink, level, ys in reversed(levels)]
    legend = [Sign(level, ink, "dot" if level == "max" else "line") for ink, level, _ in levels]
    for row in limits:
        plot.add_layout(Span(location=row.limit, dimension="width", line_color=LIMIT.light, line_dash=list(LIMIT.dash)))
    if limits:
        legend.append(Sign("target", LIMIT))
    mark_steps(plot, steps)
    legend += step_sign(steps)
    add_hover(plot, [("", "@what"), ("from", "@at"), ("latency", "@value"), ("samples", "@count")], hovered)
    alt = f"{title(name)} over time: median, 99th percentile and maximum."
    return Chart(f"time-{name}", title(name), alt, legend, plot, wide)


def open_streams(connections: Connections, span_s: float) -> Chart:
    """Streams open over the run, the gaps of reconnecting streams shaded."""
    xs = [float(pair[0]) for pair in connections.open_over_time]
    ys = [float(pair[1]) for pair in connections.open_over_time]
    top = max([1.0, *ys]) * 1.1
    plot = blank(220, "seconds since the start", y_range=Range1d(0, top), x_range=run_range(span_s))
    for left, right in _shaded(connections.gaps, span_s):
        plot.add_layout(BoxAnnotation(left=left, right=right, fill_color=GAP.light, fill_alpha=0.2, line_color=None))
    if xs:
        xs, ys = [*xs, max(span_s, xs[-1])], [*ys, ys[-1]]
    columns = {"x": xs, "y": ys, "at": [seconds(x) for x in xs], "open": [f"{y:,.0f}" for y in ys]}
    plot.step("x", "y", source=ColumnDataSource(columns), mode="after", line_width=2, line_color=P50.light)
    add_hover(plot, [("at", "@at"), ("streams open", "@open")])
    legend = [Sign("streams open", P50)]
    if connections.gaps:
        legend.append(Sign("some stream without a connection", GAP, "area"))
    alt = f"Open streams over time, at most {connections.peak}, with {len(connections.gaps)} gaps."
    return Chart("streams", "Open streams", alt, legend, plot)


def _level(plot: figure, points: Sequence[Point], ink: Ink, level: str, ys: list[float], near: float) -> GlyphRenderer:
    """One level of the latency; where points stand alone they are drawn as dots, too."""
    xs = [point.at_s for point in points]
    counts = [f"{point.count:,}" for point in points]
    columns = _columns(xs, ys, what=[level] * len(xs), at=[seconds(x) for x in xs], count=counts)
    if level == "max":
        return _dots(plot, columns, ink)
    broken = _with_breaks(columns, near)
    line = _line(plot, broken, ink)
    return line if len(broken["x"]) == len(xs) else _dots(plot, columns, ink)


def _curve(histogram: LatencyHistogram, lost: int) -> tuple[list[float], list[float]]:
    """Places on the axis of nines and latencies, up to the rank of the last sample that came."""
    total = histogram.count + lost
    if not histogram.count:
        return [], []
    steps = math.ceil(math.log10(total) / NINES_STEP) if total > 1 else 0
    places = [at * NINES_STEP for at in range(steps + 1)]
    values = histogram.percentiles_us([percentile_at(place) for place in places], lost)
    came = sum(value < math.inf for value in values)
    return places[:came], values[:came]


def percentile_of(row: RowRecord) -> float | None:
    """The percentile that a row asks for, when it has a place on the axis of nines."""
    found = _PERCENTILE.fullmatch(row.aggregation)
    value = float(found[1]) if found else 100.0
    return value if value < 100 else None


def mark_limits(plot: figure, rows: Sequence[RowRecord]) -> None:
    """The rows' limits as diamonds at their percentiles on the axis of nines."""
    columns = {
        "x": [nines(percentile_of(row) or 0.0) for row in rows],
        "y": [row.limit for row in rows],
        "what": [f"target {row.expression}" for row in rows],
        "at": [row.aggregation for row in rows],
        "value": [duration(row.limit) for row in rows],
    }
    source = ColumnDataSource(columns)
    plot.scatter("x", "y", source=source, marker="diamond", size=13, line_color=LIMIT.light, fill_color=None)


def _line(plot: figure, columns: Columns, ink: Ink) -> GlyphRenderer:
    look = {"line_width": 2, "line_color": ink.light, "line_dash": list(ink.dash), "line_join": "round"}
    return plot.line("x", "y", source=ColumnDataSource(dict(columns)), **look)


def _dots(plot: figure, columns: Columns, ink: Ink) -> GlyphRenderer:
    source = ColumnDataSource(dict(columns))
    return plot.scatter("x", "y", source=source, size=4.5, line_color=None, fill_color=ink.light)


def _columns(xs: list[float], ys: list[float], **texts: list[str]) -> Columns:
    """What is drawn, and the texts that appear when a point is hovered over."""
    return {"x": xs, "y": ys, "value": [duration(y) for y in ys], **texts}


def _with_breaks(columns: Columns, near: float) -> Columns:
    """The columns with a NaN wherever two points are further apart than ``near``."""
    xs = [float(x) for x in columns["x"]]
    ends = [at for at, (earlier, later) in enumerate(pairwise(xs), start=1) if later - earlier > near]
    broken: dict[str, list[float] | list[str]] = {}
    for name, values in columns.items():
        copied: list[Any] = list(values)
        for at in reversed(ends):
            copied.insert(at, math.nan if name == "y" else copied[at - 1])
        broken[name] = copied
    return broken


def _shaded(gaps: Sequence[Gap], end_s: float) -> list[tuple[float, float]]:
    """The time in which any stream had no connection: overlapping gaps as one."""
    merged: list[tuple[float, float]] = []
    for left, right in sorted((gap.from_s, end_s if gap.to_s is None else gap.to_s) for gap in gaps):
        if merged and left <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(right, merged[-1][1]))
        else:
            merged.append((left, right))
    return merged


def mark_steps(plot: figure, steps: Sequence[ClockStepRecord]) -> None:
    """Shade when a clock jumped."""
    for step in steps:
        shade = {"fill_color": GAP.light, "fill_alpha": 0.25, "line_color": None}
        plot.add_layout(BoxAnnotation(left=step.after_s, right=step.before_s, **shade))
        # A step is known to a moment that is narrower than a pixel of a long run.
        middle = (step.after_s + step.before_s) / 2
        plot.add_layout(Span(location=middle, dimension="height", line_color=GAP.light, line_width=1.5))


def step_sign(steps: Sequence[ClockStepRecord]) -> list[Sign]:
    """The legend's entry for the steps, if there are any."""
    return [Sign("clock step", GAP, "area")] if steps else []


def add_hover(plot: figure, tips: list[tuple[str, str]], renderers: list[GlyphRenderer] | None = None) -> None:
    """What a reader sees under the pointer: labels and the columns that they show."""
    plot.add_tools(HoverTool(tooltips=tips, mode="mouse", line_policy="nearest", renderers=renderers or "auto"))


def run_range(span_s: float, first_s: float = 0.0) -> Range1d:
    """The axis of the run's seconds; the whole second in which it started may begin before it, at ``first_s``."""
    return Range1d(min(0.0, first_s) - 0.01 * span_s, max(span_s, 1.0) * 1.01)

"""A latency per event type: median, 99th percentile with its bounds, and maximum on one line each."""

from __future__ import annotations

from collections.abc import Mapping

from bokeh.models import ColumnDataSource, FixedTicker, Range1d
from bokeh.plotting import figure

from reports.definitions import title
from reports.html.axes import blank, latency_label, latency_range, latency_ticks
from reports.html.charts import Chart, Sign, add_hover
from reports.html.palette import MAX, P50, P99
from reports.model import Figures
from reports.wording import duration, plain

MAX_TYPES = 14
"""Types drawn; the table has all of them."""
_LINE = 26
_LEVELS = (("p50", P50, "circle"), ("p99", P99, "diamond"), ("max", MAX, "dash"))


def type_chart(name: str, types: Mapping[str, Figures]) -> Chart:
    """The types with the highest 99th percentiles, the highest at the top."""
    drawn = sorted(types.items(), key=lambda found: found[1].p99)[-MAX_TYPES:]
    values = [value for _, found in drawn for value in (found.p50, found.p99, found.max)]
    x_range, y_range = latency_range(values), Range1d(-0.6, len(drawn) - 0.4)
    plot = blank(70 + _LINE * len(drawn), "", x_axis_type="log", x_range=x_range, y_range=y_range)
    ticks = latency_ticks(x_range.start, x_range.end)
    plot.xaxis.ticker = FixedTicker(ticks=ticks)
    plot.xaxis.major_label_overrides = {tick: latency_label(tick) for tick in ticks}
    plot.yaxis.ticker = FixedTicker(ticks=list(range(len(drawn))))
    plot.yaxis.major_label_overrides = {at: plain(kind)[:28] for at, (kind, _) in enumerate(drawn)}
    for level, ink, marker in _LEVELS:
        _level(plot, drawn, level, ink.light, marker)
    add_hover(plot, [("", "@what"), ("latency", "@value"), ("samples", "@count")])
    legend = [Sign(level, ink, "diamond" if level == "p99" else "dot") for level, ink, _ in _LEVELS]
    alt = f"{title(name)} by event type, {len(drawn)} of {len(types)} types; the table gives the figures."
    return Chart(f"types-{name}", f"{title(name)} by event type", alt, legend, plot, wide=False)


def _level(plot: figure, drawn: list[tuple[str, Figures]], level: str, color: str, marker: str) -> None:
    kept = [(at, kind, found) for at, (kind, found) in enumerate(drawn) if getattr(found, level) != float("inf")]
    columns = {
        "x": [max(getattr(found, level), 1.0) for _, _, found in kept],
        "y": [at for at, _, _ in kept],
        "what": [f"{plain(kind)} {level}" for _, kind, _ in kept],
        "value": [duration(getattr(found, level)) for _, _, found in kept],
        "count": [f"{found.samples:,}" for _, _, found in kept],
    }
    look = {"marker": marker, "size": 9, "line_color": color, "fill_color": color}
    plot.scatter("x", "y", source=ColumnDataSource(columns), **look)

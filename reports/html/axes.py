"""Axes of the charts: logarithmic time with plain labels, percentiles by their nines, seconds of the run.

Ticks are fixed and labelled here: a formatter in JavaScript would need eval, which the report's policy forbids.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from bokeh.models import FixedTicker, LogAxis, LogScale, Range1d
from bokeh.plotting import figure

from reports.html.palette import GRID, PAPER, TEXT

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
_MANTISSAS = {1: (1, 2, 5), 2: (1, 3), 3: (1,)}


def blank(height: int, label: str, *, tools: str = "", **options: object) -> figure:
    """An empty figure in the report's style, as wide as its box, without a toolbar."""
    plot = figure(height=height, sizing_mode="stretch_width", toolbar_location=None, tools=tools, **options)
    # A transparent canvas would keep traces of what was drawn before it had its width.
    plot.background_fill_color = plot.border_fill_color = PAPER.light
    plot.outline_line_color = None
    plot.min_border = 4
    plot.min_border_right = 18
    plot.xaxis.axis_label = label
    for axis in (*plot.xaxis, *plot.yaxis):
        style_axis(axis)
    for grid in plot.grid:
        grid.grid_line_color = GRID.light
    plot.xgrid.grid_line_color = None
    return plot


def style_axis(axis: LogAxis) -> None:
    """Quiet ticks, labels in the page's own font."""
    axis.axis_label_text_font = axis.major_label_text_font = FONT
    axis.axis_label_text_font_size = axis.major_label_text_font_size = "12px"
    axis.axis_label_text_font_style = "normal"
    axis.axis_label_text_color = axis.major_label_text_color = TEXT.light
    axis.axis_line_color = axis.major_tick_line_color = GRID.light
    axis.minor_tick_line_color = None


def latency_range(values_us: Iterable[float]) -> Range1d:
    """A range of microseconds that shows every finite value with some air."""
    finite = [value for value in values_us if 0 < value < math.inf] or [1.0]
    return Range1d(min(finite) / 1.4, max(finite) * 1.6)


def latency_axis(plot: figure) -> None:
    """Label a logarithmic axis of microseconds as µs, ms and s."""
    ticks = latency_ticks(plot.y_range.start, plot.y_range.end)
    plot.yaxis.ticker = FixedTicker(ticks=ticks)
    plot.yaxis.major_label_overrides = {tick: latency_label(tick) for tick in ticks}
    plot.ygrid.ticker = FixedTicker(ticks=ticks)
    assert isinstance(plot.y_scale, LogScale)


def latency_ticks(low: float, high: float) -> list[float]:
    """Round values between ``low`` and ``high``: every decade, and parts of it when there are few."""
    decades = math.log10(high / low)
    mantissas = _MANTISSAS[1 if decades < 2 else 2 if decades < 4 else 3]
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [mantissa * 10.0**power for power in powers for mantissa in mantissas]
    return [value for value in values if low <= value <= high]


def latency_label(microseconds: float) -> str:
    """A tick's value in the largest unit that keeps it above one."""
    for factor, unit in ((1e6, "s"), (1e3, "ms")):
        if microseconds >= factor:
            return f"{microseconds / factor:g} {unit}"
    return f"{microseconds:g} µs"


def nines(percentile: float) -> float:
    """Where a percentile stands on the axis of nines: 90 at 1, 99 at 2, 99.9 at 3."""
    return -math.log10(1 - percentile / 100)


def percentile_at(position: float) -> float:
    """The percentile at a place on the axis of nines."""
    return 100 * (1 - math.pow(10, -position))


def percentile_text(position: float) -> str:
    """The percentile at a place on the axis of nines, with the digits that tell it from its neighbours."""
    return f"{percentile_at(position):.{max(1, math.ceil(position))}f} %"


def nines_axis(plot: figure, end: float) -> None:
    """Label the axis of nines up to ``end``."""
    labels = {0.0: "0", nines(50): "50 %", 1.0: "90 %", 2.0: "99 %"}
    labels |= {float(n): f"99.{'9' * (n - 2)} %" for n in range(3, math.floor(end) + 1)}
    ticks: Sequence[float] = [tick for tick in labels if tick <= end]
    plot.xaxis.ticker = FixedTicker(ticks=ticks)
    plot.xaxis.major_label_overrides = labels

"""Charts of how sure the figures are: delivery with its interval at every percentile, and the clock's offset."""

from __future__ import annotations

from collections.abc import Sequence

from bokeh.models import BasicTickFormatter, ColumnDataSource, Range1d
from bokeh.plotting import figure

from reports.certainty import offset, span_of
from reports.definitions import title
from reports.html.axes import blank, latency_axis, latency_range, nines, nines_axis, percentile_text
from reports.html.charts import Chart, Sign, add_hover, mark_limits, mark_steps, percentile_of, run_range, step_sign
from reports.html.palette import LIMIT, P50, P99, Ink
from reports.model import RowRecord
from reports.tester import ClockOfProcess
from reports.wording import duration, plain, seconds

BAND_ALPHA = 0.22
DEEPEST = 5.0
"""How far below the smallest value a band is drawn, as a factor."""
_LOWEST_US = 1.0
_UNITS = ((1e6, "s"), (1e3, "ms"), (1.0, "µs"))


def interval_curve(name: str, curve: Sequence[Sequence[float]], rows: Sequence[RowRecord]) -> Chart:
    """A measure at every percentile with its interval as a band; ``curve`` is that of ``reports.model.Metric``."""
    xs = [nines(percentile) for percentile, *_ in curve]
    lows, values, highs = ([max(row[at], _LOWEST_US) for row in curve] for at in (1, 2, 3))
    # The low of the smallest value may be next to nothing, and would take all the room.
    drawn_lows = [max(low, min(values) / DEEPEST) for low in lows]
    limits = [row for row in rows if row.metric == name and row.type is None and percentile_of(row) is not None]
    end = max(2.2, xs[-1])
    drawn = latency_range([*drawn_lows, *highs, *(row.limit for row in limits)])
    plot = blank(300, "percentile", y_axis_type="log", y_range=drawn, x_range=Range1d(-0.05, end + 0.1))
    latency_axis(plot)
    nines_axis(plot, end)
    texts = {
        "at": [percentile_text(x) for x in xs],
        "value": [duration(value) for value in values],
        "known": [span_of(low, high) for low, high in zip(lows, highs, strict=True)],
    }
    _band(plot, {"x": xs, "low": drawn_lows, "high": highs, "y": values, **texts}, P50)
    legend = [Sign("value shown", P50), Sign("where the truth lies", P50, "area")]
    if limits:
        mark_limits(plot, limits)
        legend.append(Sign("target", LIMIT, "diamond"))
    add_hover(plot, [("percentile", "@at"), ("shown", "@value"), ("true value", "@known")])
    alt = f"{title(name)} by percentile with the interval that holds the true percentile."
    return Chart(f"interval-{name}", f"{title(name)}: how sure", alt, legend, plot)


def offset_course(process: ClockOfProcess, number: int, span_s: float) -> list[Chart]:
    """The offset over time with its bounds, and how wide they are; empty with fewer than two windows."""
    if len(process.windows) < 2:
        return []
    return [_offset(process, number, span_s), _width(process, number, span_s)]


def _offset(process: ClockOfProcess, number: int, span_s: float) -> Chart:
    xs = [window[0] for window in process.windows]
    factor, unit = _unit([bound for window in process.windows for bound in window[1:]])
    lows, highs = ([window[at] / factor for window in process.windows] for at in (1, 2))
    margin = max((max(highs) - min(lows)) * 0.08, 1e-3)
    drawn = Range1d(min(lows) - margin, max(highs) + margin)
    plot = blank(240, "seconds since the start", y_range=drawn, x_range=run_range(span_s))
    plot.yaxis.axis_label = f"offset in {unit}"
    plot.yaxis.formatter = BasicTickFormatter(use_scientific=False)
    texts = {"at": [seconds(x) for x in xs], "known": [offset(low, high) for _, low, high in process.windows]}
    middles = [(low + high) / 2 for low, high in zip(lows, highs, strict=True)]
    _band(plot, {"x": xs, "low": lows, "high": highs, "y": middles, **texts}, P50)
    mark_steps(plot, process.steps)
    add_hover(plot, [("at", "@at"), ("offset", "@known")])
    legend = [Sign("offset", P50), Sign("its bounds", P50, "area"), *step_sign(process.steps)]
    name = plain(process.name)
    alt = f"Offset of the server's clock against that of {name} over time, with {len(process.steps)} steps."
    return Chart(f"offset-{number}", f"Offset, {name}", alt, legend, plot, wide=False)


def _width(process: ClockOfProcess, number: int, span_s: float) -> Chart:
    xs = [window[0] for window in process.windows]
    halves = [max((high - low) / 2, _LOWEST_US) for _, low, high in process.windows]
    drawn = latency_range(halves)
    plot = blank(240, "seconds since the start", y_axis_type="log", y_range=drawn, x_range=run_range(span_s))
    latency_axis(plot)
    columns = {"x": xs, "y": halves, "at": [seconds(x) for x in xs], "value": [f"± {duration(y)}" for y in halves]}
    plot.line("x", "y", source=ColumnDataSource(columns), line_width=2, line_color=P99.light, line_dash=list(P99.dash))
    mark_steps(plot, process.steps)
    add_hover(plot, [("at", "@at"), ("known to", "@value")])
    legend = [Sign("offset ± this", P99), *step_sign(process.steps)]
    alt = "How wide the bounds of the offset are over time."
    return Chart(f"bound-{number}", "How well it is known", alt, legend, plot, wide=False)


def _band(plot: figure, columns: dict[str, list[float] | list[str]], ink: Ink) -> None:
    """A line with the band between ``low`` and ``high`` around it."""
    source = ColumnDataSource({key: list(values) for key, values in columns.items()})
    plot.varea("x", "low", "high", source=source, fill_color=ink.light, fill_alpha=BAND_ALPHA)
    plot.line("x", "y", source=source, line_width=2, line_color=ink.light, line_join="round")


def _unit(values_us: Sequence[float]) -> tuple[float, str]:
    """The unit of the axis: the largest that leaves more than a few of it."""
    reach = max(map(abs, values_us))
    spread = max(values_us) - min(values_us)
    return next((unit for unit in _UNITS if reach >= 2 * unit[0] and spread >= unit[0] / 2), _UNITS[-1])

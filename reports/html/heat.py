"""Delivery as a heat map: how many events took how long, over the time of the run, and when events were lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy
from bokeh.models import ColumnDataSource, LogColorMapper, Range1d, Span
from bokeh.plotting import figure

from reports.definitions import title
from reports.html.axes import blank, latency_axis
from reports.html.charts import Chart, Sign, add_hover, run_range
from reports.html.palette import HEAT, LIMIT, LOST
from reports.intervals import CELLS_A_DECADE, Point
from reports.model import RowRecord
from reports.wording import seconds

_ROOM: Final = 2
"""Empty rows above the highest latency, in which the lost are marked."""


def heat_map(
    name: str, points: Sequence[Point], lost: Sequence[Sequence[float]], rows: Sequence[RowRecord], span_s: float
) -> Chart:
    """``lost`` has pairs of a second of the run and how many deliveries of it never came."""
    low = min(cell for point in points for cell in point.cells)
    high = max(cell for point in points for cell in point.cells) + 1
    bottom, top = 10 ** (low / CELLS_A_DECADE), 10 ** ((high + _ROOM) / CELLS_A_DECADE)
    width, first = points[0].width_s, min(point.at_s for point in points)
    x_range = run_range(span_s, first)
    plot = blank(280, "seconds since the start", y_axis_type="log", y_range=Range1d(bottom, top), x_range=x_range)
    latency_axis(plot)
    image = _image(points, low, high, first, width)
    most = max(image.max(), 1)
    mapper = LogColorMapper(palette=[ink.light for ink in HEAT], low=1, high=max(most, 2), low_color="rgba(0, 0, 0, 0)")
    top_us = 10 ** (high / CELLS_A_DECADE)
    columns = {"image": [image], "x": [first], "y": [bottom], "dw": [image.shape[1] * width], "dh": [top_us - bottom]}
    drawn = plot.image("image", "x", "y", "dw", "dh", source=ColumnDataSource(columns), color_mapper=mapper)
    add_hover(plot, [("from", "$x{0.0} s"), ("latency", "$y{0,0} µs"), ("events", "@image{0,0}")], [drawn])
    legend = [Sign("few events", HEAT[1], "area", solid=True), Sign("many", HEAT[-1], "area", solid=True)]
    for row in rows:
        if row.metric == name and row.type is None and row.unit == "us":
            plot.add_layout(Span(location=row.limit, dimension="width", line_color=LIMIT.light, line_dash=[6, 4]))
            legend.append(Sign("target", LIMIT))
    if lost:
        _mark_lost(plot, lost, top)
        legend.append(Sign("lost", LOST, "cross"))
    alt = (
        f"{title(name)} over time as a heat map, from {points[0].at_s:.0f} s on; the tables give the percentiles. "
        + (f"Events were lost in {len(lost)} moments." if lost else "No event was lost.")
    )
    return Chart(f"heat-{name}", f"{title(name)}, every event", alt, legend, plot)


def _image(points: Sequence[Point], low: int, high: int, first: float, width: int) -> numpy.ndarray:
    columns = max(round((point.at_s - first) / width) for point in points) + 1
    image = numpy.zeros((high - low, columns), numpy.uint32)
    for point in points:
        for cell, count in point.cells.items():
            image[cell - low, round((point.at_s - first) / width)] = count
    return image


def _mark_lost(plot: figure, lost: Sequence[Sequence[float]], top: float) -> None:
    columns = {
        "x": [at for at, _ in lost],
        "y": [top / 10 ** (_ROOM / 2 / CELLS_A_DECADE)] * len(lost),
        "at": [seconds(at) for at, _ in lost],
        "lost": [f"{n:,.0f}" for _, n in lost],
    }
    source = ColumnDataSource(columns)
    crosses = plot.scatter("x", "y", source=source, marker="x", size=9, line_color=LOST.light, line_width=2)
    add_hover(plot, [("from", "@at"), ("lost", "@lost")], [crosses])

"""The life of one task on a line a source: calls, sessions, the status on the stream and the status by REST."""

from __future__ import annotations

from typing import Final

from bokeh.core.properties import value
from bokeh.models import ColumnDataSource, FixedTicker, LabelSet, Range1d

from reports.html.axes import FONT, blank
from reports.html.charts import Chart, Sign, add_hover
from reports.html.palette import INKS, LIMIT, TEXT
from reports.lives import Moment, TaskStory
from reports.wording import NOTHING, duration, plain, seconds

LANES: Final = ("REST status", "stream status", "session", "call")
"""From the bottom up."""
_SHORT: Final = {"REST status": "REST", "stream status": "stream", "session": "sessions", "call": "calls"}
_INKS: Final = dict(zip(LANES, (INKS[2], INKS[0], INKS[3], INKS[1]), strict=True))
_THICK: Final = 0.32
_WIDE: Final = 0.0075
_NARROW: Final = 0.027
"""Share of the width that a letter takes, on a desk and on a phone, whose page takes the other words."""
_LEAST: Final = 0.002
"""Share of the width that the shortest span takes, so that it can be seen."""


def task_timeline(story: TaskStory, number: int) -> Chart:
    """It begins some time before the first call and ends after the last thing that is known."""
    begin = min(moment.at_s for moment in story.moments)
    end = max(moment.to_s or moment.at_s for moment in story.moments)
    width = max(end - begin, 1e-3)
    x_range = Range1d(begin - 0.03 * width, end + 0.05 * width)
    plot = blank(230, "seconds since the start", tools="xpan", x_range=x_range, y_range=Range1d(-0.6, len(LANES) - 0.3))
    plot.yaxis.ticker = FixedTicker(ticks=list(range(len(LANES))))
    plot.yaxis.major_label_overrides = {at: _SHORT[lane] for at, lane in enumerate(LANES)}
    shown = [moment for moment in story.moments if moment.lane in LANES]
    columns = _columns(shown, end, width)
    bars = plot.quad(
        "left", "right", "top", "bottom", source=columns, fill_color="color", fill_alpha=0.55, line_color="color"
    )
    text = {"text_font": value(FONT), "text_font_size": "11px", "text_color": TEXT.light}
    plot.add_layout(LabelSet(x="left", y="top", text="words_wide", source=columns, y_offset=2, **text))
    add_hover(plot, [("", "@what"), ("from", "@at"), ("took", "@took")], [bars])
    legend = [Sign(_SHORT[lane], _INKS[lane], "area") for lane in reversed(LANES)]
    if not all(moment.good for moment in shown):
        legend.append(Sign("failed, or its event never came", LIMIT, "area"))
    alt = f"Life of the task over {duration(width * 1e6)}, {len(shown)} entries; the table has each of them."
    return Chart(f"task-{number}", f"{plain(story.picked)}: {plain(story.title or story.task_id)}", alt, legend, plot)


def _columns(shown: list[Moment], end: float, width: float) -> ColumnDataSource:
    rights = [max(end if m.to_s is None else m.to_s, m.at_s + _LEAST * width) for m in shown]
    rows = [LANES.index(moment.lane) for moment in shown]
    return ColumnDataSource(
        {
            "left": [moment.at_s for moment in shown],
            "right": rights,
            "top": [row + _THICK for row in rows],
            "bottom": [row - _THICK for row in rows],
            "color": [(_INKS[m.lane] if m.good else LIMIT).light for m in shown],
            "what": [f"{moment.lane}: {plain(moment.what)}" for moment in shown],
            "words_wide": _labels(shown, _WIDE * width),
            "words_narrow": _labels(shown, _NARROW * width),
            "at": [seconds(moment.at_s) for moment in shown],
            "took": [NOTHING if m.to_s is None else duration((m.to_s - m.at_s) * 1e6) for m in shown],
        }
    )


def _labels(shown: list[Moment], letter_s: float) -> list[str]:
    """The words beside each bar, left out where the one before leaves no room."""
    free: dict[str, float] = {}
    labels = []
    for moment in shown:
        words = plain(moment.what)[:8] if moment.lane == "session" else plain(moment.what)
        fits = moment.at_s >= free.get(moment.lane, moment.at_s)
        labels.append(words if fits else "")
        if fits:
            free[moment.lane] = moment.at_s + len(words) * letter_s
    return labels

"""What was asked of the service and what became of it, by the second: triggers, events, connections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bokeh.models import ColumnDataSource, Range1d

from reports.html.axes import blank
from reports.html.charts import Chart, Sign, add_hover, run_range
from reports.html.palette import INKS, Ink
from reports.lives import Pace
from reports.model import Connections
from reports.wording import count, seconds

_RATES: Final = (("intended", "triggers due"), ("sent", "calls sent"), ("events", "events told"))


def rates(pace: Pace, span_s: float) -> Chart:
    """Triggers that were due, calls that were sent and distinct events that came, each a second."""
    lines = [(name, words) for name, words in _RATES if getattr(pace, name)]
    top = max((n for name, _ in lines for _, n in getattr(pace, name)), default=0) / pace.step_s
    plot = blank(240, "seconds since the start", y_range=Range1d(0, max(top, 1) * 1.1), x_range=run_range(span_s))
    plot.yaxis.axis_label = "a second"
    legend = []
    for (name, words), ink in zip(lines, INKS, strict=False):
        _steps(plot, getattr(pace, name), pace.step_s, words, ink, span_s)
        legend.append(Sign(words, ink))
    add_hover(plot, [("", "@what"), ("from", "@at"), ("a second", "@rate")])
    totals = ", ".join(f"{count(sum(n for _, n in getattr(pace, name)))} {words}" for name, words in lines)
    return Chart("rates", "Rates asked and reached", f"Over time: {totals}.", legend, plot)


def comings_and_goings(connections: Connections, span_s: float) -> Chart:
    """When streams lost their connection, and when they had one again."""
    step = max(1.0, span_s / 120)
    lost = _counted([gap.from_s for gap in connections.gaps], step)
    back = _counted([gap.to_s for gap in connections.gaps if gap.to_s is not None], step)
    top = max([1, *(n for _, n in lost), *(n for _, n in back)]) * 1.15
    plot = blank(200, "seconds since the start", y_range=Range1d(0, top), x_range=run_range(span_s))
    legend = []
    for bars, words, ink, shift in ((lost, "lost", INKS[1], 0.05), (back, "open again", INKS[0], 0.5)):
        columns = {
            "left": [at + shift * step for at, _ in bars],
            "right": [at + (shift + 0.42) * step for at, _ in bars],
            "top": [n for _, n in bars],
            "what": [words] * len(bars),
            "at": [seconds(at) for at, _ in bars],
        }
        source = ColumnDataSource(columns)
        plot.quad("left", "right", "top", bottom=0, source=source, fill_color=ink.light, line_color=None)
        legend.append(Sign(words, ink, "area", solid=True))
    add_hover(plot, [("", "@what"), ("from", "@at"), ("streams", "@top")])
    alt = f"{len(connections.gaps)} connections lost, {sum(n for _, n in back)} of them open again, over time."
    return Chart("reconnects", "Connections lost and open again", alt, legend, plot)


def _steps(plot: object, pairs: Sequence[Sequence[float]], step: float, words: str, ink: Ink, span_s: float) -> None:
    known = {round(at / step): n for at, n in pairs}
    first, last = min(known), max(known)
    xs = [at * step for at in range(first, last + 2)]
    ys = [known.get(at, 0) / step for at in range(first, last + 2)]
    ys[-1] = ys[-2]
    columns = {
        "x": [min(x, max(span_s, x - step)) for x in xs],
        "y": ys,
        "what": [words] * len(xs),
        "at": [seconds(x) for x in xs],
        "rate": [f"{y:,.1f}" for y in ys],
    }
    look = {"line_width": 2, "line_color": ink.light, "line_dash": list(ink.dash)}
    plot.step("x", "y", source=ColumnDataSource(columns), mode="after", **look)  # type: ignore[attr-defined]


def _counted(moments: Sequence[float], step: float) -> list[tuple[float, int]]:
    found: dict[int, int] = {}
    for moment in moments:
        found[int(moment // step)] = found.get(int(moment // step), 0) + 1
    return [(at * step, n) for at, n in sorted(found.items())]

"""The whole report as one HTML page that opens offline and makes no request."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from reports import capacity, certainty, definitions, stories, wording
from reports.html.certainty_charts import interval_curve, offset_course
from reports.html.charts import Chart, open_streams, over_time, percentile_curves
from reports.html.embed import chart_items, library, script_json
from reports.html.heat import heat_map
from reports.html.load_charts import comings_and_goings, rates
from reports.html.palette import DARK_FOR_LIGHT
from reports.html.task_timeline import task_timeline
from reports.html.type_chart import type_chart
from reports.intervals import Courses, step_s
from reports.model import CheckRecord, Figures, Result, RowRecord
from reports.tester import ESTIMATED

TEMPLATES = Path(__file__).parent / "templates"
MIN_POINTS = 2
TYPED = ("delivery", "trigger")
MAX_NAMED = 6
"""Causes that the verdict's sentence names."""
MAX_CLOCKS = 4
"""Processes whose clock is drawn; the table has all of them."""
_APART = (*definitions.TESTER, *definitions.CONNECT_PARTS, *definitions.NETWORK)


class Charts(NamedTuple):
    """The figures of each section; empty where there is nothing to draw."""

    percentiles: list[Chart]
    over_time: list[Chart]
    streams: list[Chart]
    skew: list[Chart]
    tester: list[Chart]
    certainty: list[Chart]
    clock: list[Chart]
    network: list[Chart]
    heat: list[Chart]
    types: list[Chart]
    phases: list[Chart]
    rates: list[Chart]
    tasks: list[Chart]

    def all(self) -> list[Chart]:
        """Every figure on the page."""
        return [chart for section in self for chart in section]


class Latency(NamedTuple):
    """A line of a latency table."""

    title: str
    figures: Figures


class TypeFigures(NamedTuple):
    """The event types of one metric."""

    title: str
    rows: list[Latency]


def render_html(result: Result, courses: Courses) -> str:
    """The page for a result and the courses of its metrics. The same input gives the same bytes."""
    shown = {name: found for name in definitions.in_order(list(courses)) if (found := courses[name]).points}
    charts = _charts(result, shown)
    connects = _latencies(result, ("connect", *definitions.CONNECT_PARTS, *definitions.NETWORK), inside=True)
    # Without TLS, or with an address in place of a name, a phase takes no time in any connect.
    idle = [each for each in connects if each.figures.max <= certainty.LEAST_US]
    told = stories.stories(result)
    template = _environment().get_template("report.html.j2")
    return template.render(
        result=result,
        run=result.run,
        verdict_sentence=_sentence(result, told),
        stories=told,
        undecided=stories.undecided(result),
        areas=stories.areas(result.checks),
        targets=_by_urgency(result),
        offenders=_offenders,
        latencies=_latencies(result, _APART, inside=False),
        tester=_latencies(result, definitions.TESTER, inside=True),
        connects=[each for each in connects if each not in idle],
        idle_parts=[each.title for each in idle],
        tester_row=certainty.row_of_tester(result.rows),
        types=_types(result),
        charts=charts,
        step=step_s(result.run.duration_s),
        missing=[definitions.title(name) for name in result.metrics if name not in shown],
        items=script_json(chart_items({f"chart-{c.key}": c.plot for c in charts.all()})),
        dark=script_json(DARK_FOR_LIGHT),
        library=library(),
    )


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        duration=wording.duration,
        milliseconds=wording.milliseconds,
        seconds=wording.seconds,
        number=wording.count,
        plain=wording.plain,
        span=wording.span,
        figure=wording.figure,
        measured=wording.measured,
        margin=wording.margin,
    )
    environment.globals.update(
        symbol=wording.symbol,
        headline=wording.headline,
        identity=wording.identity,
        share=wording.share,
        gap_summary=wording.gap_summary,
        size=wording.size,
        anchor=stories.anchor,
        note_is_urgent=_is_urgent,
        capacity=capacity,
        certainty=certainty,
        definitions=definitions,
        style=_source("style.css"),
        script=_source("page.js"),
    )
    return environment


def _source(name: str) -> Markup:
    return Markup((TEMPLATES / name).read_text(encoding="utf-8"))


def _sentence(result: Result, told: Sequence[stories.Story]) -> str:
    """The verdict in a sentence: the causes by name, where there are any."""
    if result.verdict.result != "fail" or not told:
        return wording.plain(result.verdict.summary)
    titles = [story.title[:1].lower() + story.title[1:] for story in told[:MAX_NAMED]]
    more = len(told) - len(titles)
    named = "; ".join([*titles, f"and {more} more"] if more else titles)
    return f"{len(told)} thing{'' if len(told) == 1 else 's'} went wrong: {named}."


def _is_urgent(note: str, result: Result) -> bool:
    """Whether a note is about the run having been cut short, which changes how all figures are read."""
    return note.startswith("The run was ended") or any(
        check.name.startswith("run.")
        and check.verdict == "unknown"
        and note.lower().startswith(check.summary.lower()[:40])
        for check in result.checks
    )


_URGENCY = {"fail": 0, "inconclusive": 1, "unknown": 1, "pass": 2}


def _by_urgency(result: Result) -> list[RowRecord]:
    """The targets, those that were missed first; the tester's own row is told apart."""
    rows = [row for row in result.rows if row.metric != "tester"]
    return sorted(rows, key=lambda row: _URGENCY.get(row.verdict, 3))


def _offenders(check: CheckRecord, result: Result) -> list[wording.Offender]:
    return wording.offenders(check, result.run.started_ns)


def _latencies(result: Result, names: Sequence[str], *, inside: bool) -> list[Latency]:
    """Metrics that are in ``names`` (or that are not), in the order of the reports."""
    ordered = definitions.in_order(list(result.metrics))
    return [Latency(definitions.title(name), result.metrics[name]) for name in ordered if (name in names) is inside]


def _types(result: Result) -> list[TypeFigures]:
    ordered = definitions.in_order(list(result.metrics))
    return [
        TypeFigures(definitions.title(name), [Latency(wording.plain(kind), found[kind]) for kind in sorted(found)])
        for name in ordered
        if (found := result.metrics[name].types)
    ]


def _charts(result: Result, courses: Courses) -> Charts:
    service = {name: courses[name] for name in courses if name not in (*_APART, "skew")}
    tester = {name: courses[name] for name in courses if name in definitions.TESTER}
    network = {name: courses[name] for name in courses if name in definitions.NETWORK}
    skew = {name: courses[name] for name in courses if name == "skew"}
    # The same calls as those of trigger: a second course would say the same.
    drawn = {name: courses[name] for name in service if name != "trigger_sent"}
    span_s, seen = result.run.duration_s, result.connections
    streams = [open_streams(seen, span_s)] if seen.open_over_time else []
    streams += [comings_and_goings(seen, span_s)] if seen.gaps else []
    phases = {name: courses[name] for name in courses if name in ("connect", *definitions.CONNECT_PARTS)}
    phases = {name: found for name, found in phases.items() if result.metrics[name].max > certainty.LEAST_US}
    pace, delivery = result.pace, service.get("delivery")
    heat = [heat_map("delivery", delivery.points, pace.lost, result.rows, span_s)] if delivery else []
    return Charts(
        percentiles=_curves(result, service, "percentiles"),
        over_time=_times(result, drawn),
        streams=streams,
        skew=_curves(result, skew, "skew") + _times(result, skew),
        tester=_times(result, tester),
        certainty=_certainty(result),
        clock=_clocks(result),
        network=_times(result, network),
        heat=heat,
        types=[type_chart(name, result.metrics[name].types) for name in TYPED if _types_of(result, name)],
        phases=_curves(result, phases, "phases"),
        rates=[rates(pace, span_s)] if pace.intended or pace.sent or pace.events else [],
        tasks=[task_timeline(story, at) for at, story in enumerate(result.tasks) if story.moments],
    )


def _types_of(result: Result, name: str) -> bool:
    return name in result.metrics and bool(result.metrics[name].types)


def _certainty(result: Result) -> list[Chart]:
    delivery = result.metrics.get("delivery")
    return [interval_curve("delivery", delivery.curve, result.rows)] if delivery and delivery.curve else []


def _clocks(result: Result) -> list[Chart]:
    """The offsets that were estimated; one that counts as 0 has no course."""
    estimated = [process for process in result.clock.processes if process.mode == ESTIMATED]
    courses = (offset_course(each, at, result.run.duration_s) for at, each in enumerate(estimated[:MAX_CLOCKS]))
    return [chart for course in courses for chart in course]


def _curves(result: Result, courses: Courses, key: str) -> list[Chart]:
    if not courses:
        return []
    histograms = {name: found.whole for name, found in courses.items()}
    lost = {"delivery": result.deliveries.lost}
    return [percentile_curves(histograms, lost, result.rows, key)]


def _times(result: Result, courses: Courses) -> list[Chart]:
    """A chart for each metric that has enough points to have a course; the first one wide."""
    span_s = result.run.duration_s
    drawn = {name: found.points for name, found in courses.items() if len(found.points) >= MIN_POINTS}
    # Every process that shares a machine sees the same step, so one of them is enough to mark it.
    steps = max((process.steps for process in result.clock.processes), key=len, default=[])
    compared = {each.name for each in definitions.LATENCIES if each.clock == definitions.TWO}
    odd = len(drawn) % 2 == 1
    return [
        over_time(name, points, span_s, result.rows, steps if name in compared else (), wide=at == 0 and odd)
        for at, (name, points) in enumerate(drawn.items())
    ]

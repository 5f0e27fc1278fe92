"""Everything that a run leaves in its result directory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from locust_eventsource.measure.hlog import logged
from locust_eventsource.measure.series import Series
from reports.data_files import render_csv, render_offenders
from reports.intervals import Course, Courses, course, read_courses
from reports.junit import render_junit
from reports.markdown import render_markdown
from reports.model import RESULT_FILE, Result, save, write_atomically

HTML_FILE = "report.html"
MARKDOWN_FILE = "report.md"
_PLAIN: Final[Mapping[str, Callable[[Result], str]]] = {
    MARKDOWN_FILE: render_markdown,
    "junit.xml": render_junit,
    "offenders.jsonl": render_offenders,
    "metrics.csv": render_csv,
}
"""Files that come of the result alone."""


class Paths(NamedTuple):
    """Where the files of a run are."""

    directory: Path
    result: Path
    html: Path
    markdown: Path
    hlogs: list[Path]


def write_results(directory: Path, result: Result, series: Series) -> Paths:
    """Write result.json, one ``<metric>.hlog`` for each metric with samples, and all reports.

    Data first, so that a failure while a report is rendered loses none of it. Raises OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    save(directory / RESULT_FILE, result)
    courses = {metric: _write_hlog(directory / f"{metric}.hlog", metric, series, result) for metric in series.metrics()}
    return _render(directory, result, courses)


def render_files(directory: Path, result: Result) -> Paths:
    """Make all reports anew out of the result and the ``.hlog`` files beside it.

    Raises OSError, or ValueError naming the .hlog file that cannot be read.
    """
    return _render(directory, result, read_courses(directory, result.run.started_ns / 1e9, result.run.duration_s))


def _render(directory: Path, result: Result, courses: Courses) -> Paths:
    for name, render in _PLAIN.items():
        write_atomically(directory / name, render(result))
    html = directory / HTML_FILE
    write_atomically(html, _html(result, courses))
    hlogs = sorted(directory.glob("*.hlog"))
    return Paths(directory, directory / RESULT_FILE, html, directory / MARKDOWN_FILE, hlogs)


def _write_hlog(path: Path, metric: str, series: Series, result: Result) -> Course:
    temporary, run = path.with_name(f".{path.name}.part"), result.run
    try:
        intervals = logged(temporary, metric, series.sealed(metric), run.started_ns)
        found = course(intervals, run.started_ns / 1e9, run.duration_s, series.histogram(metric))
        temporary.replace(path)
        return found
    finally:
        temporary.unlink(missing_ok=True)


def _html(result: Result, courses: Courses) -> str:
    # The chart library costs a second to import, which a run must not pay before it starts.
    from reports.html import render_html

    return render_html(result, courses)

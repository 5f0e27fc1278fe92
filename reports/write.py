"""Everything that a run leaves in its result directory."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from locust_eventsource.measure.hlog import write_hlog
from locust_eventsource.measure.series import Series
from reports.intervals import Hlogs, read_hlogs
from reports.markdown import render_markdown
from reports.model import RESULT_FILE, Result, save, write_atomically

HTML_FILE = "report.html"
MARKDOWN_FILE = "report.md"


class Paths(NamedTuple):
    """Where the files of a run are."""

    directory: Path
    result: Path
    html: Path
    markdown: Path
    hlogs: list[Path]


def write_results(directory: Path, result: Result, series: Series) -> Paths:
    """Write result.json, one ``<metric>.hlog`` for each metric with samples, report.html and report.md.

    Data first, so that a failure while a report is rendered loses none of it. Raises OSError.
    """
    directory.mkdir(parents=True, exist_ok=True)
    save(directory / RESULT_FILE, result)
    for metric in series.metrics():
        _write_hlog(directory / f"{metric}.hlog", metric, series, result.run.started_ns)
    return render_files(directory, result)


def render_files(directory: Path, result: Result) -> Paths:
    """Make report.html and report.md out of the result and the ``.hlog`` files beside it.

    Raises OSError, or ValueError naming the .hlog file that cannot be read.
    """
    hlogs = read_hlogs(directory)
    html, markdown = directory / HTML_FILE, directory / MARKDOWN_FILE
    write_atomically(html, _html(result, hlogs))
    write_atomically(markdown, render_markdown(result))
    return Paths(directory, directory / RESULT_FILE, html, markdown, sorted(directory.glob("*.hlog")))


def _write_hlog(path: Path, metric: str, series: Series, started_ns: int) -> None:
    temporary = path.with_name(f".{path.name}.part")
    try:
        write_hlog(temporary, metric, series.intervals(metric), started_ns)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _html(result: Result, hlogs: Hlogs) -> str:
    # The chart library costs a second to import, which a run must not pay before it starts.
    from reports.html import render_html

    return render_html(result, hlogs)

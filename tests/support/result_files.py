"""All files of a run's results, whatever way the run ended."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from locust_eventsource.measure.hlog import read_hlog
from reports.model import RESULT_FILE, Result, load
from run.journal import JOURNAL_FILE
from tests.support.result_schema import assert_valid

REPORT_LINES = 60


def assert_complete(directory: Path) -> Result:
    """Every file is there, can be read and tells the same run; returns the result."""
    result = load(directory / RESULT_FILE)
    assert_valid(json.loads((directory / RESULT_FILE).read_text(encoding="utf-8")))
    assert not (directory / JOURNAL_FILE).exists()
    _assert_measures(directory, result)
    offenders = [json.loads(line) for line in (directory / "offenders.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [each["check"] for each in offenders] == [check.name for check in result.checks for _ in check.offenders]
    cases = ElementTree.parse(directory / "junit.xml").getroot().findall(".//testcase")
    assert len(cases) == len(result.rows) + len(result.checks) + 1, "the last is the run itself"
    markdown = (directory / "report.md").read_text(encoding="utf-8")
    assert markdown.count("\n") < REPORT_LINES
    for name in ("report.md", "report.html"):
        text = (directory / name).read_text(encoding="utf-8")
        assert {"pass": "Passed", "fail": "Failed"}.get(
            result.verdict.result, result.verdict.result.capitalize()
        ) in text
    return result


def assert_said(
    directory: Path, sentence: str, names: Sequence[str] = ("report.md", "report.html", "result.json")
) -> None:
    """The reports for people and for programs say it; ``sentence`` is a regular expression."""
    for name in names:
        assert re.search(sentence, (directory / name).read_text(encoding="utf-8")), f"{name} does not say {sentence!r}"


def _assert_measures(directory: Path, result: Result) -> None:
    logs = {path.stem: path for path in directory.glob("*.hlog")}
    assert set(logs) == set(result.metrics)
    for name, path in logs.items():
        assert sum(interval.histogram.count for interval in read_hlog(path)) == result.metrics[name].count
    with (directory / "metrics.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    counted = {row["metric"]: int(row["count"]) for row in rows if not row["type"]}
    assert counted == {name: metric.count for name, metric in result.metrics.items()}

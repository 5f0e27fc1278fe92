"""junit.xml, offenders.jsonl and metrics.csv: what other programs read of a run."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from xml.etree.ElementTree import fromstring

from reports.data_files import render_csv, render_offenders
from reports.junit import render_junit
from reports.model import CheckRecord, VerdictOfRun
from tests.support.sample_result import hostile_result, sample_result


def test_each_target_and_each_check_is_a_case_with_its_verdict() -> None:
    result = sample_result()
    targets, checks, run = fromstring(render_junit(result))
    assert [case.get("name") for case in targets] == [row.expression for row in result.rows]
    assert [case.get("name") for case in checks] == [check.name for check in result.checks]
    elements = {"fail": "failure", "inconclusive": "error", "unknown": "error", "not asked": "skipped"}
    for suite, verdicts in ((targets, [r.verdict for r in result.rows]), (checks, [c.verdict for c in result.checks])):
        for case, verdict in zip(suite, verdicts, strict=True):
            wanted = elements.get(verdict)
            marked = [child.tag for child in case if child.tag != "system-out"]
            assert marked == ([wanted] if wanted else [])
        assert suite.get("tests") == str(len(verdicts))
        assert suite.get("failures") == str(verdicts.count("fail"))
    assert [case.get("name") for case in run] == ["verdict"]


def test_a_failed_check_names_its_first_offenders_and_how_many_more() -> None:
    offenders: list[dict[str, object]] = [{"what": f"offender {number}"} for number in range(7)]
    result = replace(sample_result(), checks=[CheckRecord("lost", "fail", "7 lost", {}, offenders)])
    _, checks, _ = fromstring(render_junit(result))
    failure = checks.find("testcase/failure")
    assert failure is not None and failure.text is not None
    assert failure.get("message") == "7 lost"
    assert failure.text.splitlines() == [*(f"offender {number}" for number in range(5)), "and 2 more"]


def test_an_internal_error_of_the_tester_is_an_error_of_the_run() -> None:
    result = replace(sample_result(), verdict=VerdictOfRun("internal error", 2, "a listener broke"))
    *_, run = fromstring(render_junit(result))
    error = run.find("testcase/error")
    assert error is not None and error.get("message") == "Internal error: a listener broke"


def test_text_that_no_xml_can_hold_breaks_no_file() -> None:
    fromstring(render_junit(hostile_result()))
    broken = replace(sample_result(), checks=[CheckRecord("x", "fail", "a\x00b\ud800\n]]>", {}, [{"what": "\x1b[0m"}])])
    fromstring(render_junit(broken))


def test_an_offender_is_a_line_with_the_check_that_found_it() -> None:
    result = sample_result()
    lines = [json.loads(line) for line in render_offenders(result).splitlines()]
    wanted = [{"check": c.name, "verdict": c.verdict, **offender} for c in result.checks for offender in c.offenders]
    assert lines == json.loads(json.dumps(wanted))


def test_a_metric_is_a_row_and_each_of_its_types_another() -> None:
    result = sample_result()
    rows = list(csv.DictReader(io.StringIO(render_csv(result))))
    wanted = [(name, type_) for name, metric in sorted(result.metrics.items()) for type_ in ("", *sorted(metric.types))]
    assert [(row["metric"], row["type"]) for row in rows] == wanted
    first = result.metrics[rows[0]["metric"]]
    assert (float(rows[0]["p99"]), int(rows[0]["samples"])) == (first.p99, first.samples)


def test_a_type_that_looks_like_a_formula_is_inert() -> None:
    metric = sample_result().metrics["delivery"]
    metric = replace(metric, types={"=1+1": next(iter(metric.types.values()))})
    text = render_csv(replace(sample_result(), metrics={"delivery": metric}))
    assert [row["type"] for row in csv.DictReader(io.StringIO(text))] == ["", "'=1+1"]

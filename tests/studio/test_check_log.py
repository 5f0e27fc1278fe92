"""Checks that users make, merged over processes."""

from __future__ import annotations

import pytest

from studio.check_log import MAX_OFFENDERS, CheckLog
from studio.verify.findings import failed


def test_a_check_that_was_never_made_has_no_result() -> None:
    assert CheckLog().results() == []


def test_one_failure_among_many_fails_the_check_and_is_shown() -> None:
    log = CheckLog()
    for _ in range(9):
        log.passed("status.agrees")
    log.failed("status.agrees", "stream says review, REST says done", task_id="t")
    (result,) = log.results()
    assert (result.verdict, result.counts) == ("fail", {"passed": 9, "failed": 1})
    assert result.summary.startswith("1 of 10 failed")
    assert result.offenders == [{"what": "stream says review, REST says done", "task_id": "t"}]


def test_two_processes_give_what_one_would() -> None:
    whole, merged, parts = CheckLog(), CheckLog(), [CheckLog(), CheckLog()]
    for number in range(40):
        for log in (whole, parts[number % 2]):
            if number % 3:
                log.passed("execute.accepted")
            else:
                log.failed("execute.accepted", "refused")
    for part in parts:
        merged.add(part.take())
        merged.add(part.take())
    assert [result.counts for result in merged.results()] == [result.counts for result in whole.results()]


def test_what_cannot_be_said_is_told_beside_a_pass_and_makes_no_verdict_alone() -> None:
    log, merged = CheckLog(), CheckLog()
    log.unknown("status.agrees", "the service did not answer")
    merged.add(log.take())
    (result,) = merged.results()
    assert (result.verdict, result.counts) == ("unknown", {"passed": 0, "failed": 0, "unknown": 1})
    assert result.summary == "nothing can be said: the service did not answer"
    merged.passed("status.agrees")
    (result,) = merged.results()
    assert result.verdict == "pass"
    assert result.summary.endswith("agreed with REST; 1 of 2 cannot be said: the service did not answer")


def test_a_check_that_nobody_documented_is_refused() -> None:
    with pytest.raises(KeyError):
        CheckLog().passed("no.such")


def test_offenders_are_kept_up_to_a_bound() -> None:
    log, merged = CheckLog(), CheckLog()
    for number in range(3 * MAX_OFFENDERS):
        log.failed("cleanup", f"task {number}")
    delta = log.take()
    merged.add(delta)
    merged.add(delta)
    (result,) = merged.results()
    assert len(result.offenders) == MAX_OFFENDERS
    assert result.counts["failed"] == 6 * MAX_OFFENDERS


def test_what_fails_while_the_run_itself_may_be_behind_it_says_nothing() -> None:
    doubt = ["the run itself had just restarted the service"]
    log = CheckLog(lambda: doubt[0])
    log.failed("execute.accepted", "an execute was not accepted: 0")
    log.passed("execute.accepted")
    log.note([failed("status.agrees", "the stream says review")], certain=True)
    log.take()
    log.failed("execute.accepted", "an execute was not accepted: 0")
    log.note([failed("status.agrees", "the stream says review")], certain=True)
    by_name = {result.name: result for result in log.results()}
    assert by_name["execute.accepted"].verdict == "unknown"
    assert "the run itself had just restarted the service: an execute" in by_name["execute.accepted"].summary
    assert by_name["status.agrees"].verdict == "fail"
    doubt[0] = ""
    log.failed("execute.accepted", "an execute was not accepted: 500")
    assert {result.name: result.verdict for result in log.results()}["execute.accepted"] == "fail"

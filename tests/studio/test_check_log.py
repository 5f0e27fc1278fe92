"""Checks that users make, merged over processes."""

from __future__ import annotations

from studio.check_log import MAX_OFFENDERS, CheckLog


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

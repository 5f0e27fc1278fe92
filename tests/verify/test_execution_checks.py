"""Executes: accepted, in time, one session each, and refused where none may start."""

from __future__ import annotations

import pytest

from studio.verify.execution import (
    Execute,
    accepted,
    done_refused,
    double_refused,
    in_time,
    one_accepted,
    single,
)
from studio.verify.findings import Finding

SECOND = 1_000_000_000


def execute(status: int = 202, session: str = "s", *, seconds: float = 0.01, own_delay: float = 0.0) -> Execute:
    problem = "" if status == 202 else f"expected 202, got {status}" if status else "timed out"
    session = session if status == 202 else ""
    return Execute("t", status, session, problem, SECOND, SECOND + int(seconds * SECOND), own_delay)


def verdict(findings: list[Finding]) -> str:
    return findings[0].verdict


def test_an_execute_is_accepted_by_202_alone() -> None:
    assert verdict(accepted(execute())) == "pass"
    [finding] = accepted(execute(500, seconds=0.001))
    assert finding.verdict == "fail"
    assert finding.what == "an execute was not accepted: expected 202, got 500"
    assert finding.evidence == {"task_id": "t", "status": 500, "seconds": 0.001}
    assert verdict(accepted(execute(0))) == "fail"


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([202, 409], ""),
        ([409, 202], ""),
        ([500, 202], ""),
        ([409, 500], "an execute was not accepted: expected 202, got 500"),
        ([409, 0], "an execute was not accepted: timed out"),
        ([409, 409], "an execute was not accepted: expected 202, got 409"),
    ],
)
def test_of_executes_at_once_one_is_accepted(statuses: list[int], expected: str) -> None:
    [finding] = one_accepted([execute(status) for status in statuses])
    assert finding.what == expected
    assert (finding.verdict == "pass") is (expected == "")


def test_an_answer_is_in_time_up_to_the_limit_whatever_it_says() -> None:
    assert verdict(in_time(execute(seconds=1.0), 1.0)) == "pass"
    assert verdict(in_time(execute(500, seconds=0.5), 1.0)) == "pass"


def test_a_late_answer_is_named_with_its_time() -> None:
    [finding] = in_time(execute(seconds=2.006), 1.0)
    assert finding.verdict == "fail"
    assert finding.what == "an execute was not answered in time: 202 came after 2.006 s, the limit is 1 s"
    assert finding.evidence == {
        "task_id": "t",
        "session_id": "s",
        "status": 202,
        "sent_ns": SECOND,
        "seconds": 2.006,
    }


def test_no_answer_is_no_answer_in_time() -> None:
    [finding] = in_time(execute(0, seconds=3), 1.0)
    assert finding.what == "an execute was not answered in time: no answer came in 3.000 s, the limit is 1 s"
    [quick] = in_time(execute(0, seconds=1.5), 1.0)
    assert quick.verdict == "fail"


def test_what_the_tester_stood_still_is_not_held_against_the_service() -> None:
    [finding] = in_time(execute(seconds=1.5, own_delay=0.5), 1.0)
    assert finding.verdict == "unknown"
    assert finding.what == "the tester's own event loop stood still for 0.500 s of an execute's time"
    assert finding.evidence == {"task_id": "t"}
    assert verdict(in_time(execute(seconds=1.6, own_delay=0.5), 1.0)) == "fail"


def test_a_second_execute_is_refused_with_409() -> None:
    first = execute(session="a")
    assert verdict(double_refused(first, execute(409), ran=True)) == "pass"
    assert verdict(double_refused(first, execute(409), ran=False)) == "pass"


def test_a_second_execute_that_is_accepted_is_named_with_both_sessions() -> None:
    [finding] = double_refused(execute(session="a"), execute(session="b", seconds=0.25), ran=True)
    assert finding.verdict == "fail"
    assert finding.what == "a second execute was accepted as session b while session a of the task ran"
    assert finding.evidence == {
        "task_id": "t",
        "session_id": "a",
        "second_session_id": "b",
        "status": 202,
        "sent_ns": SECOND,
        "answered_ns": SECOND + SECOND // 4,
    }


def test_another_refusal_is_not_the_one_that_was_promised() -> None:
    [finding] = double_refused(execute(session="a"), execute(500), ran=True)
    assert finding.what == "a second execute was answered 500, not 409 while session a of the task ran"


def test_a_second_execute_says_nothing_without_an_answer_or_where_the_session_may_be_over() -> None:
    first = execute(session="a")
    [unanswered] = double_refused(first, execute(0), ran=True)
    assert (unanswered.verdict, unanswered.what) == ("unknown", "the second execute was not answered")
    [over] = double_refused(first, execute(session="b"), ran=False)
    assert (over.verdict, over.what) == (
        "unknown",
        "the session may have ended before the second execute was answered",
    )


def test_a_task_that_is_done_takes_no_execute() -> None:
    assert verdict(done_refused(execute(500))) == "pass"
    assert verdict(done_refused(execute(409))) == "pass"
    assert verdict(done_refused(execute(0))) == "unknown"
    [finding] = done_refused(execute(session="z"))
    assert (finding.verdict, finding.what) == ("fail", "an execute of a task that is done was accepted as session z")
    assert finding.evidence == {"task_id": "t", "session_id": "z", "sent_ns": SECOND}


def test_each_acknowledged_execute_has_its_session_and_nothing_else_has_one() -> None:
    executes = [execute(session="a"), execute(409), execute(500)]
    assert verdict(single(executes, ["a"])) == "pass"
    assert verdict(single([execute(500)], [])) == "pass"
    assert verdict(single(executes, ["b", "c", "a"], continuing=2)) == "pass"
    assert single([], ["x"]) == []


def test_a_session_that_nothing_asked_for_is_named() -> None:
    [finding] = single([execute(session="a"), execute(409)], ["a", "c", "b"], continuing=1)
    assert finding.verdict == "fail"
    assert finding.what == (
        "a task has 3 sessions, and the executes that were acknowledged for it named 1; there and not named: c, b"
    )
    assert finding.evidence == {"task_id": "t", "sessions": ["a", "c", "b"], "named": ["a"]}


def test_a_session_that_is_not_there_is_named() -> None:
    [finding] = single([execute(session="b"), execute(session="a"), execute(0)], ["x"])
    assert finding.what == (
        "a task has 1 sessions, and the executes that were acknowledged for it named 2; named and not there: a, b; "
        "there and not named: x"
    )


def test_two_answers_cannot_name_sessions_of_which_one_is_not_there() -> None:
    [finding] = single([execute(session="a"), execute(session="b")], ["a"])
    assert finding.what.endswith("named 2; named and not there: b")


def test_a_session_may_be_that_of_an_execute_without_an_answer() -> None:
    executes = [execute(session="a"), execute(0)]
    assert verdict(single(executes, ["a"])) == "pass"
    [finding] = single(executes, ["a", "b"])
    assert (finding.verdict, finding.what) == (
        "unknown",
        "a session may be that of an execute which was never answered",
    )
    assert verdict(single(executes, ["a", "b", "c"])) == "fail"
    assert verdict(single(executes, ["a", "b", "c"], continuing=1)) == "unknown"


def test_a_list_that_cannot_be_read_says_nothing() -> None:
    [finding] = single([execute()], None, problem="expected 200, got 500")
    assert (finding.verdict, finding.what) == (
        "unknown",
        "the sessions of a task could not be read: expected 200, got 500",
    )

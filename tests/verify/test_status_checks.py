"""Statuses on the stream against REST: fresh, told in time, agreed upon, gone, and how long the two differed."""

from __future__ import annotations

import pytest

from studio.verify.findings import Finding
from studio.verify.status import (
    Agreement,
    Change,
    Look,
    agrees,
    disagreement,
    fresh,
    gone,
    told_in_time,
)
from tests.verify.verify_world import MS


def look(sent_ms: float, answered_ms: float, status: str, problem: str = "") -> Look:
    return Look(int(sent_ms * MS), int(answered_ms * MS), status, problem)


def change(
    *looks: Look, told: tuple[float, float] = (100, 100), call: tuple[float, float] | None = None, later: str = ""
) -> Change:
    """A change from todo to planning; all times in milliseconds."""
    sent, answered = (None, None) if call is None else (int(call[0] * MS), int(call[1] * MS))
    came = (int(told[0] * MS), int(told[1] * MS))
    return Change("t", "todo", "planning", *came, sent, answered, looks, frozenset(later.split()))


def verdict(findings: list[Finding]) -> str:
    return findings[0].verdict if findings else "none"


def test_a_get_that_shows_the_change_or_something_later_is_fresh() -> None:
    assert verdict(fresh(change(look(101, 102, "planning")))) == "pass"
    assert verdict(fresh(change(look(101, 102, "review"), later="planning_review review"))) == "pass"
    assert verdict(fresh(change(look(101, 102, "todo"), later="todo"))) == "pass"


def test_nothing_is_said_where_nobody_asked_or_where_the_status_is_neither_the_old_nor_the_new_one() -> None:
    assert fresh(change()) == []
    assert fresh(change(look(101, 102, "done"))) == []


def test_a_get_without_an_answer_says_nothing_of_freshness() -> None:
    [finding] = fresh(change(look(101, 102, "", "expected 200, got 500")))
    assert (finding.verdict, finding.what) == ("unknown", "a GET was not answered: expected 200, got 500")
    assert finding.evidence == {"task_id": "t"}


def test_a_stale_get_is_named_with_how_long_rest_was_behind() -> None:
    seen = change(look(101, 102, "todo"), look(110, 111, "todo"), look(121, 122, "planning"), told=(99, 100))
    [finding] = fresh(seen)
    assert finding.verdict == "fail"
    assert finding.what == (
        "a GET sent 1.0 ms after the stream told todo>planning was stale: it said 'todo', and so did REST for up to "
        "21.0 ms; the event was published before the status was written"
    )
    assert finding.evidence == {
        "task_id": "t",
        "change": "todo>planning",
        "told_ns": 100 * MS,
        "asked_ns": 101 * MS,
        "rest_status": "todo",
        "stale_ms": 21.0,
    }


def test_rest_that_never_caught_up_was_stale_for_as_long_as_it_was_asked() -> None:
    [finding] = fresh(change(look(101, 102, "todo"), look(110, 111, "todo")))
    assert "for 10.0 ms, when it was asked last" in finding.what
    assert finding.evidence["stale_ms"] == 10.0


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ((40, 40), "pass"),
        ((249, 250), "pass"),
        ((249, 251), "unknown"),
        ((250, 251), "unknown"),
        ((250.001, 251), "fail"),
    ],
)
def test_an_event_must_come_within_the_limit_after_the_answer(told: tuple[float, float], expected: str) -> None:
    assert verdict(told_in_time(change(told=told, call=(40, 50)), 0.2)) == expected


def test_a_late_event_is_named_with_its_lateness() -> None:
    [finding] = told_in_time(change(told=(350, 352), call=(40, 50)), 0.2)
    assert finding.what == (
        "the stream told todo>planning 300 ms after REST had answered that it was so; the limit is 200 ms"
    )
    assert finding.evidence == {
        "task_id": "t",
        "change": "todo>planning",
        "answered_ns": 50 * MS,
        "told_ns": 352 * MS,
        "late_ms": 300.0,
    }


def test_a_change_without_a_call_cannot_be_late() -> None:
    assert told_in_time(change(told=(5_000, 5_000)), 0.2) == []


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        # Nothing shows that the two ever differed; at most REST had it from the sending of the call on.
        (change(look(101, 102, "planning"), told=(100, 100), call=(97, 103)), (0, 3)),
        (change(look(101, 102, "planning"), told=(99, 100), call=(97, 99)), (0, 3)),
        (change(look(101, 104, "planning"), told=(99, 100)), (0, 5)),
        # REST is ahead.
        (change(told=(350, 352), call=(40, 50)), (300, 312)),
        # The stream is ahead.
        (change(look(101, 102, "todo"), look(110, 111, "todo"), look(121, 123, "planning"), told=(99, 100)), (10, 24)),
        (change(look(101, 102, "todo"), look(110, 112, "planning"), told=(99, 100), call=(90, 109)), (1, 10)),
        # A look that says nothing moves no bound; later ones do.
        (change(look(101, 102, ""), look(110, 111, "planning"), told=(100, 100), call=(97, 103)), (0, 3)),
        (change(look(101, 102, "planning"), look(500, 501, "todo"), told=(100, 100)), (0, 2)),
    ],
)
def test_disagreement_is_bounded_by_what_rest_was_seen_to_say(seen: Change, expected: tuple[float, float]) -> None:
    assert disagreement(seen) == (expected[0] * MS, expected[1] * MS)


def test_disagreement_is_not_known_where_rest_never_showed_the_change() -> None:
    assert disagreement(change(look(101, 102, "todo"))) is None


def agreement(streamed: str, rest: str, *, problem: str = "", watched: bool = True) -> Agreement:
    return Agreement("t", "after complete", streamed, rest, problem, 2.04, watched)


def test_both_sides_agree_when_they_say_the_same() -> None:
    assert verdict(agrees(agreement("done", "done"))) == "pass"
    assert verdict(agrees(agreement("done", "done", watched=False))) == "pass"


def test_a_difference_is_named_with_both_words() -> None:
    [finding] = agrees(agreement("review", "done"))
    assert finding.verdict == "fail"
    assert finding.what == "after complete: the stream's last word is 'review', REST says 'done', also 2.0 s later"
    assert finding.evidence == {"task_id": "t", "stream_status": "review", "rest_status": "done"}


def test_nothing_is_said_where_one_side_could_not_be_heard() -> None:
    [silent] = agrees(agreement("", "", problem="no answer"))
    assert (silent.verdict, silent.what) == ("unknown", "after complete: REST did not tell the status: no answer")
    [deaf] = agrees(agreement("review", "done", watched=False))
    assert (deaf.verdict, deaf.what) == (
        "unknown",
        "the stream was not open all the time, so its last word is not known",
    )


def test_a_deleted_task_is_gone() -> None:
    assert verdict(gone("t", 404)) == "pass"
    assert verdict(gone("t", 0)) == "unknown"
    [still] = gone("t", 200, "done")
    assert still.what == "after DELETE: a GET of the task was answered 200 with the status 'done', not 404"
    assert still.evidence == {"task_id": "t", "status": 200}
    [broken] = gone("t", 500)
    assert (broken.verdict, broken.what) == ("fail", "after DELETE: a GET of the task was answered 500, not 404")

"""What the stream last said of the run's own tasks."""

from __future__ import annotations

import gevent

from studio.contract import Envelope
from studio.task_board import TaskBoard


def status(to_status: str, at_ns: int, task_id: str = "t", from_status: str = "") -> Envelope:
    fields = {
        "type": "task.status_changed",
        "task_id": task_id,
        "from_status": from_status,
        "to_status": to_status,
    }
    return Envelope(f"e{at_ns}", "task.status_changed", at_ns, 1, fields)


def test_the_last_word_counts() -> None:
    board = TaskBoard()
    board.adopt("t", "haiku")
    board.update(status("planning", 1))
    board.update(status("review", 2))
    board.update(status("done", 3, "somebody's"))
    assert (board.status("t"), board.status("somebody's")) == ("review", "")


def test_an_old_word_that_comes_again_changes_nothing() -> None:
    board = TaskBoard()
    board.adopt("t", "haiku")
    board.update(status("review", 2))
    board.update(status("planning", 1))
    assert board.status("t") == "review"


def test_a_clock_that_was_set_back_does_not_silence_the_stream() -> None:
    board = TaskBoard()
    board.adopt("t", "haiku")
    board.update(status("planning", 1_000, from_status="todo"))
    board.update(status("planning_review", 500, from_status="planning"))
    board.update(Envelope("e", "session.ended", 501, 1, {"type": "session.ended", "task_id": "t", "session_id": "s"}))
    assert board.status("t") == "planning_review"
    assert board.has_ended("t", "s")


def test_the_end_of_a_session_is_remembered_until_the_task_is_forgotten() -> None:
    board = TaskBoard()
    board.adopt("t", "haiku")
    ended = Envelope("e", "session.ended", 5, 1, {"type": "session.ended", "task_id": "t", "session_id": "s"})
    board.update(ended)
    assert board.has_ended("t", "s") and not board.has_ended("t", "other")
    assert board.tasks() == {"t": "haiku"}
    board.forget("t")
    assert not board.has_ended("t", "s")
    assert board.tasks() == {}


def test_the_stream_tells_whether_a_session_was_a_success_where_it_does() -> None:
    board = TaskBoard()
    board.adopt("t", "haiku")

    def ended(session_id: str, **told: object) -> Envelope:
        fields = {"type": "session.ended", "task_id": "t", "session_id": session_id, **told}
        return Envelope(session_id, "session.ended", 5, 1, fields)

    for envelope in (
        ended("good", success=True),
        ended("bad", success=False),
        ended("silent"),
        ended("odd", success=1),
    ):
        board.update(envelope)
    successes = [board.success("t", session_id) for session_id in ("good", "bad", "silent", "odd", "never")]
    assert successes == [True, False, None, None, None]
    assert board.success("somebody's", "good") is None


def test_waiting_ends_with_the_word_or_with_the_time() -> None:
    board = TaskBoard()
    board.adopt("t", "haiku")
    teller = gevent.spawn(board.update, status("done", 2))
    assert board.wait_until(lambda: board.status("t") == "done", 30)
    assert not board.wait_until(lambda: board.status("t") == "todo", 0.01)
    teller.join()


def test_every_word_is_kept_with_the_time_at_which_it_came() -> None:
    board = TaskBoard()
    board.adopt("t", "haiku")
    board.update(status("planning", 1, from_status="todo"), 10, 12)
    board.update(status("review", 2, from_status="planning"), 30, 30)
    assert board.words("t") == [
        ("todo", "planning", 10, 12),
        ("planning", "review", 30, 30),
    ]
    assert board.words("another") == []


def test_the_end_of_a_session_and_further_phases_are_kept() -> None:
    board = TaskBoard()
    board.adopt("t", "haiku")
    for event_type in ("session.ended", "phase.continuing", "session.ended"):
        fields = {"type": event_type, "task_id": "t", "session_id": "s"}
        board.update(Envelope("e", event_type, 1, 1, fields), 10, 12)
    assert (board.ended_ns("t", "s"), board.ended_ns("t", "other"), board.ended_ns("other", "s")) == (10, None, None)
    assert (board.continued("t"), board.continued("other")) == (1, 0)

"""Which trigger caused an event."""

from __future__ import annotations

from studio.contract import Envelope, EventKey
from studio.trigger_clock import TriggerClock


def envelope(event_type: str, **fields: str) -> Envelope:
    return Envelope("e", event_type, 0, 1, {"type": event_type, "task_id": "t", **fields})


def test_a_creation_is_known_by_its_title_before_the_task_has_an_id() -> None:
    clock = TriggerClock()
    clock.expect_creation("haiku [lt-1 1]", 5)
    assert clock.intended_ns(envelope("task.created", title="haiku [lt-1 1]")) == 5
    assert clock.intended_ns(envelope("task.created", title="haiku")) is None


def test_a_move_is_known_by_its_event() -> None:
    clock = TriggerClock()
    clock.expect(EventKey("t", "task.status_changed", "todo>planning"), 7)
    assert clock.intended_ns(envelope("task.status_changed", from_status="todo", to_status="planning")) == 7
    assert clock.intended_ns(envelope("task.status_changed", from_status="planning", to_status="todo")) is None


def test_a_session_is_known_by_its_task_because_its_id_comes_with_the_answer() -> None:
    clock = TriggerClock()
    clock.expect_session("t", 9)
    assert clock.intended_ns(envelope("session.started", session_id="s")) == 9
    assert clock.intended_ns(envelope("session.ended", session_id="s")) is None


def test_old_triggers_are_forgotten() -> None:
    clock = TriggerClock()
    for number in range(20_001):
        clock.expect_creation(f"title {number}", number)
    assert clock.intended_ns(envelope("task.created", title="title 0")) is None
    assert clock.intended_ns(envelope("task.created", title="title 1")) == 1

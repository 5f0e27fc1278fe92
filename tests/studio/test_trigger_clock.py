"""Which trigger caused an event, and when it was meant to be sent and was sent."""

from __future__ import annotations

from studio.contract import Envelope, EventKey
from studio.trigger_clock import Trigger, TriggerClock


def envelope(event_type: str, **fields: str) -> Envelope:
    return Envelope("e", event_type, 0, 1, {"type": event_type, "task_id": "t", **fields})


def test_a_creation_is_known_by_its_title_before_the_task_has_an_id() -> None:
    clock = TriggerClock()
    trigger = clock.expect_creation("haiku [lt-1 1]", 5)
    assert clock.trigger_of(envelope("task.created", title="haiku [lt-1 1]")) is trigger
    assert clock.trigger_of(envelope("task.created", title="haiku")) is None


def test_a_move_is_known_by_its_event() -> None:
    clock = TriggerClock()
    trigger = clock.expect(EventKey("t", "task.status_changed", "todo>planning"), 7)
    assert clock.trigger_of(envelope("task.status_changed", from_status="todo", to_status="planning")) is trigger
    assert clock.trigger_of(envelope("task.status_changed", from_status="planning", to_status="todo")) is None


def test_a_session_is_known_by_its_task_because_its_id_comes_with_the_answer() -> None:
    clock = TriggerClock()
    trigger = clock.expect_session("t", 9)
    assert clock.trigger_of(envelope("session.started", session_id="s")) is trigger
    assert clock.trigger_of(envelope("session.ended", session_id="s")) is None


def test_a_trigger_has_no_time_of_sending_before_it_is_sent() -> None:
    assert TriggerClock().expect_creation("haiku", 5) == Trigger(5, None)

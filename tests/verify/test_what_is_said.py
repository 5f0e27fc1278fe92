"""What an offender says of itself, where two cases read nearly alike."""

from __future__ import annotations

import pytest

from studio.verify.evidence import of_fault
from studio.verify.faults import AFTER_DONE, TRANSITIONS, UNEXPECTED, Fault
from studio.verify.offences import OF_EVENTS, Offences
from studio.verify.ownership import TaskLog
from studio.verify.records import Arrival, EventRecord, Outcome
from studio.verify.timeline import Timeline
from tests.verify.verify_world import World


def seen(event_type: str, detail: str) -> EventRecord:
    return EventRecord(Arrival("e", event_type, "t", detail, "", 100, 100, 100, 100, 100, 1, 0, 0, 0, 0))


@pytest.mark.parametrize(
    ("record", "again"),
    [
        (seen("session.started", "s"), 'curl "$HOST/api/tasks/t"; curl "$HOST/api/sessions/s"'),
        (seen("task.status_changed", "todo>done"), 'curl "$HOST/api/tasks/t"'),
    ],
)
def test_the_session_is_looked_at_where_the_event_is_about_one(record: EventRecord, again: str) -> None:
    assert of_fault({}, TaskLog("t", "t"), record, Fault(TRANSITIONS, "why"))["again"] == again


def test_a_loss_is_shown_again_by_a_replay_from_the_event_before() -> None:
    world = World()
    world.open(0, 1)
    world.create("t", 1_000)
    before = world.created("t", 1_001, 0, 1)
    world.move("t", "todo>planning", 2_000)
    world.status("t", "todo>planning", 2_001, 0)
    world.move("t", "planning>planning_review", 3_000)
    world.status("t", "planning>planning_review", 3_001, 0, 1)
    world.end()
    (offender,) = world.check("lost").offenders
    assert offender["again"] == f'curl -N -H "Last-Event-ID: {before.id}" "$HOST/api/events?task_ids=t"'


def test_where_there_is_none_before_by_one_from_the_event_on() -> None:
    world = World()
    world.open(0, 1)
    world.create("t", 1_000)
    event = world.created("t", 1_001, 0)
    world.end()
    (offender,) = world.check("lost").offenders
    assert f'"Last-Event-ID: {event.id}"' in str(offender["again"])


def test_an_event_whose_fault_turns_out_to_be_another_is_blamed_by_that_check_alone() -> None:
    offences, log, record = Offences({}, 20), TaskLog("t", "t"), seen("task.status_changed", "todo>done")
    for check in (UNEXPECTED, TRANSITIONS, AFTER_DONE):
        offences.judged(log, record, Outcome(fault=Fault(check, "why")))
        assert [other for other in OF_EVENTS if offences.of(other)] == [check]
    offences.judged(log, record, Outcome(fault=Fault(AFTER_DONE, "why", doubtful=True)))
    assert not offences.of(AFTER_DONE)


def test_of_several_filters_the_one_of_the_stream_is_named() -> None:
    timeline = Timeline()
    timeline.apply([[0, 0, 0, True, ["a"]], [1, 1, 0, True, ["b"]], [2, 2, 0, True, None]])
    assert [timeline.filter_of(slot) for slot in range(3)] == [{"a"}, {"b"}, frozenset()]

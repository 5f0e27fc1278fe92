"""Lives of tasks: what one tells, which are kept, and which are picked."""

from __future__ import annotations

import pytest

from studio.contract import EventKey, EventType
from studio.verify.actions import Action, ActionKind
from studio.verify.ownership import READINGS_KEPT, TaskLog
from studio.verify.pace import Pace, steps
from studio.verify.records import Arrival, EventRecord, Outcome
from studio.verify.task_stories import RECENT_KEPT, SAMPLED, Span, TaskStories, life_of
from tests.verify.verify_world import World

MS = 1_000_000


def _action(kind: ActionKind, sent_ms: int, took_ms: int, key: EventKey | None = None, *, ok: bool = True) -> Action:
    return Action(kind, "t", "title" if kind == "create" else "", sent_ms * MS, (sent_ms + took_ms) * MS, ok, key, "")


def _event(event_type: str, detail: str, at_ms: int) -> EventRecord:
    at = at_ms * MS
    return EventRecord(Arrival(f"{at_ms}", event_type, "t", detail, "", at, at, at, at, at, 1, 0, 0, 0, 0))


def _created(task_id: str, took_ms: int) -> TaskLog:
    log = TaskLog(task_id, task_id)
    log.add_action(_action("create", 0, took_ms)._replace(task_id=task_id))
    return log


def test_a_life_tells_calls_sessions_and_both_statuses() -> None:
    log = TaskLog("t", "t")
    moved = EventKey("t", EventType.STATUS_CHANGED, "todo>planning")
    log.add_action(_action("create", 0, 2, EventKey("t", EventType.TASK_CREATED, "")))
    log.add_action(_action("transition", 10, 1, moved))
    log.add_action(_action("execute", 20, 5, ok=False))
    for record in (
        _event(EventType.TASK_CREATED, "", 1),
        _event(EventType.STATUS_CHANGED, "todo>planning", 18),
        _event(EventType.SESSION_STARTED, "s1", 21),
        _event(EventType.SESSION_ENDED, "s1", 30),
        _event(EventType.SESSION_STARTED, "s2", 31),
    ):
        log.add_record(record)
    log.add_reading(15 * MS, "planning")
    log.add_reading(40 * MS, "review")
    life = life_of(log)
    assert (life.task_id, life.title, life.wait_ns) == ("t", "title", 8 * MS)
    assert life.spans == [
        Span("call", "create", 0, 2 * MS),
        Span("stream status", "todo", 1 * MS, 18 * MS),
        Span("REST status", "todo", 2 * MS, 11 * MS),
        Span("call", "transition", 10 * MS, 11 * MS),
        Span("REST status", "planning", 11 * MS, 40 * MS),
        Span("stream status", "planning", 18 * MS, None),
        Span("call", "execute", 20 * MS, 25 * MS, False),
        Span("session", "s1", 21 * MS, 30 * MS),
        Span("session", "s2", 31 * MS, None),
        Span("REST status", "review", 40 * MS, None),
    ]


def test_a_call_whose_event_never_came_is_not_good() -> None:
    log = _created("t", 1)
    (action,) = log.actions
    log.unseen[action] = Outcome(expected=1, lost={"w": 1})
    assert [span.good for span in life_of(log).spans if span.lane == "call"] == [False]
    log.unseen[action] = Outcome(expected=1, delivered=1)
    assert life_of(log).spans[0].good


def test_only_the_first_readings_of_a_task_are_kept() -> None:
    log = _created("t", 1)
    for at in range(READINGS_KEPT + 5):
        log.add_reading(at, f"status {at}")
    assert len(log.readings) == READINGS_KEPT


def test_the_accused_the_slowest_and_a_usual_one_are_picked() -> None:
    stories = TaskStories()
    logs = [_created(f"t{number}", number) for number in range(11)]
    stories.accuse({"t3"})
    for log in logs:
        stories.offer(log)
    stories.offer(logs[0])
    stories.accuse({"t4", "t10", "t3"})
    picked = [(each.why, each.life.task_id) for each in stories.picked()]
    assert picked[:3] in ([("failed", "t3"), ("failed", "t4"), ("failed", "t10")],)
    assert picked[3:] == [("slowest", "t9"), ("slowest", "t8"), ("slowest", "t7"), ("median", "t5")]


def test_nobody_is_told_twice_and_tasks_of_others_are_not_told() -> None:
    stories = TaskStories()
    assert stories.picked() == []
    stories.offer(TaskLog("theirs", "theirs"))
    assert stories.picked() == []
    stories.offer(_created("only", 1))
    assert [each.why for each in stories.picked()] == ["slowest"]


def test_many_tasks_keep_a_sample_and_only_some_of_the_accused() -> None:
    stories = TaskStories()
    for number in range(3 * RECENT_KEPT):
        stories.offer(_created(f"t{number}", number))
    stories.accuse({f"t{number}" for number in range(3 * RECENT_KEPT)})
    picked = stories.picked()
    assert [each.why for each in picked].count("failed") == 5
    (median,) = (each.life for each in picked if each.why == "median")
    assert RECENT_KEPT / 2 < median.wait_ns / MS < 2.5 * RECENT_KEPT
    assert SAMPLED < RECENT_KEPT


def test_the_sample_holds_no_life_too_many() -> None:
    stories = TaskStories()
    for number in range(SAMPLED + 1):
        stories.offer(_created(f"t{number}", number))
    assert len(stories._sample) == SAMPLED


@pytest.mark.parametrize(("late_ms", "told"), [(-0.001, []), (0, ["t"])])
def test_a_life_is_told_one_settle_time_after_the_task_is_over(late_ms: float, told: list[str]) -> None:
    world = World()
    world.open(0)
    world.create("t", 1_000)
    world.created("t", 1_001, 0)
    world.act("delete", "t", 1_100, answered=1_200)
    world.report(6_200 + late_ms)
    assert [one.life.task_id for one in world.judge.stories.picked()] == told


def test_the_pace_counts_the_calls_that_owe_an_event() -> None:
    world = World()
    world.create("t", 1_000)
    world.act("delete", "t", 2_500)
    world.report(3_000)
    assert world.judge.pace.sent == {1: 1}


def test_the_pace_is_told_in_steps_without_those_that_are_empty() -> None:
    pace = Pace()
    for at_s, n in ((100, 1), (101, 2), (105, 4), (105, -4), (109, 0)):
        pace.count(pace.lost, at_s * 1000 * MS, n)
    assert steps(pace.lost, 100.25, 2) == [[0.0, 3.0]]
    assert 109 not in pace.lost

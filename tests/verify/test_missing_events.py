"""A contradiction proves nothing where an event is known to be missing before it: a loss is a loss, no more."""

from __future__ import annotations

import pytest

from studio.contract import EventKey
from studio.verify.status_paths import allowed, steps
from tests.verify.test_unexpected_events import (
    DONE,
    IMPLEMENTATION,
    PHASES,
    PLANNING,
    REVIEW,
    Story,
    ended,
    execute,
    move,
    started,
    status,
    told,
)
from tests.verify.verify_world import FAULT_CHECKS, World

LIFE = (*PLANNING, *IMPLEMENTATION, *REVIEW, *DONE)
IN_PHASES = (*PLANNING, *IMPLEMENTATION, *PHASES)


def without(story: tuple[Story, ...], number: int) -> tuple[Story, ...]:
    return story[:number] + story[number + 1 :]


def events_of(story: tuple[Story, ...]) -> list[int]:
    """The places of the events, not the calls, in a story."""
    world = World(workers=2)
    places = []
    for place, part in enumerate(story):
        if part(world) is not None:
            places.append(place)
    return places


@pytest.mark.parametrize(
    ("story", "lost"),
    [(story, place) for story in (LIFE, IN_PHASES) for place in events_of(story)],
)
def test_one_event_lost_on_every_stream_makes_no_other_check_fail(story: tuple[Story, ...], lost: int) -> None:
    world = told(*without(story, lost))
    failed = {check.name for check in world.judge.checks() if check.verdict == "fail"}
    assert failed <= {"delivery.lost"}
    assert world.judge.tally.unexpected == 0


DOUBTFUL: dict[str, tuple[str, str, tuple[Story, ...]]] = {
    "a call owed the change before": (
        "the service acknowledged a call that moved it to planning",
        "lifecycle.transitions",
        (
            move("todo>planning", 2_000),
            move("planning>planning_review", 3_000),
            status("planning>planning_review", 3_001),
        ),
    ),
    "an unanswered call may have made the change before": (
        "a call that nobody answered may have moved it to planning",
        "lifecycle.transitions",
        (
            move("todo>planning", 2_000, ok=False),
            execute("s", 2_500),
            started("s", 2_501),
            status("planning>planning_review", 3_001),
        ),
    ),
    "the answer to the call behind it agrees": (
        "the answer to the call behind it says review, too",
        "lifecycle.transitions",
        (move("review>done", 2_000), status("review>done", 2_001)),
    ),
    "an execute leads there": (
        "a session of the task leads from todo to planning",
        "lifecycle.transitions",
        (execute("s", 2_000), started("s", 2_001), status("planning>planning_review", 3_001)),
    ),
    "the end of a session leads there": (
        "a session of the task leads from planning to planning_review",
        "lifecycle.transitions",
        (
            execute("s", 2_000),
            status("todo>planning", 2_001),
            started("s", 2_002),
            status("planning_review>ai_review", 3_001),
        ),
    ),
    "an execute without an answer leads there": (
        "a session of the task leads from todo to planning",
        "lifecycle.transitions",
        (execute("", 2_000, ok=False), status("planning>planning_review", 3_001)),
    ),
    "a call took done back": (
        "no stream was told that a call of the run moved it to todo",
        "lifecycle.after_done",
        (
            *LIFE,
            lambda world: world.act("patch", "t", 6_000, key=EventKey("t", "task.status_changed", "done>todo")),
            execute("s9", 6_100),
            status("todo>planning", 6_101),
        ),
    ),
    "a phase went on in silence": (
        "a phase.continuing may be missing",
        "delivery.unexpected",
        (*PLANNING, *IMPLEMENTATION, ended("s2", 3_500), started("s9", 3_503)),
    ),
    "a phase went on in silence, and its session, too": (
        "a phase.continuing may be missing",
        "lifecycle.transitions",
        (*PLANNING, *IMPLEMENTATION, ended("s2", 3_500), ended("s9", 3_700)),
    ),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_it_is_counted_as_unknown_and_not_as_unexpected_where(name: str) -> None:
    why, named, parts = DOUBTFUL[name]
    world = told(*parts)
    check = world.check(named)
    assert check.counts["unknown"] == 1
    assert why in check.summary
    assert check.verdict == "pass"
    assert check.offenders == []
    assert world.judge.tally.unexpected == 0
    assert sum(world.check(other).counts["unknown"] for other in FAULT_CHECKS) == 1


CERTAIN: dict[str, tuple[str, tuple[Story, ...]]] = {
    "more changes than its sessions make": (
        "lifecycle.transitions",
        (execute("s", 2_000), started("s", 2_001), status("ai_review>review", 3_001)),
    ),
    "a change back that no session makes": (
        "lifecycle.transitions",
        (
            *PLANNING,
            *IMPLEMENTATION,
            *REVIEW,
            execute("s5", 4_600),
            started("s5", 4_601),
            status("todo>planning", 4_700),
        ),
    ),
    "a change that the table does not have, in doubt besides": (
        "lifecycle.transitions",
        (move("todo>planning", 2_000), status("planning>done", 3_001)),
    ),
    "a second session while the first is at work": (
        "delivery.unexpected",
        (execute("s1", 2_000), status("todo>planning", 2_001), started("s1", 2_002), started("s7", 2_500)),
    ),
    "the missing change is told of one contradiction only": (
        "lifecycle.transitions",
        (
            execute("s", 2_000),
            status("planning>planning_review", 2_500),
            lambda world: world.status("t", "ai_review>review", 2_600, 0, 1, 2),
        ),
    ),
}


@pytest.mark.parametrize("name", CERTAIN)
def test_nothing_excuses(name: str) -> None:
    named, parts = CERTAIN[name]
    world = told(*parts)
    assert world.check(named).verdict == "fail"
    assert len(world.blamed(named)) == 1


def test_a_life_of_doubts_alone_is_unknown() -> None:
    world = World()
    world.open(0)
    world.move("t", "todo>planning", 1_000)
    world.move("t", "planning>planning_review", 1_500)
    world.move("t", "planning_review>planning", 1_600)
    world.status("t", "todo>planning", 1_001, 0)
    world.end()
    assert world.check("lifecycle.transitions").verdict == "pass"
    other = World()
    other.open(0)
    other.end()
    assert other.check("lifecycle.transitions").summary == "no event of the run's own tasks came"


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        ("todo", "todo", 0),
        ("todo", "planning", 1),
        ("planning", "todo", 1),
        ("todo", "done", 5),
        ("done", "todo", None),
        ("nowhere", "todo", None),
    ],
)
def test_the_way_from_one_status_to_another(before: str, after: str, count: int | None) -> None:
    assert steps(before, after) == count
    assert allowed(before, after) is (count == 1)

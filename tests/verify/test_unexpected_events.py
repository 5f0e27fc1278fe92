"""Which events of the run's own tasks are unexpected: what nothing caused, and what contradicts what was."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from studio.contract import EventKey
from studio.verify.faults import AFTER_DONE, TRANSITIONS, UNEXPECTED
from tests.verify.verify_world import FAULT_CHECKS, World

ALL = range(3)
Story = Callable[[World], object]


def told(*parts: Story) -> World:
    """A task t created at second 1 and whatever follows, on three streams of two workers."""
    world = World(workers=2)
    world.open(*ALL)
    world.create("t", 1_000)
    world.created("t", 1_001, *ALL)
    for part in parts:
        part(world)
    world.end()
    return world


def status(change: str, at: float) -> Story:
    return lambda world: world.status("t", change, at, *ALL)


def move(change: str, at: float, ok: bool = True) -> Story:
    return lambda world: world.move("t", change, at, ok=ok)


def execute(session: str, at: float, ok: bool = True, answered: float | None = None) -> Story:
    def story(world: World) -> None:
        key = EventKey("t", "session.started", session) if session else None
        world.act("execute", "t", at, answered=answered, ok=ok, key=key, session=session)

    return story


def started(session: str, at: float, task: str = "t") -> Story:
    return lambda world: world.started(task, session, at, *ALL)


def ended(session: str, at: float, task: str = "t") -> Story:
    return lambda world: world.ended(task, session, at, *ALL)


def tell(event_type: str, at: float, **fields: object) -> Story:
    return lambda world: world.told(event_type, "t", at, *ALL, **fields)


PLANNING = (
    execute("s1", 2_000),
    status("todo>planning", 2_001),
    started("s1", 2_002),
    status("planning>planning_review", 2_800),
    ended("s1", 2_800.1),
)
IMPLEMENTATION = (
    move("planning_review>in_progress", 3_000),
    status("planning_review>in_progress", 3_001),
    execute("s2", 3_100),
    tell("workspace.created", 3_101, path="/w"),
    started("s2", 3_102),
)
REVIEW = (
    status("in_progress>ai_review", 3_800),
    ended("s2", 3_800.1),
    execute("s3", 4_000),
    started("s3", 4_001),
    status("ai_review>review", 4_500),
    ended("s3", 4_500.1),
)
DONE = (move("review>done", 5_000), status("review>done", 5_001))
PHASES = (
    ended("s2", 3_500),
    tell("phase.completed", 3_501, phase_number=1, total_phases=2),
    tell("phase.continuing", 3_502, next_phase_number=2, total_phases=2),
    started("s9", 3_503),
    ended("s9", 3_700),
    tell("phase.completed", 3_701, phase_number=2, total_phases=2),
    status("in_progress>ai_review", 3_800),
)

FINE: dict[str, tuple[Story, ...]] = {
    "a whole life": (*PLANNING, *IMPLEMENTATION, *REVIEW, *DONE),
    "a plan of two phases": (*PLANNING, *IMPLEMENTATION, *PHASES),
    "straight on without the transition": (*PLANNING, status("planning_review>ai_review", 3_800)),
    "a session that ends the task, and then itself": (
        *PLANNING,
        *IMPLEMENTATION,
        *REVIEW,
        execute("s4", 5_000),
        started("s4", 5_001),
        status("review>done", 5_500),
        ended("s4", 5_500.1),
        tell("phase.completed", 5_500.2, phase_number=1),
    ),
    "an execute taken back after a restart": (
        execute("s1", 2_000),
        status("todo>planning", 2_001),
        started("s1", 2_002),
        status("planning>todo", 2_500),
        ended("s1", 2_500.1),
        execute("s2", 2_600),
        status("todo>planning", 2_601),
        started("s2", 2_602),
    ),
    "an execute that failed, but started": (
        execute("", 2_000, ok=False),
        status("todo>planning", 2_001),
        started("s1", 2_002),
        ended("s1", 2_003),
    ),
    "the end of a session whose beginning an unanswered execute hides": (
        execute("", 2_000, ok=False),
        ended("s1", 2_003),
    ),
    "an execute answered long after its events": (
        status("todo>planning", 2_001),
        started("s1", 2_002),
        execute("s1", 2_000, answered=14_000),
    ),
    "a transition that failed from another status than thought": (
        *PLANNING,
        move("planning>in_progress", 3_000, ok=False),
        status("planning_review>in_progress", 3_001),
    ),
    "a change that a failed transition aimed at": (move("?>planning", 2_000, ok=False), status("todo>planning", 2_001)),
    "a patch that the table does not know": (
        lambda world: world.act("patch", "t", 2_000, key=EventKey("t", "task.status_changed", "todo>done"), title="x"),
        status("todo>done", 2_001),
        lambda world: world.act("patch", "t", 3_000, key=EventKey("t", "task.status_changed", "done>todo")),
        status("done>todo", 3_001),
    ),
    "a change after one that was acknowledged and lost": (
        move("todo>planning", 2_000),
        move("planning>planning_review", 3_000),
        status("planning>planning_review", 3_001),
    ),
    "an event in flight when the task was deleted": (
        move("todo>planning", 2_000),
        lambda world: world.act("delete", "t", 2_003),
        lambda world: world.status("t", "todo>planning", 2_001, *ALL, delay=100),
    ),
    "a type that the contract does not know": (tell("task.updated", 2_000),),
    "what came while no stream was open": (
        *PLANNING,
        lambda world: world.close(*ALL, at=4_000),
        move("planning_review>in_progress", 4_500),
        lambda world: world.open(*ALL, at=5_000),
        execute("s2", 5_100),
        status("in_progress>ai_review", 6_000),
        started("s8", 6_001),
        ended("s9", 6_002),
        status("ai_review>review", 6_003),
    ),
}

WRONG: dict[str, tuple[str, str, tuple[Story, ...]]] = {
    "created twice": (TRANSITIONS, "was created already", (tell("task.created", 2_000, title=""),)),
    "created after done": (
        AFTER_DONE,
        "done already",
        (*PLANNING, *IMPLEMENTATION, *REVIEW, *DONE, tell("task.created", 6_000)),
    ),
    "a status left that it did not have": (
        TRANSITIONS,
        "leaves ai_review, but the task's last known status was planning_review",
        (*PLANNING, status("ai_review>review", 3_000)),
    ),
    "no such transition": (
        TRANSITIONS,
        "no transition leads from todo to review",
        (execute("s1", 2_000), started("s1", 2_001), status("todo>review", 2_002)),
    ),
    "nobody asked": (UNEXPECTED, "no call of this run caused it", (status("todo>planning", 2_000),)),
    "taken back without an execute": (
        UNEXPECTED,
        "no call of this run",
        (move("todo>planning", 2_000), status("todo>planning", 2_001), status("planning>todo", 2_500)),
    ),
    "a status change after done": (
        AFTER_DONE,
        "done already",
        (*PLANNING, *IMPLEMENTATION, *REVIEW, *DONE, status("done>review", 6_000)),
    ),
    "a session after done": (
        AFTER_DONE,
        "done already",
        (*PLANNING, *IMPLEMENTATION, *REVIEW, *DONE, started("s7", 6_000)),
    ),
    "a session twice": (TRANSITIONS, "was started already", (*PLANNING, started("s1", 3_000))),
    "a session that nobody asked for": (UNEXPECTED, "no execute of this run", (*PLANNING, started("s7", 3_000))),
    "a session without an execute": (UNEXPECTED, "no execute of this run", (started("s7", 3_000),)),
    "an end twice": (TRANSITIONS, "was ended already", (*PLANNING, ended("s1", 3_000))),
    "an end without a beginning": (TRANSITIONS, "was never started", (*PLANNING, ended("s7", 3_000))),
    "a session of another task": (
        TRANSITIONS,
        "belongs to task u",
        (
            lambda world: world.create("u", 1_000),
            lambda world: world.created("u", 1_001, *ALL),
            *PLANNING,
            lambda world: world.execute("u", "s5", 3_000),
            lambda world: world.started("u", "s5", 3_001, *ALL),
            ended("s5", 3_002),
        ),
    ),
    "a workspace without an execute": (
        UNEXPECTED,
        "no execute of this run",
        (tell("workspace.created", 2_000, path="/w"),),
    ),
    "a phase without an execute": (
        UNEXPECTED,
        "no execute of this run",
        (tell("phase.completed", 2_000, phase_number=1),),
    ),
    "one session more than phases": (
        UNEXPECTED,
        "no continuing phase",
        (*PLANNING, *IMPLEMENTATION, *PHASES, started("x", 3_900)),
    ),
}


@pytest.mark.parametrize("name", FINE)
def test_nothing_is_unexpected_in(name: str) -> None:
    assert told(*FINE[name]).reasons() == []


@pytest.mark.parametrize("name", WRONG)
def test_one_event_is_unexpected_in(name: str) -> None:
    named, reason, parts = WRONG[name]
    world = told(*parts)
    (found,) = world.blamed(named)
    assert reason in found
    assert world.judge.tally.unexpected == 1
    assert [check for check in FAULT_CHECKS if world.check(check).verdict == "fail"] == [named]
    check = world.check(named)
    assert check.counts["unexpected" if named == UNEXPECTED else "failed"] == 1


def test_an_unexpected_event_still_counts_where_it_came() -> None:
    world = told(status("todo>planning", 2_000))
    assert (world.judge.tally.delivered, world.judge.tally.unexpected) == (6, 1)


def test_a_task_that_the_run_called_upon_but_did_not_create_is_not_created_later() -> None:
    world = World()
    world.open(0)
    world.move("t", "todo>planning", 1_000)
    world.created("t", 2_000, 0)
    world.end()
    assert "no create of this run" in world.reasons()[0]


def test_what_looked_unexpected_is_taken_back_when_the_call_behind_it_is_known() -> None:
    world = World(workers=2)
    world.open(*ALL)
    world.create("t", 1_000)
    world.created("t", 1_001, *ALL)
    world.status("t", "todo>planning", 2_001, *ALL)
    for second in range(2, 12):
        world.report(second * 1_000)
    assert world.judge.tally.unexpected == 1
    world.execute("t", "s", 2_000, answered=11_900, worker=1)
    world.started("t", "s", 11_800, *ALL)
    assert world.end().unexpected == 0
    assert world.reasons() == []


def test_the_order_within_one_read_is_the_servers() -> None:
    world = World()
    world.open(0)
    world.create("t", 1_000)
    world.execute("t", "s", 1_001)
    world.created("t", 1_001, 0, came=1_100)
    world.started("t", "s", 1_003, 0, came=1_100)
    world.status("t", "todo>planning", 1_002, 0, came=1_100)
    tally = world.end()
    assert tally.unexpected == 0

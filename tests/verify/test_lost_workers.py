"""A worker that is lost in the middle of a run takes its knowledge along: that is nobody's fault but the tester's."""

from __future__ import annotations

import pytest

from tests.verify.verify_world import ALL, World


@pytest.fixture
def world() -> World:
    """Worker 0 has the streams 0, 2 and 4, worker 1 the others; worker 1 is last heard of at 9 s."""
    world = World(workers=2)
    world.open(*ALL)
    world.create("mine", 1_000)
    world.created("mine", 1_001, *ALL)
    world.create("theirs", 1_000, worker=1)
    world.created("theirs", 1_001, *ALL)
    world.report(9_000)
    return world


def blamed(world: World) -> list[str]:
    """What the unexpected events are blamed for, without the names of the events."""
    return [reason.partition(" was not expected: ")[2].partition(". ")[0] for reason in world.reasons()]


def end(world: World, *, lost: bool = True) -> World:
    """Worker 0 reports to the end, and the run is over before anybody's patience is."""
    world.report(14_000, 0)
    if lost:
        world.judge.lose("w1")
    world.judge.finish()
    return world


def test_what_its_streams_lack_is_unknown(world: World) -> None:
    world.move("mine", "todo>planning", 12_000)
    world.status("mine", "todo>planning", 12_001, 0, 2, 4)
    tally = end(world).judge.tally
    assert (tally.expected, tally.delivered, tally.lost, tally.unknown) == (15, 15, 0, 3)
    assert world.check("lost").verdict == "unknown"


def test_what_was_still_on_its_way_at_its_last_word_is_unknown(world: World) -> None:
    world.move("mine", "todo>planning", 8_000)
    world.status("mine", "todo>planning", 8_001, 0, 2, 4)
    assert (end(world).judge.tally.lost, world.judge.tally.unknown) == (0, 3)


def test_what_had_its_time_before_is_lost_all_the_same(world: World) -> None:
    world.move("mine", "todo>planning", 2_000)
    world.status("mine", "todo>planning", 2_001, 0, 2, 4)
    assert (end(world).judge.tally.lost, world.judge.tally.unknown) == (3, 0)


def test_the_effects_of_calls_that_it_never_told_of_are_not_unexpected(world: World) -> None:
    world.status("theirs", "todo>planning", 9_001, 0, 2, 4)
    world.started("theirs", "s", 9_500, 0, 2, 4)
    world.ended("theirs", "s", 9_600, 0, 2, 4)
    assert blamed(end(world)) == []


def test_a_call_may_have_been_on_its_way_at_the_last_word(world: World) -> None:
    world.status("theirs", "todo>planning", 8_999, 0, 2, 4)
    assert blamed(end(world)) == []


def test_what_no_call_can_have_caused_stays_unexpected(world: World) -> None:
    world.created("theirs", 9_100, 0, 2, 4)
    assert blamed(end(world)) == ["the task was created already"]


def test_the_tasks_of_others_are_judged_as_before(world: World) -> None:
    world.status("mine", "todo>planning", 9_001, 0, 2, 4)
    assert blamed(end(world)) == ["no call of this run caused it"]


def test_without_a_loss_an_effect_without_a_cause_is_unexpected(world: World) -> None:
    world.status("theirs", "todo>planning", 9_001, 0, 2, 4)
    assert blamed(end(world, lost=False)) == ["no call of this run caused it"]


def test_a_create_that_nobody_answered_may_have_had_any_caller() -> None:
    world = World(workers=2)
    world.open(*ALL)
    world.act("create", "", 1_000, ok=False, title="t [lt-1]")
    world.created("t", 1_001, *ALL, title="t [lt-1]")
    world.report(9_000)
    world.status("t", "todo>planning", 9_001, 0, 2, 4)
    assert blamed(end(world)) == []


def test_a_worker_that_comes_back_is_heard_again(world: World) -> None:
    world.judge.lose("w1")
    world.judge.settle(10_000_000_000)
    world.status("theirs", "todo>planning", 9_001, *ALL)
    world.report(16_000)
    assert blamed(world) == ["no call of this run caused it"]
    assert world.judge.tally.unknown == 0


def test_a_worker_that_never_spoke_cannot_be_missed(world: World) -> None:
    world.judge.lose("w9")
    assert end(world, lost=False).judge.tally.unknown == 0


def test_a_worker_that_ended_in_order_has_closed_its_streams(world: World) -> None:
    world.judge.end("w1")
    world.move("mine", "todo>planning", 12_000)
    world.status("mine", "todo>planning", 12_001, 0, 2, 4)
    world.status("theirs", "todo>planning", 12_500, 0, 2, 4)
    for second in range(14, 40):
        world.report(second * 1_000, 0)
    tally = world.judge.tally
    assert (tally.expected, tally.delivered, tally.lost, tally.unknown) == (18, 18, 0, 0)
    assert blamed(world) == ["no call of this run caused it"]

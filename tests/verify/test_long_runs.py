"""A long run is judged as exactly as a short one, and what is remembered does not grow with its length."""

from __future__ import annotations

import pytest

from tests.verify.verify_world import World

ALL = range(4)
CHANGES = ("todo>planning", "planning>planning_review", "planning_review>planning")


def pass_time(world: World, start_s: int, end_s: int) -> None:
    for second in range(start_s, end_s):
        world.report(second * 1_000)


def one_second(world: World, second: int) -> None:
    """Three tasks of the run, one with a session, and strangers', a project, two streams that live for five seconds.

    One of the two is filtered, the project is lost on one stream, and every third session's task is deleted.
    """
    at = second * 1_000
    done, gone = f"done{second}", f"gone{second}"
    world.open(100 + second, at=at + 1)
    world.open(10_000 + second, at=at + 1, group=(done,))
    for task in (done, gone):
        world.create(task, at + 100)
        world.created(task, at + 101, *ALL)
    world.move(done, "review>done", at + 200)
    world.status(done, "review>done", at + 201, *ALL)
    world.act("delete", gone, at + 300)
    world.execute(f"stranger{second}", "", at + 1, ok=False)
    world.act("delete", f"stranger{second}", at + 2)
    world.started(f"foreign{second}", f"session{second}", at + 400, *ALL)
    world.started(f"copycat{second}", f"session{second}", at + 401, *ALL)
    world.told("project.opened", "", at + 402, *ALL[1:])
    at_work = f"at-work{second}"
    world.create(at_work, at + 500)
    world.created(at_work, at + 501, *ALL)
    world.execute(at_work, f"s{second}", at + 510)
    world.status(at_work, "todo>planning", at + 511, *ALL)
    world.started(at_work, f"s{second}", at + 512, *ALL)
    if second % 3:
        world.status(at_work, "planning>planning_review", at + 900, *ALL)
        world.ended(at_work, f"s{second}", at + 901, *ALL)
    world.act("delete", at_work, at + 950)
    world.close(100 + second, at=at + 5_000)
    world.close(10_000 + second, at=at + 5_000)
    world.report(at + 999)


@pytest.mark.parametrize(("workers", "seconds", "step"), [(1, 3_600, 6), (2, 300, 1)], ids=["an hour", "five minutes"])
def test_what_is_kept_does_not_grow_with_the_run(workers: int, seconds: int, step: int) -> None:
    world = World(workers=workers, capture_events=50, max_events=50)
    world.open(*ALL)
    kept: list[int] = []
    moments = range(step, seconds + 1, step)
    for second in moments:
        one_second(world, second)
        kept.append(world.judge.retained + sum(capture.retained for capture in world.captures))
    assert max(kept[200:]) <= max(kept[100:200]) * 1.02
    tally = world.end((seconds + 100) * 1_000)
    times, deleted = len(moments), sum(second % 3 == 0 for second in moments)
    settled = sum(second >= 5 for second in moments)
    assert tally.delivered == (8 * times - 2 * deleted) * 4
    assert (tally.foreign, tally.duplicated, tally.late, tally.unexpected) == (times * 8, 0, 0, 0)
    assert (tally.foreign_expected, tally.foreign_missed) == (settled * 3 * 4, settled)
    counts = world.check("lifecycle.sessions_end").counts
    assert (counts["sessions"], counts["deleted"], counts["ended"]) == (times, deleted, times - deleted)
    assert world.check("lifecycle.stuck").counts == {"sessions": times, "stuck": 0, "unknown": 0}
    assert len(world.check("fanout.same").offenders) == 20


def test_the_place_of_a_closed_stream_is_given_to_another_without_mixing_them_up() -> None:
    world = World()
    world.open(*ALL)
    world.create("t", 1_000)
    event = world.created("t", 1_001, *ALL)
    world.deliver(event, 1)
    world.close(1, at=3_000)
    world.open(3, at=3_000, group=("x",))
    pass_time(world, 2, 100)
    world.open(50, at=100_000)
    world.deliver(event, 50, came=100_001, replayed=True)
    world.create("u", 101_000)
    world.created("u", 101_001, 0, 2)
    tally = world.end(120_000)
    assert (tally.duplicated, tally.optional, tally.delivered, tally.lost) == (1, 1, 6, 1)
    (offender,) = world.check("lost").offenders
    assert offender["streams"] == ["w0/50"]


def test_a_slot_given_away_does_not_turn_a_loss_into_a_late_arrival() -> None:
    world = World()
    world.open(*ALL)
    world.create("t", 1_000)
    event = world.created("t", 1_001, 0, 2, 3)
    world.close(1, at=3_000)
    pass_time(world, 2, 100)
    world.open(50, at=100_000)
    world.deliver(event, 50, came=100_001, replayed=True)
    tally = world.end(120_000)
    assert (tally.lost, tally.late, tally.optional) == (1, 0, 1)


def test_a_repetition_that_the_worker_no_longer_recognises_is_still_a_duplicate() -> None:
    world = World(capture_events=1)
    world.open(*ALL)
    event = world.created("t", 1_001, *ALL)
    world.created("u", 2_001, *ALL)
    pass_time(world, 2, 50)
    world.deliver(event, 0, 1, came=50_000, replayed=True)
    tally = world.end()
    assert (tally.duplicated, tally.foreign) == (2, 8)


def moved_to_and_fro(world: World, until_s: int) -> None:
    """A task that goes round for minutes: its first events are long forgotten."""
    world.create("t", 1_000)
    world.created("t", 1_001, *ALL)
    for second in range(2, until_s):
        change = CHANGES[0] if second == 2 else CHANGES[2 - second % 2]
        world.move("t", change, second * 1_000)
        world.status("t", change, second * 1_000 + 1, *ALL)
        world.report(second * 1_000 + 500)


def test_a_task_that_lives_long_is_followed_from_what_is_left_of_its_past() -> None:
    world = World(max_events=5)
    world.open(*ALL)
    moved_to_and_fro(world, 201)
    tally = world.end(220_000)
    assert (tally.expected, tally.delivered, tally.unexpected, tally.lost) == (800, 800, 0, 0)


def test_a_contradiction_late_in_a_long_life_is_noticed() -> None:
    world = World(max_events=5)
    world.open(*ALL)
    moved_to_and_fro(world, 200)
    world.status("t", "todo>planning", 200_001, *ALL)
    world.created("t", 201_001, *ALL)
    assert world.end(220_000).unexpected == 2


@pytest.mark.parametrize("acknowledged", [True, False])
def test_a_session_may_run_for_minutes_after_its_execute_is_forgotten(acknowledged: bool) -> None:
    world = World(max_events=1)
    world.open(*ALL)
    world.create("t", 1_000)
    world.created("t", 1_001, *ALL)
    world.execute("t", "s" if acknowledged else "", 2_000, ok=acknowledged)
    world.status("t", "todo>planning", 2_001, *ALL)
    world.started("t", "s", 2_002, *ALL)
    pass_time(world, 2, 150)
    world.status("t", "planning>planning_review", 150_000, *ALL)
    world.ended("t", "s", 150_001, *ALL)
    world.ended("t", "other", 150_002, *ALL)
    tally = world.end(170_000)
    assert (tally.lost, tally.delivered) == (0, 24)
    assert tally.unexpected == (1 if acknowledged else 0)


def test_a_loss_is_still_counted_when_the_call_behind_it_is_forgotten() -> None:
    world = World(max_events=1)
    world.open(*ALL)
    world.create("t", 1_000)
    world.execute("t", "s", 1_100)
    pass_time(world, 2, 100)
    world.create("u", 100_000)
    world.created("u", 100_001, *ALL)
    world.move("t", "planning_review>in_progress", 101_000)
    world.status("t", "planning_review>in_progress", 101_001, *ALL)
    pass_time(world, 102, 110)
    tally = world.end(110_000)
    assert (tally.lost, tally.delivered, tally.unexpected) == (8, 8, 0)


def test_a_worker_back_after_minutes_does_not_reopen_what_is_settled_for_good() -> None:
    world = World(workers=2)
    world.open(*ALL)
    world.report(1_000)
    world.create("t", 2_000)
    world.move("t", "todo>planning", 3_000)
    world.created("t", 2_001, 0, 2)
    for second in range(3, 120):
        world.report(second * 1_000, 0)
    tally = world.end(120_000)
    assert (tally.expected, tally.delivered, tally.lost, tally.unknown) == (4, 2, 2, 4)


def test_streams_open_since_before_the_memory_still_count_as_watching() -> None:
    world = World()
    world.open(0, 1)
    world.create("t", 1_000)
    world.created("t", 1_001, 0, 1)
    pass_time(world, 2, 100)
    world.close(1, at=100_000)
    pass_time(world, 101, 200)
    world.execute("t", "s", 200_000)
    world.status("t", "ai_review>review", 200_001, 0)
    assert world.end(220_000).unexpected == 1


def test_streams_that_opened_long_after_the_last_event_did_not_watch() -> None:
    world = World()
    world.open(0)
    world.create("t", 1_000)
    world.created("t", 1_001, 0)
    world.close(0, at=20_000)
    world.open(1, at=30_000)
    pass_time(world, 2, 200)
    world.execute("t", "s", 200_000)
    world.status("t", "ai_review>review", 200_001, 1)
    assert world.end(220_000).unexpected == 0


def test_an_inversion_is_forgotten_with_its_events() -> None:
    world = World(workers=2, max_events=4, capture_events=4)
    world.open(*ALL)
    first, second = world.created("t", 1_001), world.created("u", 1_002)
    world.deliver(first, 0, 1, 2)
    world.deliver(second, *ALL)
    world.deliver(first, 3)
    pass_time(world, 2, 10)
    assert world.judge.tally.reordered == 1
    for number in range(10, 100):
        world.created(f"v{number}", number * 1_000, *ALL)
        world.report(number * 1_000 + 500)
    assert world.end(110_000).reordered == 1
    assert len(world.check("reordered").offenders) == 1

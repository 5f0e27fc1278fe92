"""Which streams owe what: open throughout, filtered, disconnected, replayed to, or of a worker that fell silent."""

from __future__ import annotations

import pytest

from tests.verify.verify_world import ALL, World, envelope


@pytest.mark.parametrize(
    ("opened", "closed", "owed"),
    [
        (4_999, None, True),
        (5_000, None, True),
        (5_000.1, None, False),
        (0, 5_000, False),
        (0, 5_001.5, False),
        (0, 6_002, False),
        (0, 6_002.1, True),
    ],
)
def test_a_stream_must_have_what_it_was_open_for_throughout(opened: float, closed: float | None, owed: bool) -> None:
    world = World()
    world.open(0)
    world.open(1, at=opened)
    if closed is not None:
        world.close(1, at=closed)
    world.create("t", 5_000, answered=5_002)
    world.created("t", 5_001, 0, 1)
    tally = world.end()
    assert (tally.delivered, tally.optional, tally.lost) == ((2, 0, 0) if owed else (1, 1, 0))


@pytest.mark.parametrize("told", [("t",), ("t", "u"), None])
def test_a_filtered_stream_must_have_the_events_of_its_tasks_only(told: tuple[str, ...] | None) -> None:
    world = World(workers=2)
    world.open(0, 1)
    world.open(2, group=told)
    world.open(3, group=("x",))
    world.create("t", 5_000)
    world.created("t", 5_001, 0, 1)
    tally = world.end()
    assert (tally.expected, tally.lost, tally.unexpected) == (3, 1, 0)


def test_an_event_on_a_stream_whose_filter_excludes_it_is_unexpected(world: World) -> None:
    world.open(7, group=("x",))
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL, 7)
    tally = world.end()
    assert (tally.delivered, tally.optional, tally.unexpected) == (6, 1, 1)
    check = world.check("fanout.filtered")
    (offender,) = check.offenders
    assert (check.verdict, check.counts["misdirected"]) == ("fail", 1)
    assert offender["streams"] == [f"w{7 % len(world.captures)}/7"]
    assert "filter keeps the task out: the first of them asked for task_ids=x" in str(offender["what"])
    assert offender["again"] == 'curl -N "$HOST/api/events?task_ids=x"'
    assert world.check("unexpected").verdict == "pass"


def test_a_stream_that_comes_back_with_another_filter_is_held_to_the_new_one() -> None:
    world = World()
    world.open(0, 1)
    world.open(1, at=2_000, group=("x",))
    world.create("t", 5_000)
    world.created("t", 5_001, 0)
    world.create("x", 5_000)
    world.created("x", 5_001, 0, 1)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost, tally.unexpected) == (3, 3, 0, 0)


def test_what_a_stream_missed_while_it_was_disconnected_is_not_lost(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL)
    world.close(2, at=7_500)
    world.move("t", "todo>planning", 8_000)
    world.status("t", "todo>planning", 8_001, 0, 1, 3, 4, 5)
    world.open(2, at=9_000)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost) == (11, 11, 0)


def test_a_replayed_event_fills_a_gap_once_and_is_a_duplicate_twice(world: World) -> None:
    world.create("t", 5_000)
    seen = world.created("t", 5_001, *ALL)
    world.close(2, at=7_500)
    world.move("t", "todo>planning", 8_000)
    missed = world.status("t", "todo>planning", 8_001, 0, 1, 3, 4, 5)
    world.open(2, at=9_000)
    world.deliver(seen, 2, came=9_001, replayed=True)
    world.deliver(missed, 2, came=9_002, replayed=True)
    tally = world.end()
    assert (tally.replayed, tally.optional, tally.duplicated, tally.reordered) == (2, 1, 1, 0)
    (offender,) = world.check("duplicated").offenders
    assert offender["event_id"] == seen.id
    assert offender["last_arrival_ns"] == 9_001_000_000
    assert offender["sent_ns"] == 5_000_000_000
    assert world.check("duplicated").verdict == "fail"


def test_events_that_came_only_by_replay_are_not_owed_to_streams_that_opened_after_them(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL)
    world.execute("t", "s", 6_000)
    world.status("t", "todo>planning", 6_001, *ALL)
    world.started("t", "s", 6_002, *ALL)
    world.close(*ALL, at=8_000)
    world.open(1, 2, at=10_000)
    world.open(0, at=20_000)
    world.deliver(
        envelope("gap", "task.status_changed", "t", 9_000, from_status="planning", to_status="planning_review"),
        0,
        came=20_001,
        replayed=True,
    )
    tally = world.end()
    assert (tally.lost, tally.optional, tally.unexpected) == (0, 1, 0)


def test_what_a_session_brings_is_owed_to_streams_that_were_open_shortly_before(world: World) -> None:
    world.create("t", 5_000)
    world.execute("t", "s", 6_000)
    world.created("t", 5_001, *ALL)
    world.status("t", "todo>planning", 6_001, *ALL)
    world.started("t", "s", 6_002, *ALL)
    world.open(6, at=30_000)
    world.ended("t", "s", 300_000, *ALL)
    world.open(7, at=299_000)
    tally = world.end(400_000)
    assert (tally.expected, tally.delivered, tally.lost) == (6 * 4 + 1, 24, 1)


def test_the_streams_of_a_worker_that_fell_silent_are_unknown_until_it_speaks() -> None:
    world = World(workers=2)
    world.open(*ALL)
    world.report(4_000)
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, 2, 4)
    world.move("t", "todo>planning", 5_100)
    for second in range(6, 20):
        world.report(second * 1_000, 0)
    tally = world.judge.tally
    assert (tally.expected, tally.delivered, tally.lost, tally.unknown) == (6, 3, 3, 6)
    world.move("t", "planning>planning_review", 19_100)
    for second in range(20, 27):
        world.report(second * 1_000, 0)
    assert world.judge.tally.unknown == 9
    world.deliver(event, 1, 3)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost, tally.unknown) == (18, 5, 13, 0)


def test_unknown_deliveries_leave_the_check_open() -> None:
    world = World(workers=2)
    world.open(*ALL)
    world.report(4_000)
    world.create("t", 5_000)
    world.created("t", 5_001, 0, 2, 4)
    for second in range(5, 80):
        world.report(second * 1_000, 0)
    check = world.check("lost")
    assert (check.verdict, check.counts["unknown"]) == ("unknown", 3)
    assert "worker stopped reporting" in check.summary


def test_what_a_silent_worker_says_much_later_still_counts() -> None:
    world = World(workers=2)
    world.open(*ALL)
    world.report(4_000)
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, 2, 4)
    for second in range(5, 80):
        world.report(second * 1_000, 0)
    world.deliver(event, 1, 3)
    tally = world.end(80_000)
    assert (tally.expected, tally.delivered, tally.unknown) == (5, 5, 1)


def test_a_stream_whose_worker_ended_while_the_event_was_under_way_may_miss_it() -> None:
    world = World(workers=2)
    world.open(0, 1)
    world.create("t", 5_000)
    world.created("t", 5_001, 0)
    tally = world.end(at=5_500)
    assert (tally.expected, tally.optional, tally.lost, tally.unknown) == (0, 1, 0, 0)


def test_a_stream_that_was_never_said_to_be_open_owes_nothing_and_is_owed_nothing(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL, 9)
    tally = world.end()
    assert (tally.delivered, tally.optional) == (6, 1)


def test_closing_what_is_not_open_changes_nothing(world: World) -> None:
    world.close(9, at=1_000)
    world.close(0, at=1_000)
    world.close(0, at=2_000)
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL[1:])
    assert world.end().expected == 5


def test_a_closing_may_be_stamped_before_what_was_reported_already(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL[1:])
    world.report(6_000)
    world.close(0, at=4_000)
    tally = world.end()
    assert (tally.expected, tally.lost) == (5, 0)

"""What the end of a run waits for, how far apart streams got an event, and which types lost what."""

from __future__ import annotations

from studio.contract import EventKey
from tests.verify.verify_world import MS, World


def opened(streams: int = 4, workers: int = 2) -> World:
    world = World(workers=workers)
    world.open(*range(streams))
    return world


def test_nothing_is_missing_before_anything_is_owed() -> None:
    world = opened()
    assert world.judge.missing() == 0
    world.report(1_000)
    assert world.judge.missing() == 0


def test_a_delivery_is_missing_until_it_has_come() -> None:
    world = opened()
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, 1)
    world.report(5_100)
    assert world.judge.missing() == 2
    world.deliver(event, 2, 3, came=5_150)
    world.report(5_200)
    assert world.judge.missing() == 0


def test_an_owed_event_that_nobody_has_seen_is_missing_on_every_stream() -> None:
    world = opened()
    world.create("t", 5_000)
    world.report(5_100)
    assert world.judge.missing() == 4
    world.created("t", 5_150, *range(4))
    world.report(5_200)
    assert world.judge.missing() == 0


def test_what_has_settled_is_no_longer_waited_for() -> None:
    world = opened()
    world.create("t", 5_000)
    world.created("t", 5_001, 0)
    world.move("t", "todo>planning", 5_500)
    world.report(6_000)
    assert world.judge.missing() == 7
    world.report(20_000)
    assert world.judge.missing() == 0
    assert world.judge.tally.lost == 7


def test_events_of_other_people_are_never_missing() -> None:
    world = opened()
    world.created("somebody's", 5_001, 0)
    world.report(5_100)
    assert world.judge.missing() == 0


def test_the_spread_runs_from_the_first_to_the_last_stream_over_all_workers() -> None:
    world = opened()
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, came=5_002)
    world.deliver(event, 1, 2, came=5_004)
    world.deliver(event, 3, came=5_009)
    world.end()
    assert world.judge.take_spreads() == [("task.created", 5_002 * MS, 5_009 * MS)]
    assert world.judge.take_spreads() == []


def test_two_streams_have_a_spread() -> None:
    world = opened(2)
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, came=5_002)
    world.deliver(event, 1, came=5_004)
    world.end()
    assert world.judge.take_spreads() == [("task.created", 5_002 * MS, 5_004 * MS)]


def test_replays_and_single_streams_have_no_spread() -> None:
    world = opened()
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, 1, came=5_002)
    world.deliver(event, 2, came=9_000, replayed=True)
    world.move("t", "todo>planning", 5_500)
    world.status("t", "todo>planning", 5_501, 0)
    world.move("t", "planning>planning_review", 5_600)
    world.status("t", "planning>planning_review", 5_601, 0, 1, replayed=True)
    world.end()
    assert [(spread.type, spread.last_ns - spread.first_ns) for spread in world.judge.take_spreads()] == [
        ("task.created", 0)
    ]


def test_losses_are_known_by_type_and_taken_back_when_the_event_comes_late() -> None:
    world = opened()
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, 1)
    world.move("t", "todo>planning", 5_500)
    world.act("delete", "t", 5_900)
    world.report(20_000)
    assert world.judge.lost_by_type == {"task.created": 2, "task.status_changed": 4}
    world.deliver(event, 2, came=20_100)
    world.status("t", "todo>planning", 5_501, 0, 1, 2, 3, came=20_100)
    world.end()
    assert world.judge.lost_by_type == {"task.created": 1, "task.status_changed": 0}


def test_events_of_the_run_are_counted_once_however_often_they_are_judged() -> None:
    world = opened()
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, 1)
    world.created("somebody's", 5_002, 0, 1)
    world.report(12_000)
    world.deliver(event, 2, 3, came=12_100)
    world.end()
    assert world.judge.own_events == 1


def test_a_call_that_owes_nothing_names_no_type() -> None:
    from tests.verify.verify_world import action

    assert action("delete", "t", 1, 2).owed_type == ""
    assert action("create", "t", 1, 2, key=EventKey("t", "task.created", "")).owed_type == "task.created"

"""All streams see the same, also of what is not the run's; filtered ones see their own tasks alone."""

from __future__ import annotations

import pytest

from tests.verify.verify_world import ALL, MS, World


def test_a_stream_without_somebody_elses_event_is_named(world: World) -> None:
    event = world.created("theirs", 10_000, 0, 1, 2, 3, 4)
    tally = world.end()
    assert (tally.foreign, tally.foreign_expected, tally.foreign_missed, tally.lost) == (5, 6, 1, 0)
    check = world.check("fanout.same")
    (offender,) = check.offenders
    assert check.verdict == "fail"
    assert (offender["event_id"], offender["streams"]) == (event.id, [f"w{5 % len(world.captures)}/5"])
    assert "of task theirs, which is not the run's, reached 5 of the 6 streams" in str(offender["what"])
    assert offender["again"] == f'curl -N -H "Last-Event-ID: {event.id}" "$HOST/api/events?task_ids=theirs"'


def test_alike_is_a_pass_and_nothing_foreign_is_no_check(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, 0)
    world.report(20_000)
    assert "fanout.same" not in world.verdicts()
    world.created("theirs", 21_000, *ALL)
    tally = world.end()
    assert (tally.foreign_expected, tally.foreign_missed) == (6, 0)
    assert world.check("fanout.same").verdict == "pass"


def test_events_of_projects_are_for_all_and_filters_pass_them(world: World) -> None:
    world.open(7, group=("x",))
    world.told("project.opened", "", 10_000, *ALL, path="/p")
    tally = world.end()
    assert (tally.other, tally.foreign_expected, tally.foreign_missed, tally.misdirected) == (6, 7, 1, 0)
    (offender,) = world.check("fanout.same").offenders
    assert "project.opened about no task reached 6 of the 7" in str(offender["what"])
    assert str(offender["again"]).endswith('"$HOST/api/events"')


@pytest.mark.parametrize("event_type", ["replay.unavailable", "error"])
def test_what_is_told_to_one_stream_alone_need_not_reach_the_others(world: World, event_type: str) -> None:
    world.told(event_type, "", 10_000, 2)
    tally = world.end()
    assert (tally.other, tally.foreign_expected) == (1, 0)


@pytest.mark.parametrize(
    ("opened", "closed", "owed"),
    [
        (5_000, None, True),
        (5_000.6, None, False),
        (0, 15_000.6, True),
        (0, 15_000.5, False),
        (12_000, None, False),
    ],
)
def test_only_streams_that_were_open_long_before_and_after_must_have_it(
    opened: float, closed: float | None, owed: bool
) -> None:
    world = World()
    world.open(0)
    world.open(1, at=opened)
    if closed is not None:
        world.close(1, at=closed)
    world.created("theirs", 10_000, 0)
    tally = world.end()
    assert (tally.foreign_expected, tally.foreign_missed) == ((2, 1) if owed else (1, 0))


def test_what_came_by_replay_alone_is_owed_to_nobody(world: World) -> None:
    world.created("theirs", 10_000, 0, came=20_000, replayed=True)
    tally = world.end()
    assert (tally.foreign, tally.foreign_expected) == (1, 0)


def test_a_replay_fills_the_gap_of_a_stream_that_was_away(world: World) -> None:
    world.close(5, at=9_000)
    event = world.created("theirs", 10_000, 0, 1, 2, 3, 4)
    world.open(5, at=11_000)
    world.deliver(event, 5, came=11_001, replayed=True)
    tally = world.end()
    assert (tally.foreign, tally.foreign_expected, tally.foreign_missed) == (6, 5, 0)


def test_filters_that_keep_the_task_out_owe_nothing_and_others_do(world: World) -> None:
    world.open(7, group=("x",))
    world.open(8, group=("theirs", "x"))
    world.created("theirs", 10_000, *ALL)
    tally = world.end()
    assert (tally.foreign_expected, tally.foreign_missed) == (7, 1)


@pytest.mark.parametrize("came_s", [17, 70])
def test_what_comes_late_is_taken_back(world: World, came_s: int) -> None:
    event = world.created("theirs", 10_000, 0, 1, 2, 3)
    for second in range(11, came_s):
        world.report(second * 1_000)
    assert world.judge.tally.foreign_missed == 2
    world.deliver(event, 4, came=came_s * 1_000)
    tally = world.end(came_s * 1_000 + 10_000)
    assert (tally.foreign, tally.foreign_expected, tally.foreign_missed) == (5, 6, 1)


def test_a_foreign_event_that_turns_out_to_be_the_runs_is_a_delivery_and_no_longer_foreign() -> None:
    world = World(workers=2)
    world.open(*ALL)
    world.created("t", 10_000, *ALL[:5])
    for second in range(10, 20):
        world.report(second * 1_000)
    assert (world.judge.tally.foreign_missed, world.judge.own_events) == (1, 0)
    world.create("t", 9_999, answered=19_990, worker=1)
    tally = world.end()
    assert (tally.foreign_expected, tally.foreign_missed, tally.lost) == (0, 0, 1)
    assert world.judge.own_events == 1
    assert "fanout.same" not in world.verdicts()


def test_a_silent_workers_streams_are_left_out_until_it_speaks() -> None:
    world = World(workers=2)
    world.open(*ALL)
    world.report(9_000)
    event = world.created("theirs", 10_000, 0, 2)
    for second in range(10, 40):
        world.report(second * 1_000, 0)
    assert (world.judge.tally.foreign_expected, world.judge.tally.foreign_missed) == (3, 1)
    world.deliver(event, 1, 3)
    tally = world.end()
    assert (tally.foreign_expected, tally.foreign_missed) == (6, 2)


def test_streams_that_play_a_recording_need_not_be_alike() -> None:
    world = World(broadcast=False)
    world.open(0)
    world.open(1, at=1_000)
    for number in range(20):
        event = world.created(f"t{number}", 5_000 + number * 1_000, 0)
        if number < 10:
            world.deliver(event, 1, delay=8_000)
    tally = world.end()
    assert (tally.foreign, tally.foreign_expected, tally.foreign_missed) == (30, 0, 0)
    check = world.check("fanout.same")
    assert (check.verdict, check.offenders) == ("unknown", [])
    assert "recording" in check.summary


def test_where_no_stream_can_be_asked_for_a_strangers_event_there_is_no_check() -> None:
    recorded = World(broadcast=False)
    recorded.open(0)
    recorded.create("t", 5_000)
    recorded.created("t", 5_001, 0)
    recorded.end()
    assert "fanout.same" not in recorded.verdicts()
    fresh = World()
    fresh.open(0, at=5_000)
    fresh.created("theirs", 5_001, 0)
    fresh.end()
    assert fresh.judge.tally.foreign == 1
    assert "fanout.same" not in fresh.verdicts()


def test_filtered_streams_alone_are_a_pass_and_without_any_event_unknown(world: World) -> None:
    world.open(7, group=("x",))
    world.report(1_000)
    assert world.check("fanout.filtered").verdict == "unknown"
    world.created("theirs", 10_000, *ALL)
    world.created("x", 10_001, *ALL, 7)
    world.end()
    assert world.check("fanout.filtered").verdict == "pass"


def test_that_a_stream_had_a_filter_is_remembered_beyond_its_end() -> None:
    world = World()
    world.open(0)
    world.open(7, group=("x",))
    event = world.created("theirs", 5_000, 0, 7)
    world.close(7, at=6_000)
    for second in range(6, 120):
        world.report(second * 1_000)
    check = world.check("fanout.filtered")
    assert (check.verdict, check.offenders[0]["event_id"]) == ("fail", event.id)


def test_somebody_elses_event_behind_a_filter_is_misdirected_and_not_unexpected(world: World) -> None:
    world.open(7, 8, group=("x",))
    event = world.created("theirs", 10_000, *ALL, 7, 8)
    tally = world.end()
    assert (tally.misdirected, tally.unexpected) == (2, 0)
    (offender,) = world.check("fanout.filtered").offenders
    assert (offender["event_id"], offender["stream_count"]) == (event.id, 2)
    assert "came live on 2 filtered streams" in str(offender["what"])


def test_what_a_replay_brings_behind_a_filter_is_for_the_replay_to_answer(world: World) -> None:
    world.open(7, group=("x",))
    event = world.created("theirs", 10_000, *ALL)
    world.deliver(event, 7, came=12_000, replayed=True)
    tally = world.end()
    assert tally.misdirected == 0
    assert world.check("fanout.filtered").verdict == "pass"


def test_a_live_arrival_behind_a_filter_counts_though_a_replay_brings_it_again(world: World) -> None:
    world.open(7, group=("x",))
    event = world.created("theirs", 10_000, *ALL, 7)
    world.deliver(event, 7, came=12_000, replayed=True)
    assert world.end().misdirected == 1


def test_the_place_of_a_stream_that_missed_an_event_may_be_given_away() -> None:
    world = World()
    world.open(*ALL)
    event = world.created("theirs", 10_000, 0, 2, 3, 4, 5)
    world.close(1, at=20_000)
    for second in range(11, 120):
        world.report(second * 1_000)
    world.open(50, at=120_000)
    world.deliver(event, 50, came=120_001, replayed=True)
    tally = world.end(200_000)
    assert (tally.foreign, tally.foreign_missed) == (6, 1)


def test_the_moment_of_the_first_live_arrival_is_known_over_all_workers() -> None:
    world = World(workers=2)
    world.open(*ALL)
    event = world.created("theirs", 10_000, 1, came=14_000)
    world.report(14_500, 1)
    world.deliver(event, 0, came=10_001)
    world.open(7, at=8_000)
    tally = world.end()
    assert tally.foreign_expected == 6
    assert event.timestamp_ns == 10_000 * MS

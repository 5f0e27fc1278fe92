"""Which deliveries are owed, and what became of them; told for one worker and for several."""

from __future__ import annotations

import pytest

from studio.contract import EventKey
from tests.verify.verify_world import World, envelope

ALL = range(6)


@pytest.fixture(params=[1, 2, 3], ids=lambda k: f"{k} workers")
def world(request: pytest.FixtureRequest) -> World:
    world = World(workers=request.param)
    world.open(*ALL)
    return world


def test_an_acknowledged_event_is_owed_to_every_open_stream(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost, tally.arrivals) == (6, 6, 0, 6)
    assert [check.verdict for check in world.judge.checks()] == ["pass"] * 4


def test_a_stream_without_the_event_lost_it_and_is_named(world: World) -> None:
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, 1, 2, 3, 4)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost) == (6, 5, 1)
    check = world.check("lost")
    (offender,) = check.offenders
    assert check.verdict == "fail"
    assert check.counts["lost"] == 1
    assert offender["event_id"] == event.id
    assert offender["streams"] == [f"w{5 % len(world.captures)}/5"]
    assert offender["sent_ns"] == 5_000_000_000
    assert offender["what"] == "task.created reached 5 of the 6 streams that were open for it; 1 did not get it"


def test_an_acknowledged_event_that_nobody_saw_is_lost_on_every_stream_and_named_by_its_key(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL)
    world.move("t", "todo>planning", 6_000)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost) == (12, 6, 6)
    (offender,) = world.check("lost").offenders
    assert (offender["event_id"], offender["type"], offender["detail"]) == ("", "task.status_changed", "todo>planning")
    assert offender["stream_count"] == 6
    assert "acknowledged the transition of task t" in str(offender["what"])


def test_an_owed_event_that_no_open_stream_could_get_is_no_offence(world: World) -> None:
    world.close(*ALL, at=1_000)
    world.create("t", 5_000)
    tally = world.end()
    assert (tally.expected, tally.lost) == (0, 0)
    assert world.check("lost").verdict == "unknown"


def test_the_event_may_beat_the_answer_of_its_own_call(world: World) -> None:
    world.created("t", 5_001, *ALL)
    world.report(5_100)
    world.create("t", 5_000, answered=9_000)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.foreign, tally.unexpected) == (6, 6, 0, 0)


@pytest.mark.parametrize("known_at", [5_100, 8_000, 20_000, 40_000])
def test_an_event_judged_as_foreign_becomes_the_runs_own_when_its_call_is_known(known_at: int) -> None:
    world = World(workers=2)
    world.open(*ALL)
    world.created("t", 5_001, *ALL[:5])
    for second in range(1, known_at // 1_000 + 1):
        world.report(second * 1_000)
    world.create("t", 5_000, answered=known_at - 50, worker=1)
    world.report(known_at)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost, tally.foreign) == (6, 5, 1, 0)


def test_an_owed_event_counted_as_lost_on_all_streams_is_taken_back_when_it_comes(world: World) -> None:
    world.create("t", 5_000)
    for second in range(6, 20):
        world.report(second * 1_000)
    assert world.judge.tally.lost == 6
    assert len(world.check("lost").offenders) == 1
    world.created("t", 5_001, *ALL, came=20_100)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost, tally.late) == (6, 6, 0, 6)
    assert world.check("lost").offenders == []


@pytest.mark.parametrize("came_s", [15, 70])
def test_a_pair_counted_as_lost_is_taken_back_when_it_comes_late(world: World, came_s: int) -> None:
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, 1, 2)
    for second in range(6, came_s):
        world.report(second * 1_000)
    assert world.judge.tally.lost == 3
    world.deliver(event, 3, 4, came=came_s * 1_000)
    tally = world.end(at=came_s * 1_000 + 10_000)
    assert (tally.expected, tally.delivered, tally.lost, tally.late) == (6, 5, 1, 2)


def test_a_foreign_event_is_counted_and_never_a_failure(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL)
    other = world.created("strangers", 5_002, 0, 1)
    for second in range(6, 80):
        world.report(second * 1_000)
    world.deliver(other, 2, came=80_000)
    tally = world.end(90_000)
    assert (tally.foreign, tally.unexpected, tally.lost) == (3, 0, 0)
    assert {check.verdict for check in world.judge.checks()} == {"pass"}


def test_events_before_the_runs_first_call_on_the_task_are_foreign(world: World) -> None:
    world.created("t", 3_000, *ALL)
    world.move("t", "todo>planning", 5_000)
    world.status("t", "todo>planning", 5_001, *ALL)
    tally = world.end()
    assert (tally.foreign, tally.expected, tally.unexpected) == (6, 6, 0)


def test_events_of_no_task_are_counted_apart(world: World) -> None:
    world.told("project.opened", "", 5_000, *ALL, path="/p")
    world.told("replay.unavailable", "", 5_000, 1, reason="evicted")
    world.told("error", "", 5_000, 1, message="oops")
    tally = world.end()
    assert (tally.other, tally.foreign, tally.expected, tally.arrivals) == (8, 0, 0, 8)
    assert [check.verdict for check in world.judge.checks()] == ["unknown", "pass", "pass", "unknown"]


def test_nothing_seen_and_nothing_done_is_unknown(world: World) -> None:
    world.end()
    assert {check.verdict for check in world.judge.checks()} == {"unknown"}


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
    (offender,) = world.check("unexpected").offenders
    assert offender["streams"] == [f"w{7 % len(world.captures)}/7"]
    assert "filter keeps the task out" in str(offender["what"])


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


def test_only_the_first_offenders_are_kept() -> None:
    world = World(max_offenders=3)
    world.open(0, 1)
    for number in range(10):
        world.create(f"t{number}", 5_000 + number)
        world.created(f"t{number}", 5_000.5 + number, 0)
    world.end()
    check = world.check("lost")
    assert check.counts["lost"] == 10
    assert len(check.offenders) == 3


def test_an_offender_names_a_few_streams_and_counts_all() -> None:
    world = World(workers=2)
    world.open(*range(50))
    world.create("t", 5_000)
    world.created("t", 5_001, 49)
    world.end()
    (offender,) = world.check("lost").offenders
    streams = offender["streams"]
    assert isinstance(streams, list)
    assert (len(streams), offender["stream_count"]) == (10, 49)


def test_the_grace_cannot_be_longer_than_the_settle_time() -> None:
    with pytest.raises(ValueError, match="grace_ns"):
        World(settle_ns=1, grace_ns=2)


def test_a_create_without_an_answer_is_known_by_its_title(world: World) -> None:
    world.act("create", "", 5_000, answered=35_000, ok=False, title="run 7 task 1")
    world.created("t", 5_001, *ALL[:5], title="run 7 task 1")
    world.created("u", 5_002, *ALL, title="somebody else's")
    world.created("v", 5_003, *ALL, title="run 7 task 1")
    world.act("create", "", 9_000, ok=False, title="run 7 task 2")
    world.created("w", 5_003, *ALL, title="run 7 task 2")
    world.status("w", "todo>planning", 5_004, *ALL)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost, tally.foreign, tally.unexpected) == (6, 5, 1, 24, 0)


def test_a_create_given_up_after_its_event_was_judged_is_still_known_by_its_title(world: World) -> None:
    world.created("t", 5_001, *ALL[:5], title="run 7 task 1")
    world.deliver(world.created("v", 4_001, title="run 7 task 1"), *ALL)
    world.deliver(world.created("w", 5_001, title="run 7 task 2"), *ALL)
    for second in range(6, 20):
        world.report(second * 1_000)
    assert world.judge.tally.foreign == 17
    world.act("create", "", 5_000, answered=20_000, ok=False, title="run 7 task 1")
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.foreign) == (6, 5, 12)


def test_a_create_without_an_answer_owes_nothing(world: World) -> None:
    world.act("create", "", 5_000, ok=False, title="run 7 task 1")
    world.move("t", "todo>planning", 5_000, ok=False)
    tally = world.end()
    assert (tally.expected, tally.lost) == (0, 0)


def test_a_delete_owes_no_event(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL)
    world.act("delete", "t", 6_000)
    tally = world.end()
    assert (tally.expected, tally.lost) == (6, 0)


def test_the_same_status_change_twice_is_owed_twice(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL)
    at = 6_000
    for change in ("todo>planning", "planning>planning_review", "planning_review>planning") * 2:
        if change == "todo>planning" and at > 6_000:
            continue
        world.move("t", change, at)
        at += 100
        streams = ALL if change != "planning>planning_review" or at < 6_300 else ()
        world.status("t", change, at - 99, *streams)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost, tally.unexpected) == (36, 30, 6, 0)
    (offender,) = world.check("lost").offenders
    assert (offender["event_id"], offender["detail"]) == ("", "planning>planning_review")
    assert offender["sent_ns"] == 6_300_000_000


def test_an_attempt_whose_event_shows_owes_it_to_all_streams(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL)
    world.move("t", "todo>planning", 6_000, answered=36_000, ok=False)
    world.status("t", "todo>planning", 6_001, 0, 1)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost, tally.unexpected) == (12, 8, 4, 0)


def test_an_attempt_that_failed_does_not_take_the_event_of_the_one_that_was_acknowledged(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL)
    world.move("t", "todo>planning", 6_000, ok=False)
    world.act("transition", "t", 7_000, key=EventKey("t", "task.status_changed", "todo>planning"))
    world.status("t", "todo>planning", 7_001, *ALL)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.unexpected) == (12, 12, 0)


def test_arrivals_may_be_reported_in_another_order_than_they_came(world: World) -> None:
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, 1, 2, came=5_400)
    world.deliver(event, 3, 4, 5, came=5_002)
    tally = world.end()
    assert (tally.delivered, tally.lost) == (6, 0)


def test_an_offender_tells_the_first_and_the_last_arrival(world: World) -> None:
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, came=5_400)
    world.deliver(event, 0, came=5_500)
    world.deliver(event, 3, came=5_002)
    world.end()
    (offender,) = world.check("lost").offenders
    assert (offender["first_arrival_ns"], offender["last_arrival_ns"]) == (5_002_000_000, 5_500_000_000)


def test_what_was_asked_of_a_deleted_task_is_judged_however_long_ago_the_delete_was(world: World) -> None:
    world.create("t", 1_000)
    world.created("t", 1_001, *ALL)
    world.act("delete", "t", 2_000)
    for second in range(3, 62):
        world.report(second * 1_000)
    world.move("t", "todo>planning", 61_100)
    for second in range(62, 65):
        world.report(second * 1_000)
    assert world.end(80_000).lost == 6

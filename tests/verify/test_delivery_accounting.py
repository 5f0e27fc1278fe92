"""Which deliveries are owed, and what became of them; told for one worker and for several."""

from __future__ import annotations

import pytest

from studio.contract import EventKey
from tests.verify.verify_world import ALL, MS, World, over_the_wire

OF_DELIVERY = tuple(f"delivery.{kind}" for kind in ("lost", "duplicated", "reordered", "unexpected"))
OF_A_RUN = (*OF_DELIVERY, "lifecycle.transitions", "lifecycle.after_done")
"""The checks of a run without sessions, filters and other people's events."""


def test_an_acknowledged_event_is_owed_to_every_open_stream(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost, tally.arrivals) == (6, 6, 0, 6)
    assert world.verdicts() == dict.fromkeys(OF_A_RUN, "pass")


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
    assert offender["what"] == (
        "task.created reached 5 of the 6 streams that were open for it; 1 did not get it. Behind it is the create of "
        "task t, sent at 00:00:05.000000 and acknowledged at 00:00:05.002000. It came first at 00:00:05.001500; the "
        "server dates it 00:00:05.001000"
    )
    assert offender["again"] == f'curl -N -H "Last-Event-ID: {event.id}" "$HOST/api/events?task_ids=t"'


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


def test_a_stream_whose_end_is_noticed_late_lost_nothing_that_came_after_it(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, 0, 1, 2, 3, 4)
    world.create("u", 5_000)
    world.report(12_000)
    assert world.judge.tally.lost == 1 + 6
    world.close(5, at=4_999)
    world.report(13_000)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost) == (10, 5, 5)


def test_a_stream_whose_end_is_noticed_late_still_lost_what_came_before_it(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, 0, 1, 2, 3, 4)
    world.report(12_000)
    world.close(5, at=6_500)
    world.report(13_000)
    assert world.end().lost == 1


def test_a_service_that_is_behind_owes_nothing_to_who_left_before_it_was_their_turn(world: World) -> None:
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, 1, 2)
    world.deliver(event, 3, 4, came=8_000)
    world.close(5, at=8_999)
    tally = world.end()
    assert (tally.expected, tally.delivered, tally.lost) == (5, 5, 0)


def test_who_stays_a_second_after_the_last_arrival_must_have_the_event(world: World) -> None:
    world.create("t", 5_000)
    event = world.created("t", 5_001, 0, 1, 2)
    world.deliver(event, 3, 4, came=8_000)
    world.close(5, at=9_001)
    assert world.end().lost == 1


def test_a_run_may_be_told_more_and_be_finished_while_it_is_being_judged(world: World) -> None:
    for number in range(3):
        world.create(f"t{number}", 5_000)
        world.created(f"t{number}", 5_001, *ALL)
    for number, capture in enumerate(world.captures):
        world.judge.add(f"w{number}", over_the_wire(capture.take(12_000 * MS)))
    pieces = world.judge.settling(12_000 * MS)
    next(pieces)
    assert world.judge.tally.expected == len(ALL)
    world.create("late", 7_000)
    world.created("late", 7_001, *ALL)
    tally = world.end()
    assert list(pieces) == []
    assert (tally.expected, tally.delivered, tally.lost) == (24, 24, 0)


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


def test_a_foreign_event_is_counted_apart_from_the_deliveries(world: World) -> None:
    world.create("t", 5_000)
    world.created("t", 5_001, *ALL)
    other = world.created("strangers", 5_002, 0, 1)
    for second in range(6, 80):
        world.report(second * 1_000)
    world.deliver(other, 2, came=80_000)
    tally = world.end(90_000)
    assert (tally.foreign, tally.unexpected, tally.lost) == (3, 0, 0)
    assert {world.check(name).verdict for name in OF_A_RUN} == {"pass"}


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
    assert [world.check(name).verdict for name in OF_DELIVERY] == ["unknown", "pass", "pass", "unknown"]


def test_nothing_seen_and_nothing_done_is_unknown(world: World) -> None:
    world.end()
    assert {check.verdict for check in world.judge.checks()} == {"unknown"}


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

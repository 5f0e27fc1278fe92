"""How long what was seen stays known, to the moment: an event is forgotten only when nothing can change its account."""

from __future__ import annotations

import pytest

from studio.verify.capture import Capture
from studio.verify.horizons import SECOND_NS, forget_after_ns, freeze_after_ns
from studio.verify.judge import Judge
from tests.verify.verify_world import MS, World, envelope, over_the_wire

SETTLE_MS = 5_000
FROZEN_MS = freeze_after_ns(SETTLE_MS * MS) // MS
FORGOTTEN_MS = forget_after_ns(SETTLE_MS * MS) // MS
US = 0.001


def seen_by(capture: Capture, event_id: str, at_ms: float, *streams: int, dated_ms: float = 0) -> list[bool]:
    event = envelope(event_id, "task.created", "t", dated_ms or at_ms, title="")
    return [capture.arrived(stream, event, int(at_ms * MS), replayed=False) for stream in streams]


def test_a_capture_knows_an_event_for_three_settle_times_after_it_last_came() -> None:
    capture = Capture(max_events=0)
    capture.stream_opened(0, 0)
    seen_by(capture, "e", 1_000, 0)
    capture.take((1_000 + 3 * SETTLE_MS) * MS)
    assert seen_by(capture, "e", 16_000, 0) == [False]
    capture.take((1_000 + 3 * SETTLE_MS) * MS + 1)
    assert seen_by(capture, "e", 16_000, 0) == [True]


def test_its_last_arrival_counts_though_an_earlier_one_is_reported_after_it() -> None:
    capture = Capture(max_events=0)
    for stream in range(3):
        capture.stream_opened(stream, 0)
    for stream, at_ms in enumerate((2_000, 3_000, 1_000)):
        seen_by(capture, "e", at_ms, stream, dated_ms=900)
    (row,) = capture.take(17_500 * MS)["events"]
    assert row[6:10] == [1_000 * MS, 1_000 * MS, 3_000 * MS, 3_000 * MS]
    assert seen_by(capture, "e", 17_600, 0, dated_ms=900) == [False]


def test_events_that_are_kept_are_compared_though_others_are_forgotten() -> None:
    capture = Capture(max_events=2)
    for stream in range(2):
        capture.stream_opened(stream, 0)
    seen_by(capture, "old", 1_000, 0, 1)
    seen_by(capture, "early", 20_001, 0, dated_ms=20_000)
    seen_by(capture, "late", 20_002, 0, 1)
    capture.take(21_000 * MS)
    seen_by(capture, "early", 21_001, 1, dated_ms=20_000)
    assert [row[:2] for row in capture.take(22_000 * MS)["inversions"]] == [["early", "late"]]


def test_the_settle_time_may_be_as_short_as_the_time_that_a_stream_has() -> None:
    Judge(settle_ns=SECOND_NS, grace_ns=SECOND_NS)
    with pytest.raises(ValueError, match="must not be longer than settle_ns"):
        Judge(settle_ns=SECOND_NS - 1, grace_ns=SECOND_NS)


def owed(*, came: bool) -> World:
    """A create that is acknowledged at 1,002 ms; its event comes on one of two streams at 1,001 ms, or on none."""
    world = World(workers=2)
    world.open(0, 1)
    world.create("t", 1_000)
    if came:
        world.created("t", 1_000.5, 0)
    return world


@pytest.mark.parametrize(("late_ms", "judged"), [(-US, 0), (0, 1)])
def test_an_event_is_judged_one_settle_time_after_the_answer_that_owes_it(late_ms: float, judged: int) -> None:
    world = owed(came=True)
    world.report(1_002 + SETTLE_MS + late_ms)
    assert (world.judge.own_events, world.judge.tally.lost) == (judged, judged)


@pytest.mark.parametrize(("late_ms", "judged"), [(-US, 0), (0, 1)])
def test_another_persons_event_is_judged_one_settle_time_after_it_came(late_ms: float, judged: int) -> None:
    world = World()
    world.open(0)
    world.created("somebody's", 7_000, 0, came=7_001)
    world.report(7_001 + SETTLE_MS + late_ms)
    assert (world.judge.tally.foreign, world.judge.tally.foreign_expected) == (judged, judged)


@pytest.mark.parametrize(("late_ms", "lost"), [(-US, 0), (0, 2)])
def test_an_event_that_nobody_saw_is_lost_one_settle_time_after_the_answer(late_ms: float, lost: int) -> None:
    world = owed(came=False)
    world.report(1_002 + SETTLE_MS + late_ms)
    assert world.judge.tally.lost == lost


@pytest.mark.parametrize(("late_ms", "missing"), [(-US, 1), (0, 0)])
def test_a_delivery_is_waited_for_until_it_has_settled(late_ms: float, missing: int) -> None:
    world = owed(came=True)
    world.report(1_002 + SETTLE_MS + late_ms)
    assert world.judge.missing() == missing


@pytest.mark.parametrize(("late_ms", "missing"), [(-US, 2), (0, 0)])
def test_so_is_one_that_nobody_saw(late_ms: float, missing: int) -> None:
    world = owed(came=False)
    world.report(1_002 + SETTLE_MS + late_ms)
    assert world.judge.missing() == missing


@pytest.mark.parametrize(("late_ms", "unknown"), [(0, 0), (US, 1)])
def test_a_worker_is_waited_for_as_long_as_the_judge_has_patience(late_ms: float, unknown: int) -> None:
    world = owed(came=True)
    world.report(1_100, 1)
    world.report(11_100 + late_ms, 0)
    assert (world.judge.tally.unknown, world.judge.own_events) == (unknown, unknown)


@pytest.mark.parametrize(("age_ms", "own"), [(FROZEN_MS, 1), (FROZEN_MS + US, 0)])
def test_an_event_may_become_the_runs_until_it_is_too_old_to_be_judged_anew(age_ms: float, own: int) -> None:
    world = World(workers=2)
    world.open(0)
    world.created("t", 1_000, 0, came=1_001)
    world.create("t", 1_000, worker=1)
    world.report(1_001 + age_ms, 0)
    world.report(1_001 + age_ms + 1, 1)
    assert world.judge.own_events == own


@pytest.mark.parametrize(("age_ms", "lost"), [(FROZEN_MS, 2), (FROZEN_MS + US, 1)])
def test_so_may_streams_that_lost_what_nobody_saw(age_ms: float, lost: int) -> None:
    world = owed(came=False)
    settled_ms = 1_002 + SETTLE_MS
    world.report(settled_ms + age_ms, 0)
    world.judge.settle(int((settled_ms + age_ms) * MS))
    world.report(settled_ms + age_ms + 1, 1)
    assert world.judge.tally.lost == lost


def test_a_loss_that_came_after_all_names_no_stream_however_old_it_is() -> None:
    world = owed(came=True)
    world.report(1_002 + SETTLE_MS + FROZEN_MS + 1)
    world.report(1_002 + SETTLE_MS + FROZEN_MS + 2)
    assert len(world.check("lost").offenders) == 1
    event = envelope("e1", "task.created", "t", 1_000.5, title="")
    world.deliver(event, 1, came=60_000)
    world.end()
    assert (world.check("lost").counts["late"], world.check("lost").offenders) == (1, [])


@pytest.mark.parametrize(("age_ms", "kept"), [(FORGOTTEN_MS, 1), (FORGOTTEN_MS + US, 0)])
def test_a_judge_knows_an_event_until_nothing_can_change_its_account(age_ms: float, kept: int) -> None:
    world = World(max_events=0)
    world.open(0)
    world.created("somebody's", 1_000, 0, came=1_001)
    world.report(1_001 + age_ms)
    assert len(world.judge._records) == kept


def test_the_last_events_are_known_however_old_they_are() -> None:
    world = World(max_events=2)
    world.open(0)
    for number in range(3):
        world.created(f"somebody's {number}", 1_000 + number, 0)
    world.report(200_000)
    assert list(world.judge._records) == ["e2", "e3"]


def test_an_event_that_is_not_judged_yet_is_not_forgotten_though_it_came_long_ago() -> None:
    world = World(max_events=0)
    world.open(0)
    world.create("t", 1_000, answered=100_000)
    world.created("t", 1_001, 0)
    world.report(100_001)
    assert len(world.judge._records) == 1
    assert world.end(200_000).delivered == 1


@pytest.mark.parametrize(("age_ms", "kept"), [(FORGOTTEN_MS, 1), (FORGOTTEN_MS + US, 0)])
def test_a_task_that_is_over_is_known_as_long_as_an_event(age_ms: float, kept: int) -> None:
    world = World(max_events=0)
    world.open(0)
    world.create("t", 1_000)
    world.created("t", 1_001, 0)
    world.act("delete", "t", 1_100, answered=1_200)
    world.report(1_200 + age_ms)
    assert len(world.judge._logs) == kept


def test_what_is_to_be_judged_anew_may_be_forgotten_before_its_turn() -> None:
    world = World(workers=2, max_events=0)
    world.open(0, 1)
    world.created("somebody's", 1_000, 0)
    now_ns = (2_000 + FORGOTTEN_MS) * MS
    world.judge.add("w0", over_the_wire(world.captures[0].take(now_ns)))
    pieces = world.judge.settling(now_ns)
    next(pieces)
    world.judge.add("w1", over_the_wire(world.captures[1].take(now_ns)))
    assert list(pieces) == []
    assert not world.judge._logs
    world.judge.settle(now_ns)
    assert (world.judge.tally.foreign, world.judge.own_events) == (1, 0)


def test_a_session_event_without_a_task_belongs_to_nobodys_sessions() -> None:
    world = World()
    world.open(0)
    world.told("session.started", "", 1_000, 0, session_id="s")
    world.end()
    assert "lifecycle.sessions_end" not in world.verdicts()


def test_a_first_arrival_that_another_worker_tells_later_changes_whose_event_it_was() -> None:
    world = World(workers=2)
    world.open(0, 1)
    world.report(500)
    world.create("t", 1_000)
    event = world.created("t", 999, 0, came=1_001)
    world.deliver(event, 1, came=999.5)
    world.judge.add("w0", world.captures[0].take(1_100 * MS))
    assert world.judge.missing() == 0
    tally = world.end()
    assert (tally.foreign, tally.lost) == (2, 2)


@pytest.mark.parametrize("capture_events", [4096, 0], ids=["the capture knew it", "the judge alone knew it"])
def test_an_event_that_comes_again_after_it_was_judged_is_named(capture_events: int) -> None:
    world = World(capture_events=capture_events)
    world.open(0)
    world.create("t", 1_000)
    event = world.created("t", 1_001, 0)
    for second in range(10, 30):
        world.report(second * 1_000)
    world.deliver(event, 0, came=30_000)
    world.report(31_000)
    assert [offender["event_id"] for offender in world.check("duplicated").offenders] == [event.id]

"""Who got events out of turn: the majority decides, then the server's clock."""

from __future__ import annotations

import pytest

from studio.verify.bitmaps import from_bytes, slots_of, to_bytes
from studio.verify.ordering import Votes
from studio.verify.records import Arrival, EventRecord
from studio.verify.tally import Tally
from tests.verify.verify_world import World, envelope


def seen(orders: list[str], *, workers: int = 1, times: dict[str, float] | None = None, task: str = "") -> World:
    """Stream n gets the events in the order of the letters orders[n]; a letter's server time is its place in a-z."""
    world = World(workers=workers)
    world.open(*range(len(orders)))
    letters = sorted(set("".join(orders)))
    stamp = times or {letter: 5_000 + number for number, letter in enumerate(letters)}
    events = {x: envelope(x, "task.created", task or f"task-{x}", stamp[x], title="") for x in letters}
    for turn in range(max(map(len, orders))):
        for stream, order in enumerate(orders):
            if turn < len(order):
                world.deliver(events[order[turn]], stream, came=6_000 + turn)
    return world


def tally_of(world: World) -> Tally:
    return world.end(20_000)


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
@pytest.mark.parametrize(
    ("orders", "reordered"),
    [
        (["abcd"] * 4, 0),
        (["abcd", "abcd", "bacd"], 1),
        (["bacd", "abcd", "abcd"], 1),
        (["bcda", "abcd", "abcd"], 1),
        (["dabc", "abcd", "abcd"], 3),
        (["abcd", "badc", "abcd", "abcd"], 2),
        (["bacd", "bacd", "bacd"], 0),
        (["bacd", "bacd", "abcd"], 1),
        (["abcd", "bacd"], 1),
        (["acd", "abcd", "bcd", "abd"], 0),
        (["ba", "cd"], 0),
        (["dcba", "dcba", "dcba", "abcd"], 3),
    ],
)
def test_the_streams_that_disagree_with_most_are_counted(orders: list[str], reordered: int, workers: int) -> None:
    assert tally_of(seen(orders, workers=workers)).reordered == reordered


def test_a_stream_out_of_turn_is_named_with_the_event_it_had_before() -> None:
    world = seen(["abcd", "acbd", "abcd"])
    tally_of(world)
    check = world.check("reordered")
    (offender,) = check.offenders
    assert check.verdict == "fail"
    assert (offender["event_id"], offender["after_event_id"], offender["streams"]) == ("b", "c", ["w0/1"])
    assert "came after task.created (c)" in str(offender["what"])


def test_most_streams_prove_the_order_within_a_task_too() -> None:
    world = seen(["abcd", "acbd", "abcd"], task="t")
    tally_of(world)
    (offender,) = [one for one in world.check("reordered").offenders if one["event_id"] == "b"]
    assert "which comes later everywhere else" in str(offender["what"])


def test_of_two_streams_that_disagree_the_servers_clock_says_which_is_wrong() -> None:
    world = seen(["ab", "ba"])
    tally_of(world)
    (offender,) = world.check("reordered").offenders
    assert (offender["event_id"], offender["streams"]) == ("a", ["w0/1"])


def record(event_id: str) -> EventRecord:
    event = EventRecord(Arrival(event_id, "task.created", "t", "", "", ord(event_id), 9, 9, 9, 9, 0, 0, 0, 0, 0))
    event.got = {"w": 0b111}
    return event


def test_a_pair_is_voted_on_when_it_is_due_and_known_until_later() -> None:
    votes, records = Votes(), {name: record(name) for name in "abcd"}
    votes.note("w", "a", "b", 0b001, due_ns=100)
    assert votes.count(99, records) == []
    assert [disorder.event.id for disorder in votes.count(100, records)] == ["a"]
    votes.forget(100, records)
    votes.reopen()
    assert len(votes.count(100, records)) == 1


def test_a_verdict_is_known_as_long_as_its_event() -> None:
    votes, records = Votes(), {name: record(name) for name in "abcde"}
    votes.note("w", "a", "b", 0b001, due_ns=100)
    votes.note("w", "c", "d", 0b001, due_ns=100)
    votes.count(100, records)
    assert len(votes) == 4
    votes.forget(101, {"c": records["c"], "d": records["d"]})
    assert len(votes) == 1
    votes.note("w", "c", "e", 0b010, due_ns=200)
    (again,) = votes.count(200, records)
    assert again.streams == {"w": 0b011}


def test_one_stream_alone_is_judged_by_the_servers_clock_within_a_task() -> None:
    world = seen(["ba"], task="t")
    assert tally_of(world).reordered == 1
    assert "which the server dates later" in str(world.check("reordered").offenders[0]["what"])


def test_one_stream_alone_is_not_judged_across_tasks_nor_within_one_tick() -> None:
    assert tally_of(seen(["ba"])).reordered == 0
    assert tally_of(seen(["ba"], task="t", times={"a": 5_000, "b": 5_000})).reordered == 0


def test_events_of_one_tick_are_judged_by_the_majority() -> None:
    same = {"a": 5_000.0, "b": 5_000.0}
    assert tally_of(seen(["ba", "ba", "ab"], times=same)).reordered == 1
    assert tally_of(seen(["ba", "ba", "ba"], times=same)).reordered == 0


def test_a_pair_of_which_an_event_was_forgotten_is_not_judged() -> None:
    world = World(max_events=1)
    world.open(0, 1, 2)
    events = [envelope(x, "project.opened", "", 5_000 + n) for n, x in enumerate("ab")]
    for stream in (0, 1):
        world.deliver(events[0], stream)
        world.deliver(events[1], stream)
    world.deliver(events[1], 2)
    for second in range(6, 90):
        world.report(second * 1_000)
    world.deliver(events[0], 2, came=90_000)
    assert world.end(99_000).reordered == 0


def test_what_looked_out_of_turn_on_one_worker_is_taken_back_when_the_others_agree_with_it() -> None:
    world = World(workers=2)
    world.open(0, 1, 3)
    for event_id, at in (("b", 5_001.0), ("a", 5_000.0)):
        world.deliver(envelope(event_id, "task.created", "t", at, title=""), 0, 1, 3, came=6_000)
    for second in range(6, 15):
        world.report(second * 1_000, 0)
    assert world.judge.tally.reordered == 1
    assert world.end(16_000).reordered == 0
    assert world.check("reordered").offenders == []


@pytest.mark.parametrize("mask", [0, 1, 255, 256, (1 << 1000) | 5])
def test_a_bitmap_survives_the_wire(mask: int) -> None:
    assert from_bytes(to_bytes(mask)) == mask
    assert sum(1 << slot for slot in slots_of(mask)) == mask

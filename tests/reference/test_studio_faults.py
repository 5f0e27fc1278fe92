"""The switches: what they change, how often, and that nothing else changes."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from studio.reference.faults import FaultError, Faults
from studio.reference.switches import DROP, SLOW_DELIVERY
from tests.support.studio_process import RawStream, StudioProcess


def ids(stream: RawStream) -> list[str]:
    """The ids of the events so far."""
    return [event.id for event in stream.events]


def finish(studio: StudioProcess, streams: list[RawStream], count: int) -> list[str]:
    """Create tasks and wait until every stream has what the Studio sent it; returns the tasks."""
    made = [studio.create(f"task {number}") for number in range(count)]
    studio.process.terminate()
    for stream in streams:
        stream.wait_for(lambda stream: stream.closed, "the end")
    return made


def test_values_are_read_in_their_units_and_defaults_filled_in() -> None:
    faults = Faults.parse(["slow-delivery:250us", "drop", "drop:0.5%"], seed=1)
    assert faults.seconds(SLOW_DELIVERY) == pytest.approx(0.00025)
    assert SLOW_DELIVERY in faults
    assert "duplicate" not in faults
    assert faults.seconds("slow-execute") == 0
    assert not faults.strikes("duplicate")
    assert Faults.parse(["slow-delivery"], 0).seconds(SLOW_DELIVERY) == pytest.approx(0.08)


def test_the_seed_fixes_which_draws_strike_and_switches_do_not_move_each_other() -> None:
    def draws(texts: list[str], seed: int) -> list[bool]:
        faults = Faults.parse(texts, seed)
        return [faults.strikes(DROP) for _ in range(10_000) if faults.strikes("duplicate") or True]

    alone = draws(["drop:1%"], 5)
    assert alone == draws(["drop:0.01", "duplicate:50%"], 5) != draws(["drop:1%"], 6)
    assert 60 < sum(alone) < 140


@pytest.mark.parametrize("text", ["drop:-1%", "drop:1ms", "slow-delivery:5%", "slow-delivery:ms", "", ":1%"])
def test_a_value_of_the_wrong_kind_is_refused(text: str) -> None:
    with pytest.raises(FaultError):
        Faults.parse([text], 0)


def test_drop_leaves_deliveries_out_of_some_streams() -> None:
    with StudioProcess("--fault", "drop:20%", "--seed", "3") as studio:
        streams = [studio.stream() for _ in range(5)]
        made = finish(studio, streams, 60)
        got = [[event.event["task_id"] for event in stream.events] for stream in streams]
    assert all(30 < len(tasks) < 58 for tasks in got)
    assert len({tuple(tasks) for tasks in got}) == 5
    for tasks in got:
        assert tasks == [task for task in made if task in tasks]


def test_duplicate_writes_deliveries_twice() -> None:
    with StudioProcess("--fault", "duplicate:20%", "--seed", "3") as studio:
        streams = [studio.stream() for _ in range(3)]
        finish(studio, streams, 60)
        for stream in streams:
            assert len(set(ids(stream))) == 60
            assert 62 < len(ids(stream)) < 90
            assert list(dict.fromkeys(ids(stream))) == list(dict.fromkeys(ids(streams[0])))


def test_swap_exchanges_deliveries_with_the_next_ones_and_loses_none() -> None:
    with StudioProcess("--fault", "swap:20%", "--seed", "3") as studio:
        streams = [studio.stream() for _ in range(3)]
        made = [studio.create(f"task {number}") for number in range(60)]
        for stream in streams:
            tasks = [event.event["task_id"] for event in stream.wait_for_events(60)]
            assert sorted(tasks) == sorted(made)
            places = [made.index(task) for task in tasks]
            swapped = [at for at, place in enumerate(places) if place > at]
            assert 4 < len(swapped) < 25
            assert all(places[at : at + 2] == [at + 1, at] for at in swapped)


def test_a_swap_without_a_next_delivery_comes_late_and_is_not_lost() -> None:
    with StudioProcess("--fault", "swap:100%") as studio:
        stream = studio.stream()
        made = studio.create("alone")
        assert [event.event["task_id"] for event in stream.wait_for_events(1)] == [made]


def test_one_delivery_is_left_out_written_twice_or_swapped_counted_over_all_connections() -> None:
    faults = ("drop-one:5", "duplicate-one:9", "swap-one:13")
    with StudioProcess(*(part for fault in faults for part in ("--fault", fault))) as studio:
        streams = [studio.stream() for _ in range(4)]
        made = finish(studio, streams, 6)
        got = [[event.event["task_id"] for event in stream.events] for stream in streams]
    a, b, c, d, e, f = made
    assert sorted(got) == sorted([[a, c, c, e, d, f], *[[a, b, c, d, e, f]] * 3])


def test_capacity_bounds_the_deliveries_a_second_over_all_streams_and_loses_none() -> None:
    with StudioProcess("--fault", "capacity:100") as studio:
        streams = [studio.stream() for _ in range(4)]
        made = [studio.create(f"task {number}") for number in range(40)]
        for stream in streams:
            assert [event.event["task_id"] for event in stream.wait_for_events(40)] == made
        stamped = streams[0].reads[1].data.partition(b'"timestamp":"')[2][:26].decode()
        began_s = datetime.fromisoformat(stamped + "+00:00").timestamp()
        assert streams[-1].reads[-1].t_ns / 1e9 - began_s >= 4 * 40 / 100 - 0.01


def test_unfiltered_gives_every_task_to_filtered_streams_live() -> None:
    with StudioProcess("--fault", "unfiltered") as studio:
        mine = studio.create("mine")
        stream = studio.stream(f"/api/events?task_ids={mine}")
        theirs = studio.create("theirs")
        assert stream.wait_for_events(1)[0].event["task_id"] == theirs


def test_replays_and_activity_streams_are_not_touched() -> None:
    with StudioProcess("--fault", "drop:100%", "--turn-ms", "40") as studio:
        stream = studio.stream()
        notice = studio.stream(Last_Event_ID="x").wait_for_events(1)[0].id
        session_id = studio.execute(studio.create())
        activity = studio.stream(f"/api/sessions/{session_id}/activity")
        activity.wait_for(lambda stream: stream.types[-1:] == ["finished"], "finished")
        replayed = studio.stream(Last_Event_ID=notice)
        replayed.wait_for(lambda stream: "session.started" in stream.types, "the replay")
        assert replayed.types[0] == "task.created"
        assert stream.events == []


def test_slow_delivery_delays_each_event_after_its_timestamp_and_keeps_the_order() -> None:
    with StudioProcess("--fault", "slow-delivery:150ms") as studio:
        streams = [studio.stream() for _ in range(3)]
        made = [studio.create(f"task {number}") for number in range(30)]
        for stream in streams:
            stream.wait_for_events(30)
            assert [event.event["task_id"] for event in stream.events] == made
            for read in stream.reads[1:]:
                stamp = read.data.partition(b'"timestamp":"')[2][:26].decode()
                late_s = read.t_ns / 1e9 - datetime.fromisoformat(stamp + "+00:00").timestamp()
                assert late_s >= 0.149
        answered = time.monotonic()
        studio.create("answers are not delayed by it")
        assert time.monotonic() - answered < 10


def test_slow_execute_delays_the_answer_and_not_the_session() -> None:
    with StudioProcess("--fault", "slow-execute:600ms", "--turn-ms", "40") as studio:
        stream = studio.stream()
        answer = studio.call("POST", f"/api/tasks/{studio.create()}/execute")
        assert answer.status == 202
        assert answer.duration_ms >= 600
        stream.wait_for(lambda stream: "session.ended" in stream.types, "session.ended")

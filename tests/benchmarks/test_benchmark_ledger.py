"""What a reader's run amounts to: every event accounted for."""

from __future__ import annotations

import math

import pytest

from benchmarks.ledger import Latencies, Ledger
from benchmarks.payload import EVENT_BYTES, as_chunk, event_block, read_data
from locust_eventsource.protocol.event_stream import EventStreamDecoder


def take(ledger: Ledger, connection: int, sequence: int) -> None:
    ledger.take(f"1000 {connection} {sequence} xxx", 4_000, 9_000)


def ledger_of(*taken: tuple[int, int], connections: int = 2, events: int = 3) -> Ledger:
    ledger = Ledger(connections, events)
    for connection, sequence in taken:
        take(ledger, connection, sequence)
    return ledger


def counts(ledger: Ledger) -> tuple[int, int, int, int]:
    return ledger.delivered, ledger.lost, ledger.duplicated, ledger.reordered


def test_a_block_is_one_event_of_the_stated_size_whose_data_says_when_and_where_it_was_written() -> None:
    block = event_block(999, 12_345, 1_790_000_000_123_456_789)
    (event,) = EventStreamDecoder().feed(block)
    assert len(block) == EVENT_BYTES
    assert (event.type, event.last_event_id) == ("task.updated", "999-12345")
    assert read_data(event.data) == (1_790_000_000_123_456_789, 999, 12_345)


def test_a_chunk_states_its_size_in_hexadecimal() -> None:
    assert as_chunk(b"x" * 300) == b"12c\r\n" + b"x" * 300 + b"\r\n"


def test_data_that_the_source_did_not_write_is_refused() -> None:
    with pytest.raises(ValueError, match="unpack"):
        read_data("hello")


def test_nothing_is_lost_when_every_connection_got_its_events_in_order() -> None:
    ledger = ledger_of((0, 0), (1, 0), (0, 1), (1, 1), (1, 2), (0, 2))
    assert counts(ledger) == (6, 0, 0, 0)


def test_what_never_came_is_lost_also_at_the_end_of_a_connection() -> None:
    assert counts(ledger_of((0, 0), (0, 2), (1, 0), (1, 1))) == (4, 2, 0, 0)


def test_an_event_that_comes_after_a_later_one_is_reordered_and_not_lost() -> None:
    assert counts(ledger_of((0, 0), (0, 2), (0, 1), connections=1)) == (3, 0, 0, 1)


def test_a_second_arrival_is_a_duplicate_and_does_not_stand_in_for_a_lost_event() -> None:
    assert counts(ledger_of((0, 0), (0, 0), (0, 2), (0, 2), connections=1)) == (2, 1, 2, 0)


def test_a_second_arrival_of_a_reordered_event_is_a_duplicate() -> None:
    assert counts(ledger_of((0, 1), (0, 0), (0, 0), connections=1, events=2)) == (2, 0, 1, 1)


def test_reported_latency_comes_from_the_stamp_and_user_space_latency_from_the_read() -> None:
    ledger = ledger_of((0, 0))
    assert ledger.reported.histogram().max_us == 3
    assert ledger.user_space.histogram().max_us == 8


def test_a_batch_that_is_not_full_is_counted_too() -> None:
    latencies = Latencies()
    for value_us in range(1, 1502):
        latencies.record(value_us * 1000)
    assert latencies.histogram().count == 1501
    assert latencies.histogram().percentile_us(50) == 751


def test_lost_events_rank_as_infinitely_late() -> None:
    ledger = ledger_of((0, 0), connections=1)
    assert ledger.reported.histogram().percentile_us(50, ledger.lost) == math.inf

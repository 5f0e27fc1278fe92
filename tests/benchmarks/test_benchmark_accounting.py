"""What a reader's run amounts to: every event accounted for, with its stamps."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from benchmarks.accounting import DETAIL, STAMP, Account
from benchmarks.payload import EVENT_BYTES, as_chunk, event_block, sequence_of
from locust_eventsource.protocol.event_stream import EventStreamDecoder


def take(account: Account, connection: int, sequence: int, *numbers: int) -> None:
    """As every reader does."""
    row = account.rows[connection]
    given = numbers or (1000 + sequence,)
    if sequence * account.width == len(row):
        row.extend(given)
    else:
        account.take_odd(row, sequence, *given)


def account_of(*taken: tuple[int, int], connections: int = 2, events: int = 3) -> Account:
    account = Account(connections, events)
    for connection, sequence in taken:
        take(account, connection, sequence)
    return account


def counts(account: Account) -> tuple[int, int, int, int]:
    return account.delivered, account.lost, account.duplicated, account.reordered


@pytest.mark.parametrize(("connection", "where"), [(999, "999"), (None, "-")])
def test_a_block_is_one_event_of_the_stated_size_whose_data_has_its_number(connection: int | None, where: str) -> None:
    block = event_block(connection, 12_345, 1_790_000_000_123_456_789)
    (event,) = EventStreamDecoder().feed(block)
    assert len(block) == EVENT_BYTES
    assert (event.type, event.last_event_id) == ("task.updated", f"{where}-12345")
    assert event.data.startswith(f"1790000000123456789 {where} 12345 xxx")
    assert sequence_of(event.data) == 12_345


def test_a_chunk_states_its_size_in_hexadecimal() -> None:
    assert as_chunk(b"x" * 300) == b"12c\r\n" + b"x" * 300 + b"\r\n"


def test_data_that_the_source_did_not_write_is_refused() -> None:
    with pytest.raises(ValueError, match="unpack"):
        sequence_of("hello")


def test_nothing_is_lost_when_every_connection_got_its_events_in_order() -> None:
    account = account_of((0, 0), (1, 0), (0, 1), (1, 1), (1, 2), (0, 2))
    assert counts(account) == (6, 0, 0, 0)


def test_what_never_came_is_lost_also_at_the_end_of_a_connection() -> None:
    assert counts(account_of((0, 0), (0, 2), (1, 0), (1, 1))) == (4, 2, 0, 0)


def test_an_event_that_comes_after_a_later_one_is_reordered_and_not_lost() -> None:
    assert counts(account_of((0, 0), (0, 2), (0, 1), connections=1)) == (3, 0, 0, 1)


def test_a_second_arrival_is_a_duplicate_and_does_not_stand_in_for_a_lost_event() -> None:
    assert counts(account_of((0, 0), (0, 0), (0, 2), (0, 2), connections=1)) == (2, 1, 2, 0)


def test_a_second_arrival_of_a_reordered_event_is_a_duplicate() -> None:
    assert counts(account_of((0, 1), (0, 0), (0, 0), connections=1, events=2)) == (2, 0, 1, 1)


def test_an_event_beyond_the_last_is_refused() -> None:
    with pytest.raises(ValueError, match="event 3 came, and each connection has 3"):
        account_of((0, 3))


def test_the_file_has_the_stamps_by_connection_and_number_and_0_for_what_is_missing(tmp_path: Path) -> None:
    account = account_of((0, 0), (0, 2), (1, 0))
    account.write(tmp_path / "stamps")
    assert array("q", (tmp_path / "stamps").read_bytes()).tolist() == [1000, 0, 1002, 1000, 0, 0]


def test_details_are_kept_together_whatever_the_order_of_arrival(tmp_path: Path) -> None:
    account = Account(1, 3, DETAIL)
    take(account, 0, 2, 5, 6, 7, 1)
    take(account, 0, 0, 1, 2, 3, 0)
    account.write(tmp_path / "stamps")
    assert array("q", (tmp_path / "stamps").read_bytes()).tolist() == [1, 2, 3, 0, 0, 0, 0, 0, 5, 6, 7, 1]
    assert counts(account) == (2, 1, 0, 1)


def test_one_number_an_event_is_the_width_of_a_stamp() -> None:
    assert Account(1, 1).width == STAMP

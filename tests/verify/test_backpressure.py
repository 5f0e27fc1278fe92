"""A reader that fell behind, against a witness that did not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from studio.verify.backpressure import CHECKS, SIGNALLED, Event, Stall, notice_of, signalled
from studio.verify.wire import End


def events(*numbers: int, type: str = "task.created") -> list[Event]:
    return [Event(f"e{number}", type, 2_300) for number in numbers]


def stall(
    came: Sequence[Event], owed: int = 100, *, end: End = "open", unread: Sequence[Event] | None = None, doubt: str = ""
) -> Stall:
    every = events(*range(owed))
    return Stall(
        "port 4711", 2.5, came, every, every[10:] if unread is None else unread, end, waited_s=5.0, doubt=doubt
    )


def test_a_reader_that_gets_everything_in_the_end_is_served_well() -> None:
    assert signalled(stall(events(*range(100)))).verdict == "pass"


@pytest.mark.parametrize("end", ["complete", "cut", "reset"])
def test_a_reader_that_is_disconnected_after_an_unbroken_beginning_was_told(end: End) -> None:
    assert signalled(stall(events(*range(40)), end=end)).verdict == "pass"


def test_a_hole_in_a_stream_that_stays_open_is_named_with_its_neighbours() -> None:
    finding = signalled(stall(events(*range(40), *range(90, 100))))
    assert (finding.check, finding.verdict) == (SIGNALLED, "fail")
    assert "did not read for 2.5 s left 90 events (207 KB) unread" in finding.what
    assert "50 of the 100 events that a second reader got never came to it" in finding.what
    assert "50 between e39 and e90, from e40 on. The stream stayed open, and nothing in it says so" in finding.what
    assert finding.evidence["missing"] == ["e40", "e41", "e42", "e43", "e44"]
    assert finding.evidence["missing_count"] == 50
    assert finding.evidence["holes"] == [50]
    assert (finding.evidence["after_event_id"], finding.evidence["before_event_id"]) == ("e39", "e90")
    assert (finding.evidence["unread_events"], finding.evidence["unread_bytes"]) == (90, 207_000)


def test_a_disconnect_does_not_excuse_a_hole_before_it() -> None:
    finding = signalled(stall(events(*range(40), 50), end="cut"))
    assert finding.verdict == "fail"
    assert "10 between e39 and e50, from e40 on, and 1 holes more. The stream ended (cut) only after" in finding.what
    assert finding.evidence["holes"] == [10, 49]


def test_the_rest_that_never_comes_on_an_open_stream_is_a_hole() -> None:
    finding = signalled(stall(events(*range(40)), end="left"))
    assert finding.verdict == "fail"
    assert "60 after e39, the last that came; nothing more came within 5.0 s" in finding.what
    assert "stayed open" in finding.what


def test_a_stream_that_broke_is_no_signal() -> None:
    assert signalled(stall(events(*range(40)), end="malformed")).verdict == "fail"


def test_a_hole_from_the_start_names_the_opening() -> None:
    assert "10 between the opening and e10" in signalled(stall(events(*range(10, 100)))).what


def test_an_event_that_says_so_is_a_signal() -> None:
    told = [*events(*range(40)), Event("n1", "replay.unavailable", 90), *events(*range(90, 100))]
    assert signalled(stall(told)).verdict == "pass"
    lagged = [*events(*range(40)), Event("", "lagged", 30), *events(*range(90, 100))]
    assert notice_of(lagged, events(*range(100))) == "lagged"
    assert signalled(stall(lagged)).verdict == "pass"


def test_an_ordinary_event_that_the_witness_lacks_is_none() -> None:
    assert notice_of(events(500), events(*range(100))) == ""
    assert notice_of([Event("e1", "replay.unavailable", 9)], events(1)) == ""


def test_nothing_can_be_said_where_nothing_was_left_unread_or_the_witness_broke() -> None:
    assert signalled(stall(events(*range(100)), unread=[])).verdict == "unknown"
    doubtful = signalled(stall(events(1), doubt="the witness was cut"))
    assert (doubtful.verdict, doubtful.what) == ("unknown", "the witness was cut")


def test_the_check_is_documented() -> None:
    assert [check.name for check in CHECKS] == [SIGNALLED]

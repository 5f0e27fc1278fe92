"""Memory is bounded and time linear, whatever the server sends."""

from __future__ import annotations

import pytest

from locust_eventsource.errors import LimitExceeded
from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.event_stream import EventStreamDecoder


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_line_larger_than_the_limit_is_refused_with_the_limits_name(step: int) -> None:
    body = b"data: ok\n\ndata: " + b"x" * 100 + b"\n\n"
    decoder = EventStreamDecoder(max_line_bytes=50)
    events = []
    with pytest.raises(LimitExceeded, match=r"max_line_bytes \(50 bytes\)") as caught:
        for at in range(0, len(body), step):
            events += decoder.feed(body[at : at + step])
    assert (caught.value.limit, caught.value.allowed) == ("max_line_bytes", 50)
    assert events + decoder.salvaged == [Event("message", "ok", "")]


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_an_event_larger_than_the_limit_is_refused_with_the_limits_name(step: int) -> None:
    body = b"data: ok\n\n" + b"data: 123\n" * 11 + b"\n"
    decoder = EventStreamDecoder(max_event_bytes=100)
    events = []
    with pytest.raises(LimitExceeded, match=r"max_event_bytes \(100 bytes\)") as caught:
        for at in range(0, len(body), step):
            events += decoder.feed(body[at : at + step])
    assert (caught.value.limit, caught.value.allowed) == ("max_event_bytes", 100)
    assert events + decoder.salvaged == [Event("message", "ok", "")]


@pytest.mark.parametrize("step", [1, 1000])
def test_an_event_and_a_line_of_exactly_the_limit_pass(step: int) -> None:
    body = b"data: 123\n" * 10 + b"\n"
    decoder = EventStreamDecoder(max_line_bytes=9, max_event_bytes=100)
    events = [event for at in range(0, len(body), step) for event in decoder.feed(body[at : at + step])]
    assert [event.data for event in events] == ["\n".join(["123"] * 10)]


@pytest.mark.parametrize("step", [1, 1000])
def test_an_event_one_byte_over_the_limit_is_refused(step: int) -> None:
    body = b"data: 123\n" * 10 + b"\n"
    decoder = EventStreamDecoder(max_event_bytes=99)
    with pytest.raises(LimitExceeded, match="max_event_bytes"):
        for at in range(0, len(body), step):
            decoder.feed(body[at : at + step])


def test_an_unfinished_line_is_refused_before_its_end_comes() -> None:
    decoder = EventStreamDecoder(max_line_bytes=10)
    decoder.feed(b":123456789")
    with pytest.raises(LimitExceeded):
        decoder.feed(b"0")


def test_keep_alives_without_a_blank_line_never_reach_a_limit() -> None:
    decoder = EventStreamDecoder(max_line_bytes=20, max_event_bytes=20)
    for _ in range(1000):
        assert decoder.feed(b": keep-alive\nretry: 1\nunknown: field\nid: 1\nevent: e\n") == []
    assert decoder.comments == 1000
    assert decoder.feed(b"data: x\n\n") == [Event("e", "x", "1")]


@pytest.mark.timeout(60)
def test_a_line_that_comes_a_byte_at_a_time_takes_linear_time() -> None:
    decoder = EventStreamDecoder()
    large, small = 15_000_000, 60_000
    # What is held is large from the start: were it copied at each byte, that would be 900 GB.
    decoder.feed(b"data:" + b"x" * large)
    for _ in range(small):
        decoder.feed(b"x")
    (event,) = decoder.feed(b"\n\n")
    assert len(event.data) == large + small


@pytest.mark.timeout(60)
def test_an_event_of_many_short_lines_takes_linear_time() -> None:
    lines = 300_000
    (event,) = EventStreamDecoder().feed(b"data:x\n" * lines + b"\n")
    assert len(event.data) == 2 * lines - 1


@pytest.mark.timeout(60)
def test_a_read_of_many_blocks_takes_linear_time() -> None:
    blocks = 200_000
    assert len(EventStreamDecoder().feed(b"data:x\n\n" * blocks)) == blocks


def test_sixteen_megabytes_in_one_line_pass_and_one_byte_more_does_not() -> None:
    limit = 16 * 1024 * 1024
    body = b"data:" + b"x" * (limit - 6)
    (event,) = EventStreamDecoder().feed(body + b"\n\n")
    assert len(event.data) == limit - 6
    with pytest.raises(LimitExceeded, match="max_event_bytes"):
        EventStreamDecoder().feed(body + b"x\n\n")

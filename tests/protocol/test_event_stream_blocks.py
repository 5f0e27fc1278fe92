"""Blocks that another reader has cut out mean what they mean inside the body, and plain ones what sseclient-py says."""

from __future__ import annotations

import pytest
import sseclient
from hypothesis import given, settings
from hypothesis import strategies as st

from locust_eventsource.errors import LimitExceeded
from locust_eventsource.protocol import fields
from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.event_stream import EventStreamDecoder
from locust_eventsource.protocol.fields import MAX_CACHED_BLOCK_BYTES, decode_small_block
from tests.protocol.spec_decoder import Outcome, spec_decode

_TEXTS = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=20)
_PLAIN_LINES = st.builds(
    lambda name, colon, value: f"{name}{colon}{value}" if colon else name,
    st.sampled_from(["data", "event", "id"]),
    st.sampled_from([":", ": ", ":  ", ""]),
    _TEXTS,
)
_DATA_LINES = _PLAIN_LINES.filter(lambda line: line.startswith("data"))
_PLAIN_BLOCKS = st.builds(
    lambda before, line, after: "\n".join([*before, line, *after]).encode(),
    st.lists(_PLAIN_LINES, max_size=6),
    _DATA_LINES,
    st.lists(_PLAIN_LINES, max_size=6),
)


def _by_sseclient(block: bytes) -> Event:
    (event,) = sseclient.SSEClient(iter([block + b"\n\n"])).events()
    return Event(event.event, event.data, event.id or "")


@settings(max_examples=400, deadline=None)
@given(block=_PLAIN_BLOCKS)
def test_a_plain_block_is_what_sseclient_makes_of_it(block: bytes) -> None:
    parsed = fields._parse_plain(block)
    assert parsed is not None
    assert parsed.event == _by_sseclient(block)
    assert (parsed.retry_ms, parsed.comments) == (None, 0)
    assert (parsed.event_id or "") == parsed.event.last_event_id
    assert (parsed.event_id is None) == (not any(line.startswith(b"id") for line in block.split(b"\n")))
    assert decode_small_block(block) == parsed


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"event: a",
        b"id: 1",
        b"data: a\n: comment",
        b"data: a\nretry: 1",
        b"data: a\nunknown",
        b"\ndata: a",
        b"data: a\n",
        b"data: a\nid: \0",
        b"data: \xff",
    ],
)
def test_anything_else_is_left_to_sseclient(block: bytes) -> None:
    assert fields._parse_plain(block) is None


def test_what_is_parsed_is_an_event_in_every_respect() -> None:
    (event,) = EventStreamDecoder().feed(b"event: e\ndata: x\nid: 1\n\n")
    assert type(event) is Event
    assert (event.type, event.data, event.last_event_id) == ("e", "x", "1")
    (event,) = EventStreamDecoder(last_event_id="0").feed(b"data: y\n\n")
    assert type(event) is Event
    assert event._replace(type="f") == Event("f", "y", "0")


_LINES = st.one_of(
    _PLAIN_LINES.map(str.encode),
    st.builds(
        lambda name, value: name + value,
        st.sampled_from(
            [b"data:", b"event: ", b"id:", b"retry:", b"retry: ", b":", b"Data:", b"x", b"\xef\xbb\xbfdata:"]
        ),
        st.one_of(
            st.sampled_from([b"", b"1", b"10", b" 007", b"\0", b"\xff", b"\xe2\x82", b"\xc2\x85", b"a:b"]),
            st.binary(max_size=12).filter(lambda value: not set(value) & set(b"\r\n")),
        ),
    ),
)
_BLOCKS = st.lists(st.lists(_LINES, min_size=1, max_size=8).map(b"\n".join), max_size=6)


def _by_blocks(blocks: list[bytes], decoder: EventStreamDecoder) -> Outcome:
    decoder.feed(b"\n")
    assert decoder.at_boundary
    events = [event for block in blocks if (event := decoder.feed_block(block)) is not None]
    assert decoder.at_boundary
    return Outcome(events, decoder.last_event_id, decoder.retry_ms, decoder.comments)


@settings(max_examples=400, deadline=None)
@given(blocks=_BLOCKS, last_event_id=st.sampled_from(["", "before"]))
def test_blocks_one_by_one_mean_what_the_standard_says_of_the_body(blocks: list[bytes], last_event_id: str) -> None:
    expected = spec_decode(b"\n" + b"".join([block + b"\n\n" for block in blocks]), last_event_id)
    assert _by_blocks(blocks, EventStreamDecoder(last_event_id=last_event_id)) == expected
    # Small limits send every block the long way.
    long_way = EventStreamDecoder(last_event_id=last_event_id)
    long_way.small_block_bytes = 0
    assert _by_blocks(blocks, long_way) == expected


def test_a_block_larger_than_is_looked_up_is_decoded_all_the_same() -> None:
    data = "x" * (MAX_CACHED_BLOCK_BYTES + 1)
    block = f"id: 7\n: comment\nretry: 5\ndata: {data}\nevent: e".encode()
    assert _by_blocks([block], EventStreamDecoder()) == Outcome([Event("e", data, "7")], "7", 5, 1)
    comment = b":" + b"x" * MAX_CACHED_BLOCK_BYTES
    assert _by_blocks([comment], EventStreamDecoder()) == Outcome(comments=1)


def test_blank_lines_at_the_edges_of_a_block_change_nothing() -> None:
    for block in (b"", b"\n", b"\ndata: a", b"data: a\n", b"\ndata: a\n"):
        events = [Event("message", "a", "")] if b"a" in block else []
        assert _by_blocks([block], EventStreamDecoder()) == Outcome(events)


@pytest.mark.parametrize(
    ("decoder", "block"),
    [
        (EventStreamDecoder(max_line_bytes=10), b"data:999999"),
        (EventStreamDecoder(max_event_bytes=10), b"data:9999\ndata:1"),
    ],
    ids=["max_line_bytes", "max_event_bytes"],
)
def test_a_block_meets_the_limits(decoder: EventStreamDecoder, block: bytes, request: pytest.FixtureRequest) -> None:
    decoder.feed(b"\n")
    assert decoder.feed_block(b"data:9999") == Event("message", "9999", "")
    with pytest.raises(LimitExceeded, match=request.node.callspec.id):
        decoder.feed_block(block)
    assert decoder.salvaged == []


_PIECES = st.lists(
    st.sampled_from(
        [b"\n", b"\r", b"\r\n", b"\n\n", b":", b"data: a\n\n", b"data", b"id: 1\r\r", b"\xef\xbb\xbf", b"\xef"]
    ),
    max_size=12,
)


@settings(max_examples=400, deadline=None)
@given(before=_PIECES.map(b"".join), after=_PIECES.map(b"".join))
def test_at_a_boundary_the_rest_of_a_body_stands_for_itself(before: bytes, after: bytes) -> None:
    decoder = EventStreamDecoder()
    decoder.feed(before)
    if not decoder.at_boundary:
        return
    fresh = EventStreamDecoder(last_event_id=decoder.last_event_id)
    fresh.feed(b"\n")
    assert decoder.feed(after) == fresh.feed(after)
    assert decoder.last_event_id == fresh.last_event_id


@pytest.mark.parametrize(
    ("body", "at_boundary"),
    [
        (b"", False),
        (b"\xef\xbb", False),
        (b"\xef\xbb\xbf", True),
        (b"\n", True),
        (b"\r", False),
        (b"\r\n", True),
        (b"data: a", False),
        (b"data: a\n", False),
        (b": comment\n", False),
        (b"data: a\n\n", True),
        (b"data: a\r\n\r", False),
        (b"data: a\r\n\r\n", True),
        (b"data: a\n\ndata", False),
        (b"data: a\n\n\n", True),
    ],
)
def test_the_boundary_is_where_nothing_is_pending(body: bytes, at_boundary: bool) -> None:
    decoder = EventStreamDecoder()
    decoder.feed(body)
    assert decoder.at_boundary == at_boundary
    decoder.end()
    assert not decoder.at_boundary

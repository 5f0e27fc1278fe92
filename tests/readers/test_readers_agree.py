"""The compiled reader and Python's give the same for the same bytes, cut the same way: whatever they are."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import NamedTuple

import gevent
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from locust_eventsource.stream import EventStream
from tests.support.readers import READERS, use_reader
from tests.support.scripted_server import CHUNKED_HEAD, CLOSE_DELIMITED_HEAD, LAST_CHUNK
from tests.support.scripted_server_streams import Heard, eventually
from tests.support.scripted_server_streams import settings as stream_settings

SMALL_LIMIT = 4_000


class Outcome(NamedTuple):
    """What a stream made of its bytes."""

    events: Sequence[tuple[object, ...]]
    states: list[str]
    error: str
    last_event_id: str
    retry_ms: int | None
    comments: int
    bytes: int


def play(pieces: list[bytes], *, reset: bool = False) -> Outcome:
    """Send each piece when the one before has been read; then close."""
    heard = Heard()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        limits = {"max_event_bytes": SMALL_LIMIT, "max_line_bytes": SMALL_LIMIT}
        stream = EventStream(url, listener=heard, settings=stream_settings(reconnect=False, **limits))
        stream.start()
        eventually(lambda: stream.socket_facts() is not None)
        peer, _ = listener.accept()
    decoders = []
    with peer:
        peer.recv(65536)
        for piece in pieces:
            if not is_over(stream):
                peer.sendall(piece)
                eventually(lambda: has_read_all(stream))
            if stream._exchange is not None and stream._exchange.decoder is not None:
                decoders.append(stream._exchange.decoder)
        if reset:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    eventually(lambda: is_over(stream))
    # A stream that fails inside a block may have understood the lines before, or not: nothing follows from them.
    comments = decoders[-1].comments if decoders and not stream.error else 0
    retry_ms = None if stream.error else stream._retry_ms
    events = [(*a.event, a.last_in_read, a.connection, a.source) for a in heard.arrivals]
    for arrival in heard.arrivals:
        assert arrival.earliest_ns <= arrival.received_ns <= arrival.read_ns
    error = str(stream.error or "")
    return Outcome(events, heard.states, error, stream.last_event_id, retry_ms, comments, stream.bytes)


def is_over(stream: EventStream) -> bool:
    return stream.state in ("closed", "failed")


def has_read_all(stream: EventStream) -> bool:
    facts = stream.socket_facts()
    if facts is not None and facts.unread_bytes:
        return False
    # What the poller has read is told by the loop's next rounds.
    for _ in range(2):
        gevent.sleep(0.0055)
    return True


def both(pieces: list[bytes], monkeypatch: pytest.MonkeyPatch, *, reset: bool = False) -> None:
    """Play to both readers and compare."""
    outcomes = []
    for name in READERS:
        with use_reader(name, monkeypatch):
            outcomes.append(play(pieces, reset=reset))
    assert outcomes[0] == outcomes[1]


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


LINE_ENDS = st.sampled_from([b"\n"] * 6 + [b"\r\n", b"\r\n", b"\r"])
LINES = st.sampled_from(
    [
        b"data: text",
        b"data:no space",
        b"data",
        b"id: 7",
        b"id",
        b"id: nul\0",
        b"event: kind",
        b"retry: 250",
        b"retry: soon",
        b": keep-alive",
        b"unknown: x",
        b"data: \xff\xfe not UTF-8",
        "data: grüße".encode(),
        b"\xef\xbb\xbfdata: mark",
        b"",
        b"",
        b"",
        b"data: " + b"x" * 1500,
        b"data: " + b"y" * 5000,
    ]
)
BODIES = st.lists(st.tuples(LINES, LINE_ENDS).map(b"".join), max_size=12).map(b"".join)
ENDS = st.sampled_from(
    [LAST_CHUNK] * 3
    + [b"", b"0\r\nTrailer: x\r\n\r\n", b"zz\r\n", b"5;name=value\r\nhello\r\n", b"3\r\nabcdef", b"00\r\n\r\n"]
)


@st.composite
def chunked_bodies(draw: st.DrawFn) -> bytes:
    """A body in chunks that are cut anywhere, mostly one an event."""
    body = draw(BODIES)
    places = sorted(draw(st.sets(st.integers(1, max(len(body) - 1, 1)), max_size=4)))
    parts = [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]
    framed = b"".join(chunk(part) for part in parts if part)
    return framed + draw(ENDS)


@st.composite
def pieces_of(draw: st.DrawFn, wire: bytes) -> list[bytes]:
    """The wire's bytes in reads that end anywhere."""
    places = sorted(draw(st.sets(st.integers(1, max(len(wire) - 1, 1)), max_size=4)))
    return [piece for piece in (wire[a:b] for a, b in zip([0, *places], [*places, len(wire)], strict=True)) if piece]


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data(), st.booleans())
def test_chunked_bodies(monkeypatch: pytest.MonkeyPatch, data: st.DataObject, reset: bool) -> None:
    pieces = data.draw(chunked_bodies().flatmap(pieces_of))
    both([CHUNKED_HEAD, b"2\r\n\n\n\r\n", *pieces], monkeypatch, reset=reset)


@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_bodies_that_the_close_ends(monkeypatch: pytest.MonkeyPatch, data: st.DataObject) -> None:
    pieces = data.draw(BODIES.flatmap(pieces_of))
    both([CLOSE_DELIMITED_HEAD, b"\n\n", *pieces], monkeypatch)


EVENT = b"id: 1\nevent: kind\ndata: one\n\n"


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([chunk(EVENT) + chunk(EVENT)], id="two chunks in a read"),
        pytest.param([chunk(EVENT + EVENT)], id="two events in a chunk"),
        pytest.param(
            [CHUNKED_HEAD + chunk(EVENT), chunk(EVENT) + b"1", b"d\r\n" + EVENT + b"\r\n"], id="cut size line"
        ),
        pytest.param([chunk(EVENT) + chunk(b": comment\n\n"), chunk(EVENT + b"id: 9\n\n")], id="an event, then none"),
        pytest.param([chunk(EVENT) + b"zz\r\n"], id="an event, then a fault"),
        pytest.param([chunk(EVENT)[:-1], b"\n"], id="cut between CR and LF"),
        pytest.param(
            [CHUNKED_HEAD + chunk(EVENT), b"1e\r\n" + EVENT, b"\r\n" + chunk(EVENT)], id="CR LF in the next read"
        ),
        pytest.param([chunk(EVENT[:9]), chunk(EVENT[9:])], id="an event in two chunks"),
        pytest.param([b"0001D\r\n" + EVENT + b"\r\n"], id="leading zeros, upper case"),
        pytest.param([b"1e\r\n" + EVENT + b"\r\n"], id="a chunk shorter than it says"),
        pytest.param([b"f" * 16 + b"\r\n" + EVENT], id="an enormous chunk"),
        pytest.param([b"1" * 30 + b"\r\n"], id="an impossible chunk"),
        pytest.param(
            [CHUNKED_HEAD + chunk(EVENT), chunk(b"data: " + b"z" * 3990), chunk(b"z" * 20)], id="over the limit"
        ),
        pytest.param([chunk(EVENT.replace(b"\n", b"\r\n"))], id="CR LF line ends"),
        pytest.param(
            [CHUNKED_HEAD + chunk(EVENT), chunk(b"data: a\r"), chunk(b"\ndata: b\r\r"), chunk(b"\n")], id="CR, then LF"
        ),
        pytest.param(
            [CHUNKED_HEAD + chunk(EVENT), chunk(b"data: a\r\n\r"), chunk(b"\ndata: b\n\n")], id="CR ends a block"
        ),
        pytest.param(
            [CHUNKED_HEAD + chunk(EVENT), chunk(b"retry: 77\ndata: cut")], id="an unfinished event at the end"
        ),
        pytest.param(
            [CHUNKED_HEAD + chunk(EVENT), chunk(b"data: a\r"), b"3;x\r\n\n\n\n\r\n"], id="handed over after a CR"
        ),
    ],
)
@pytest.mark.parametrize("last", [b"", LAST_CHUNK], ids=["cut off", "ended"])
def test_the_corners(monkeypatch: pytest.MonkeyPatch, pieces: list[bytes], last: bytes) -> None:
    begun = [CHUNKED_HEAD + chunk(EVENT), *pieces]
    both([*begun, last] if last else begun, monkeypatch)

"""The body of an answer is the same however its bytes are cut, and its end is told apart from a break."""

from __future__ import annotations

import gc
from typing import NamedTuple

import httptools
import pytest

from locust_eventsource.errors import BadFraming, IncompleteRead
from locust_eventsource.protocol.body_framing import ChunkedBody, ChunkState, SizedBody, UntilClose
from locust_eventsource.protocol.http_response import ResponseHead, ResponseReader

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Answer(NamedTuple):
    raw: bytes
    status: int
    body: bytes
    end: str  # "complete": known before the close; "close": the close ends it; "incomplete": the close breaks it


ANSWERS = {
    "chunked": Answer(CHUNKED + b"5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n", 200, b"hello world", "complete"),
    "chunked, any case": Answer(OK + b"transfer-ENCODING: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 200, b"a", "complete"),
    "chunk sizes in hexadecimal with zeros": Answer(
        CHUNKED + b"00A\r\n0123456789\r\n0b\r\n0123456789a\r\n000\r\n\r\n", 200, b"01234567890123456789a", "complete"
    ),
    "chunk extensions": Answer(
        CHUNKED + b'5;a;b=c;d="e \\" f;g"\r\nhello\r\n0;last\r\n\r\n', 200, b"hello", "complete"
    ),
    "white space after a chunk size": Answer(CHUNKED + b"5  \r\nhello\r\n0\r\n\r\n", 200, b"hello", "complete"),
    "trailers": Answer(
        CHUNKED + b"2\r\nhi\r\n0\r\nX-Digest: abc\r\nEmpty:\r\nX-More: d\r\n\r\n", 200, b"hi", "complete"
    ),
    "no chunk": Answer(CHUNKED + b"0\r\n\r\n", 200, b"", "complete"),
    "chunks that look like framing": Answer(
        CHUNKED + b"7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", 200, b"\r\n0\r\n\r\n", "complete"
    ),
    "what follows the body is dropped": Answer(
        CHUNKED + b"1\r\na\r\n0\r\n\r\n" + CHUNKED + b"1\r\nb\r\n", 200, b"a", "complete"
    ),
    "garbage after the body is dropped": Answer(OK + b"Content-Length: 2\r\n\r\nhi\x00garbage", 200, b"hi", "complete"),
    "garbage after a closing answer is dropped": Answer(
        OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nhi!", 200, b"hi", "complete"
    ),
    "Content-Length": Answer(OK + b"Content-Length: 11\r\n\r\nhello world", 200, b"hello world", "complete"),
    "Content-Length of nothing": Answer(OK + b"Content-Length: 0\r\n\r\n", 200, b"", "complete"),
    "delimited by the close": Answer(OK + b"\r\nhello world", 200, b"hello world", "close"),
    "delimited by the close, empty": Answer(OK + b"Connection: close\r\n\r\n", 200, b"", "close"),
    "HTTP/1.0": Answer(b"HTTP/1.0 200 OK\r\nServer: old\r\n\r\nhello", 200, b"hello", "close"),
    "HTTP/1.0 with Content-Length": Answer(
        b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, b"hello", "complete"
    ),
    "HTTP/1.0 that is chunked all the same": Answer(
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", 200, b"a", "complete"
    ),
    "interim answers": Answer(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        + CHUNKED
        + b"1\r\na\r\n0\r\n\r\n",
        200,
        b"a",
        "complete",
    ),
    "204 has no body": Answer(
        b"HTTP/1.1 204 No Content\r\nContent-Type: text/event-stream\r\n\r\n", 204, b"", "complete"
    ),
    "304 has no body": Answer(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, b"", "complete"),
    "no reason": Answer(b"HTTP/1.1 200 \r\nContent-Length: 1\r\n\r\na", 200, b"a", "complete"),
    "neither reason nor space": Answer(b"HTTP/1.1 404\r\nContent-Length: 1\r\n\r\na", 404, b"a", "complete"),
    "blank lines before the answer": Answer(b"\r\n\r\n" + OK + b"Content-Length: 1\r\n\r\na", 200, b"a", "complete"),
    "nothing": Answer(b"", 0, b"", "incomplete"),
    "a break in the status line": Answer(b"HTTP/1.1 2", 0, b"", "incomplete"),
    "a break in the head": Answer(OK + b"Content-Type: text/ev", 0, b"", "incomplete"),
    "a break after an interim answer": Answer(b"HTTP/1.1 100 Continue\r\n\r\n", 0, b"", "incomplete"),
    "a break before the first chunk": Answer(CHUNKED, 200, b"", "incomplete"),
    "a break in a chunk size": Answer(CHUNKED + b"5\r\nhello\r\n1", 200, b"hello", "incomplete"),
    "a break inside a chunk": Answer(CHUNKED + b"9\r\nhello", 200, b"hello", "incomplete"),
    "a break after a chunk": Answer(CHUNKED + b"5\r\nhello\r\n", 200, b"hello", "incomplete"),
    "a break in the last chunk": Answer(CHUNKED + b"5\r\nhello\r\n0\r\n", 200, b"hello", "incomplete"),
    "a break in the trailers": Answer(CHUNKED + b"5\r\nhello\r\n0\r\nX-A: b\r\n", 200, b"hello", "incomplete"),
    "a break before Content-Length": Answer(OK + b"Content-Length: 11\r\n\r\nhello", 200, b"hello", "incomplete"),
}


def _read(pieces: list[bytes]) -> tuple[int, bytes, str]:
    reader = ResponseReader()
    body = b"".join([reader.feed(piece) for piece in pieces])
    status = reader.head.status if reader.head else 0
    if reader.complete:
        reader.end()
        assert reader.feed(b"more") == b""
        return status, body, "complete"
    try:
        reader.end()
    except IncompleteRead:
        return status, body, "incomplete"
    assert reader.complete
    return status, body, "close"


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_reads_the_same_however_it_is_cut(name: str) -> None:
    raw, *expected = ANSWERS[name]
    for at in range(len(raw) + 1):
        assert _read([raw[:at], raw[at:]]) == tuple(expected), at
    assert _read([bytes([byte]) for byte in raw]) == tuple(expected)


def test_the_head_holds_what_the_server_sent() -> None:
    raw = (
        b"HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\n"
        b"HTTP/1.1 200 Tr\xe8s bien\r\nContent-Type: \t text/event-stream; charset=utf-8 \t\r\nX-Empty:\r\n"
        b"Vary: a\r\nvary: b\r\nX-Latin: \xe9\r\n\r\n"
    )
    expected = ResponseHead(
        "1.1",
        200,
        "Tr\u00e8s bien",
        (
            ("Content-Type", "text/event-stream; charset=utf-8"),
            ("X-Empty", ""),
            ("Vary", "a"),
            ("vary", "b"),
            ("X-Latin", "\u00e9"),
        ),
    )
    for at in range(len(raw) + 1):
        reader = ResponseReader()
        reader.feed(raw[:at])
        reader.feed(raw[at:])
        assert reader.head == expected, at
    assert expected.get("VARY") == "a, b"
    assert expected.values("Vary") == ["a", "b"]
    assert expected.get("x-empty") == ""
    assert expected.get("X-Interim") is None


def test_the_head_of_http_1_0_says_so() -> None:
    reader = ResponseReader()
    reader.feed(b"HTTP/1.0 200 OK\r\n\r\n")
    assert reader.head is not None
    assert reader.head.version == "1.0"


MALFORMED = {
    "not HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", b"", "not valid HTTP/1.1"),
    "another version": (b"HTTP/2.0 200 OK\r\n\r\nabc", b"", "HTTP/2.0"),
    "a status of two digits": (b"HTTP/1.1 20 OK\r\n\r\n", b"", "not valid HTTP/1.1"),
    "a status beyond three digits": (b"HTTP/1.1 2000 OK\r\n\r\n", b"", "not valid HTTP/1.1"),
    "a space in a field name": (OK + b"Content Type: a\r\n\r\n", b"", "not valid HTTP/1.1"),
    "a NUL in a field value": (OK + b"A: b\0\r\n\r\n", b"", "not valid HTTP/1.1"),
    "a Content-Length that is no number": (OK + b"Content-Length: 1x\r\n\r\n", b"", "Content-Length"),
    "two Content-Lengths": (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", b"", "Content-Length"),
    "Content-Length beside chunked": (
        OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
        b"",
        "Content-Length",
    ),
    "another transfer coding": (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", b"", "'gzip, chunked'"),
    "a chunk size that is no number": (CHUNKED + b"1\r\na\r\nxyz\r\n", b"a", "chunk size"),
    "a chunk size without bound": (CHUNKED + b"1\r\na\r\n" + b"f" * 17 + b"\r\n", b"a", "overflow"),
    "a chunk longer than its size": (CHUNKED + b"3\r\nabcd\r\n", b"abc", "after chunk data"),
    "an upgrade nobody asked for": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc",
        b"",
        "101",
    ),
    "a bare upgrade": (b"HTTP/1.1 101 Switching Protocols\r\n\r\nabc", b"", "101"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_answer_is_bad_framing_and_the_body_before_it_is_salvaged(name: str) -> None:
    raw, before, reason = MALFORMED[name]
    for at in range(len(raw) + 1):
        reader = ResponseReader()
        body = b""
        with pytest.raises(BadFraming, match=reason):
            for piece in (raw[:at], raw[at:]):
                body += reader.feed(piece)
        assert body + reader.salvaged == before, at


@pytest.mark.parametrize(
    ("raw", "where"),
    [
        (b"", "before an answer came"),
        (b"HTTP", "inside the answer's head"),
        (CHUNKED, "chunked body"),
        (OK + b"Content-Length: 1\r\n\r\n", "Content-Length"),
    ],
)
def test_an_incomplete_read_says_where_it_ended(raw: bytes, where: str) -> None:
    reader = ResponseReader()
    reader.feed(raw)
    with pytest.raises(IncompleteRead, match=where):
        reader.end()


@pytest.mark.parametrize(
    ("raw", "framing"),
    [
        (CHUNKED, ChunkedBody),
        (OK + b"Content-Length: 5\r\n\r\n", SizedBody),
        (OK + b"Content-Length: " + b"0" * 5000 + b"5\r\n\r\n", SizedBody),
        (b"HTTP/1.1 204 No Content\r\n\r\n", SizedBody),
        (OK + b"\r\n", UntilClose),
    ],
)
def test_the_framing_is_known_as_soon_as_the_head_is_whole(raw: bytes, framing: type) -> None:
    reader = ResponseReader()
    reader.feed(raw[:-1])
    assert reader.framing is None
    assert not reader.at_boundary
    reader.feed(raw[-1:])
    assert isinstance(reader.framing, framing)
    assert reader.at_boundary


def test_the_boundary_is_the_start_of_a_chunk() -> None:
    reader = ResponseReader()
    assert reader.feed(CHUNKED + b"5\r\nhello\r\n") == b"hello"
    assert reader.at_boundary
    reader.feed(b"5")
    assert not reader.at_boundary
    reader.feed(b"\r\nhello\r\n")
    assert reader.at_boundary


def test_the_framing_of_a_reader_may_be_taken_up_in_the_middle() -> None:
    reader = ResponseReader()
    reader.feed(CHUNKED)
    assert isinstance(reader.framing, ChunkedBody)
    reader.framing.resume(ChunkState.IN_DATA, 2)
    assert reader.feed(b"ab\r\n0\r\n\r\n") == b"ab"
    assert reader.complete


def _parsers() -> int:
    return sum(isinstance(thing, httptools.HttpResponseParser) for thing in gc.get_objects())


def test_the_head_leaves_no_parser_behind_and_shares_what_it_has_in_common_with_others() -> None:
    raw = OK + b"Content-Type: text/event-stream\r\nX-Long: " + b"x" * 300 + b"\r\n\r\n"
    first, second = ResponseReader(), ResponseReader()
    gc.collect()
    gc.disable()
    try:
        before = _parsers()
        first.feed(raw[:30])
        assert _parsers() == before + 1
        first.feed(raw[30:])
        second.feed(raw)
        assert _parsers() == before
    finally:
        gc.enable()
    assert first.head is not None
    assert first.head == second.head
    assert first.head.headers[0] is second.head.headers[0]

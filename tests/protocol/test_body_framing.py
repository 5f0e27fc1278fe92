"""The body framings on their own: against httptools, handed over in the middle, and cheap to hold."""

from __future__ import annotations

from itertools import pairwise

import httptools
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locust_eventsource.errors import BadFraming, IncompleteRead, LimitExceeded
from locust_eventsource.protocol import body_framing
from locust_eventsource.protocol.body_framing import ChunkedBody, ChunkState, SizedBody, UntilClose

LIMIT = 1000
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes, extension: bytes = b"") -> bytes:
    return b"%x%b\r\n%b\r\n" % (len(data), extension, data)


class _Oracle:
    """What httptools makes of a chunked body."""

    def __init__(self, body: bytes) -> None:
        self.content = b""
        self.complete = False
        self.malformed = False
        parser = httptools.HttpResponseParser(self)
        parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)
        try:
            parser.feed_data(HEAD + body)
        except httptools.HttpParserError:
            self.malformed = not self.complete

    def on_body(self, data: bytes) -> None:
        if not self.complete:
            self.content += data

    def on_message_complete(self) -> None:
        self.complete = True

    @property
    def outcome(self) -> tuple[bytes, str]:
        return self.content, "malformed" if self.malformed else "complete" if self.complete else "open"


def _feed(pieces: list[bytes]) -> tuple[bytes, str]:
    framing = ChunkedBody(LIMIT)
    content = b""
    try:
        for piece in pieces:
            content += framing.feed(piece)
    except BadFraming:
        return content + framing.salvaged, "malformed"
    return content, "complete" if framing.complete else "open"


def _cut(raw: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(raw) + 1) for place in places), len(raw)]
    return [raw[start:end] for start, end in pairwise(edges)]


_EXTENSIONS = st.sampled_from([b"", b"", b"", b" ", b"\t", b";a", b";a=b;c", b' ;a="b;c \\" d"', b";a;;b", b";a="])
_CONTENTS = st.one_of(st.binary(max_size=40), st.sampled_from([b"\r\n0\r\n\r\n", b"\n", b"data: x\n\n", b"y" * 300]))
_CHUNKS = st.builds(chunk, _CONTENTS.filter(bool), _EXTENSIONS)
_LAST = st.sampled_from([b"0", b"000", b"0;a", b"0 "])
_TRAILERS = st.lists(
    st.sampled_from([b"A: b\r\n", b"Empty:\r\n", b"X-Caf\xe9: a\r\n", b"!#$: \xe9\t \r\n"]), max_size=3
)
_BODIES = st.builds(
    lambda chunks, last, trailers, rest: b"".join(chunks) + last + b"\r\n" + b"".join(trailers) + b"\r\n" + rest,
    st.lists(_CHUNKS, max_size=8),
    _LAST,
    _TRAILERS,
    st.sampled_from([b"", b"", b"HTTP/1.1 200 OK\r\n\r\n", b"rubbish"]),
)
_DAMAGE = st.tuples(
    st.integers(0, 10_000), st.sampled_from([b"", b"\r", b"\n", b"\0", b"g", b"0", b" ", b":", b"\r\n"])
)


def _damaged(body: bytes, damages: list[tuple[int, bytes]]) -> bytes:
    for place, new in damages:
        at = place % (len(body) + 1)
        body = body[:at] + new + body[at + 1 :]
    return body


_PLACES = st.lists(st.integers(0, 10_000), max_size=8)


@settings(max_examples=200, deadline=None)
@given(body=_BODIES, places=_PLACES)
def test_a_chunked_body_is_what_httptools_makes_of_it_however_it_is_cut(body: bytes, places: list[int]) -> None:
    expected = _Oracle(body).outcome
    assert _feed([body]) == expected
    assert _feed(_cut(body, places)) == expected
    assert _feed([bytes([byte]) for byte in body]) == expected


@settings(max_examples=400, deadline=None)
@given(
    chunks=st.lists(st.builds(chunk, _CONTENTS.filter(bool), st.sampled_from([b"", b" ", b";a"])), max_size=6),
    trailers=_TRAILERS,
    damages=st.lists(_DAMAGE, min_size=1, max_size=3),
    places=_PLACES,
)
def test_a_damaged_body_is_refused_at_the_same_place_however_it_is_cut(
    chunks: list[bytes], trailers: list[bytes], damages: list[tuple[int, bytes]], places: list[int]
) -> None:
    body = _damaged(b"".join(chunks) + b"0\r\n" + b"".join(trailers) + b"\r\n", damages)
    whole = _feed([body])
    assert _feed(_cut(body, places)) == whole
    assert _feed([bytes([byte]) for byte in body]) == whole
    expected = _Oracle(body)
    # httptools also judges what is inside an extension, and does not wait for a line's end to say so.
    assert expected.malformed or whole == expected.outcome


@settings(max_examples=150, deadline=None)
@given(chunks=st.lists(_CHUNKS, min_size=1, max_size=6), at=st.integers(0, 10_000), places=_PLACES)
def test_another_reader_may_hand_over_anywhere(chunks: list[bytes], at: int, places: list[int]) -> None:
    body = b"".join([*chunks, b"0\r\nA: b\r\n\r\n"])
    at %= len(body)
    first = ChunkedBody(LIMIT)
    content = first.feed(body[:at])
    second = ChunkedBody(LIMIT)
    second.resume(int(first.state), first.remaining, first.held)
    assert second.state is first.state
    assert second.at_boundary == first.at_boundary
    content += b"".join([second.feed(piece) for piece in _cut(body[at:], places)])
    assert second.complete
    assert content == _Oracle(body).content


def test_the_state_says_what_the_next_byte_belongs_to() -> None:
    framing = ChunkedBody(LIMIT)
    seen = [(framing.state, framing.at_boundary)]
    for byte in b"1\r\na\r\n0\r\nA:\r\n\r\n":
        framing.feed(bytes([byte]))
        if (framing.state, framing.at_boundary) != seen[-1]:
            seen.append((framing.state, framing.at_boundary))
    assert seen == [
        (ChunkState.AT_SIZE, True),
        (ChunkState.AT_SIZE, False),
        (ChunkState.IN_DATA, False),
        (ChunkState.AT_CR, False),
        (ChunkState.AT_LF, False),
        (ChunkState.AT_SIZE, True),
        (ChunkState.AT_SIZE, False),
        (ChunkState.IN_TRAILERS, False),
        (ChunkState.DONE, False),
    ]


def test_the_states_are_counted_as_the_compiled_poller_counts_them() -> None:
    assert [(state.name, int(state)) for state in ChunkState] == [
        ("AT_SIZE", 0),
        ("IN_DATA", 1),
        ("AT_CR", 2),
        ("AT_LF", 3),
        ("IN_TRAILERS", 4),
        ("DONE", 5),
    ]


@pytest.mark.parametrize(
    ("resumed", "rest", "content"),
    [
        ((ChunkState.AT_SIZE, 0, b"1"), b"0\r\n" + b"x" * 16 + b"\r\n", b"x" * 16),
        ((ChunkState.IN_DATA, 3, b""), b"abc\r\n1\r\nd\r\n", b"abcd"),
        ((ChunkState.AT_CR, 0, b""), b"\r\n1\r\nd\r\n", b"d"),
        ((ChunkState.AT_LF, 0, b""), b"\n1\r\nd\r\n", b"d"),
    ],
)
def test_a_state_taken_up_by_its_number_goes_on_from_there(
    resumed: tuple[int, int, bytes], rest: bytes, content: bytes
) -> None:
    framing = ChunkedBody(LIMIT)
    framing.resume(int(resumed[0]), *resumed[1:])
    assert framing.feed(rest) == content
    assert framing.at_boundary


@pytest.mark.parametrize(
    "body",
    [
        b"x",
        b"\n",
        b";a",
        b" 1",
        b"1\n",
        b"1 1\r\n",
        b"+1\r\n",
        b"0x1\r\n",
        b"1_0\r\n",
        b"1;\0\r\n",
        b"1\r\r\n",
        b"1\r\na\n",
        b"1\r\nab",
        b"1\r\na\r\r",
        b"0\r\nA\r\n",
        b"0\r\nA : b\r\n",
        b"0\r\n: b\r\n",
        b"0\r\nA: b\n",
        b"0\r\nA: b\r\n c\r\n",
        b"0\r\nA: \0\r\n",
        b"1" + b"0" * 16 + b"\r\n",
    ],
)
def test_malformed_chunks_are_refused_however_they_are_cut(body: bytes) -> None:
    for at in range(len(body)):
        framing = ChunkedBody(LIMIT)
        with pytest.raises(BadFraming):
            for piece in (body[:at], body[at:]):
                framing.feed(piece)


def test_what_is_known_of_sizes_does_not_depend_on_what_was_read_before() -> None:
    line = b"2A\r\n"
    for _ in range(2):
        framing = ChunkedBody(LIMIT)
        assert framing.feed(line + b"x" * 42 + b"\r\n" + line + b"y" * 42 + b"\r\n") == b"x" * 42 + b"y" * 42
    with pytest.raises(BadFraming):
        ChunkedBody(LIMIT).feed(line + b"x" * 43 + b"\r\n")
    assert ChunkedBody(LIMIT).feed(line[:3]) == b""


def test_the_beginning_of_a_size_line_after_whole_chunks_is_no_chunk() -> None:
    framing = ChunkedBody(LIMIT)
    assert framing.feed(b"1\r\na\r\n") == b"a"
    assert framing.feed(b"1\r\na\r\n1\r\nb\r\n1\r") == b"ab"
    assert framing.feed(b"\nc\r\n") == b"c"


def test_many_sizes_are_understood_and_few_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_framing, "_known_sizes", {})
    monkeypatch.setattr(body_framing, "_MAX_KNOWN_SIZES", 5)
    framing = ChunkedBody(LIMIT)
    for size in range(1, 50):
        assert framing.feed(chunk(b"x" * size)) == b"x" * size
        assert framing.feed(chunk(b"x" * size, b";" + b"e" * 20)) == b"x" * size
    assert body_framing._known_sizes == {b"%x" % size: size for size in range(1, 6)}


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_size_line_and_a_trailer_section_of_exactly_the_limit_pass(step: int) -> None:
    line = b"1;" + b"x" * 96 + b"\r\n"
    trailers = b"A:" + b"x" * 94 + b"\r\n\r\n"
    assert len(line) == len(trailers) == 100
    raw = line + b"a\r\n" + b"0\r\n" + trailers
    for limit, passes in ((100, True), (99, False)):
        for body in (raw, raw[len(line) + 3 :]):
            framing = ChunkedBody(limit)
            pieces = [body[at : at + step] for at in range(0, len(body), step)]
            if passes:
                assert b"".join([framing.feed(piece) for piece in pieces]) in (b"a", b"")
                assert framing.complete
            else:
                with pytest.raises(LimitExceeded, match="max_head_bytes"):
                    for piece in pieces:
                        framing.feed(piece)


def test_a_sized_body_counts_down_and_drops_the_rest() -> None:
    framing = SizedBody(5)
    assert (framing.complete, framing.at_boundary, framing.remaining) == (False, True, 5)
    assert framing.feed(b"abc") == b"abc"
    with pytest.raises(IncompleteRead, match="Content-Length"):
        framing.end()
    assert framing.feed(b"defgh") == b"de"
    assert framing.complete
    assert framing.feed(b"i") == b""
    framing.end()
    assert SizedBody(0).complete
    assert framing.salvaged == b""


def test_a_body_until_the_close_ends_there() -> None:
    framing = UntilClose()
    assert framing.feed(b"abc") == b"abc"
    assert (framing.complete, framing.at_boundary, framing.salvaged) == (False, True, b"")
    framing.end()
    assert framing.complete
    assert framing.feed(b"d") == b""


def test_a_whole_chunk_leaves_nothing_behind() -> None:
    framing = ChunkedBody(LIMIT)
    for data in (b"a" * 300, b"b" * 4000, b"c"):
        assert framing.feed(chunk(data)) == data
        assert (framing.state, framing.remaining, framing.held) == (ChunkState.AT_SIZE, 0, b"")

"""However a body is cut, it means what the standard's steps say."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from locust_eventsource.errors import LimitExceeded
from locust_eventsource.protocol.event_stream import EventStreamDecoder
from tests.protocol.spec_decoder import Outcome, decode, spec_decode

_NAMES = [b"data", b"event", b"id", b"retry", b"", b"data ", b"Data", b"x", b"\xef\xbb\xbfdata", b"\x00"]
_VALUES = st.one_of(
    st.sampled_from([b"", b" ", b"a", b"1", b"10", b" 007", b"\0", b"\xff", b"\xe2\x82", b"\xc2\x85", b"\x0b", b"a:b"]),
    st.binary(max_size=12),
    st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass")),
)
_FIELDS = st.builds(
    lambda name, colon, value: name + colon + value,
    st.sampled_from(_NAMES),
    st.sampled_from([b":", b": ", b""]),
    _VALUES,
)
_LINES = st.one_of(_FIELDS, _FIELDS, st.just(b""), st.just(b""), st.binary(max_size=6))
_ENDED_LINES = st.builds(lambda line, end: line + end, _LINES, st.sampled_from([b"\n", b"\r", b"\r\n"]))
_BODIES = st.one_of(
    st.builds(
        lambda mark, lines, tail: mark + b"".join(lines) + tail,
        st.sampled_from([b"", b"", b"\xef\xbb\xbf", b"\xef\xbb"]),
        st.lists(_ENDED_LINES, max_size=24),
        st.binary(max_size=4),
    ),
    st.lists(
        st.sampled_from([b"\n", b"\r", b":", b" ", b"data", b"id", b"1", b"\0", b"\xef\xbb\xbf"]), max_size=40
    ).map(b"".join),
)


def _cut(body: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:end] for start, end in pairwise(edges)]


_PLACES = st.lists(st.integers(0, 10_000), max_size=8)


@settings(max_examples=600, deadline=None)
@given(body=_BODIES, places=_PLACES, last_event_id=st.sampled_from(["", "before", "\u00e9"]))
def test_any_body_cut_anywhere_means_what_the_standard_says(body: bytes, places: list[int], last_event_id: str) -> None:
    expected = spec_decode(body, last_event_id)
    assert decode(_cut(body, places), last_event_id) == expected
    assert decode([bytes([byte]) for byte in body], last_event_id) == expected


@settings(max_examples=200, deadline=None)
@given(body=_BODIES, places=_PLACES)
def test_settings_are_the_standards_after_every_read(body: bytes, places: list[int]) -> None:
    decoder = EventStreamDecoder()
    seen = b""
    for piece in _cut(body, places):
        decoder.feed(piece)
        seen += piece
        expected = spec_decode(seen)
        assert (decoder.retry_ms, decoder.comments) == (expected.retry_ms, expected.comments)
        assert decoder.last_event_id == expected.last_event_id


def _until_limit(pieces: list[bytes], line: int, event: int) -> tuple[Outcome, str | None]:
    decoder = EventStreamDecoder(max_line_bytes=line, max_event_bytes=event)
    outcome = Outcome()
    limit = None
    try:
        for piece in pieces:
            outcome.events += decoder.feed(piece)
    except LimitExceeded as error:
        outcome.events += decoder.salvaged
        limit = error.limit
    return Outcome(outcome.events, decoder.last_event_id), limit


@settings(max_examples=300, deadline=None)
@given(body=_BODIES, places=_PLACES, line=st.integers(1, 20), event=st.integers(1, 30))
def test_a_limit_is_met_at_the_same_place_however_the_body_is_cut(
    body: bytes, places: list[int], line: int, event: int
) -> None:
    whole = _until_limit([body], line, event)
    assert _until_limit(_cut(body, places), line, event) == whole
    assert _until_limit([bytes([byte]) for byte in body], line, event) == whole

"""The head, chunk extensions and trailers are bounded, and the error names the limit."""

from __future__ import annotations

import pytest

from locust_eventsource.errors import LimitExceeded
from locust_eventsource.protocol.http_response import ResponseReader

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nX: " + b"x" * 50 + b"\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def _feed(reader: ResponseReader, raw: bytes, step: int) -> bytes:
    return b"".join([reader.feed(raw[at : at + step]) for at in range(0, len(raw), step)])


@pytest.mark.parametrize("step", [1, 5, 10_000])
def test_a_head_of_exactly_the_limit_passes_and_its_body_is_not_counted(step: int) -> None:
    reader = ResponseReader(max_head_bytes=len(HEAD))
    assert _feed(reader, HEAD + b"b" * 500, step) == b"b" * 500
    assert reader.complete


@pytest.mark.parametrize("step", [1, 5, 10_000])
def test_a_head_one_byte_over_the_limit_is_refused(step: int) -> None:
    reader = ResponseReader(max_head_bytes=len(HEAD) - 1)
    with pytest.raises(LimitExceeded, match="head of the answer is larger than max_head_bytes") as caught:
        _feed(reader, HEAD + b"b" * 500, step)
    assert caught.value.limit == "max_head_bytes"
    assert reader.head is None


def test_interim_answers_without_end_reach_the_limit() -> None:
    with pytest.raises(LimitExceeded, match="max_head_bytes"):
        _feed(ResponseReader(), b"HTTP/1.1 103 Early Hints\r\n\r\n" * 10_000, 4096)


@pytest.mark.parametrize("step", [1, 100, 10_000])
def test_trailers_larger_than_the_limit_are_refused(step: int) -> None:
    reader = ResponseReader(max_head_bytes=100)
    raw = CHUNKED + b"1\r\na\r\n0\r\n" + b"X-Trailer: abcdefghij\r\n" * 20 + b"\r\n"
    body = b""
    with pytest.raises(LimitExceeded, match=r"trailer section.* larger than max_head_bytes"):
        for at in range(0, len(raw), step):
            body += reader.feed(raw[at : at + step])
    assert body + reader.salvaged == b"a"


@pytest.mark.parametrize("extension", [b";" + b"x" * 500, b';x="' + b"y" * 500])
def test_a_chunk_extension_larger_than_the_limit_is_refused(extension: bytes) -> None:
    reader = ResponseReader(max_head_bytes=100)
    reader.feed(CHUNKED + b"1\r\na\r\n")
    with pytest.raises(LimitExceeded, match="chunk extension"):
        _feed(reader, b"1" + extension, 10)


def test_a_single_trailer_without_end_is_refused() -> None:
    reader = ResponseReader(max_head_bytes=100)
    with pytest.raises(LimitExceeded, match="trailer section"):
        _feed(reader, CHUNKED + b"0\r\nX: " + b"y" * 500, 7)


def test_small_chunks_and_extensions_never_add_up_to_the_limit() -> None:
    reader = ResponseReader(max_head_bytes=100)
    assert _feed(reader, CHUNKED + b"1;extension=of-no-use\r\na\r\n" * 1000, 3) == b"a" * 1000


def test_an_answer_after_the_body_does_not_count_as_trailers() -> None:
    reader = ResponseReader(max_head_bytes=100)
    reader.feed(CHUNKED)
    assert reader.feed(b"1\r\na\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100 + b"\r\n") == b"a"
    assert reader.complete

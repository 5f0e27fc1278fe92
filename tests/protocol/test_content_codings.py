"""Content codings come undone as the bytes come, within bounds, and a broken one is said to be broken."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest

from locust_eventsource.errors import BadContentCoding
from locust_eventsource.protocol.content_coding import MAX_PIECE_BYTES, ContentDecoder, content_decoder

TEXT = b"".join(b"id: %d\ndata: event number %d\n\n" % (number, number) for number in range(40))


def _raw_deflate(data: bytes) -> bytes:
    return zlib.compress(data, wbits=-zlib.MAX_WBITS)


CODERS: dict[str, tuple[str | None, Callable[[bytes], bytes]]] = {
    "absent": (None, bytes),
    "empty": ("", bytes),
    "identity": ("identity", bytes),
    "gzip": ("gzip", gzip.compress),
    "x-gzip in capitals": ("X-GZIP", gzip.compress),
    "gzip of two members": (" gzip, identity", lambda data: gzip.compress(data[:50]) + gzip.compress(data[50:])),
    "deflate in the zlib format": ("deflate", zlib.compress),
    "raw deflate": ("Deflate", _raw_deflate),
    "raw deflate, stored": ("deflate", lambda data: zlib.compress(data, 0, wbits=-zlib.MAX_WBITS)),
    "br": ("br", brotli.compress),
}


def _decode(decoder: ContentDecoder, data: bytes) -> bytes:
    return b"".join(decoder.decode(data))


@pytest.mark.parametrize("name", CODERS)
def test_a_coded_body_decodes_the_same_however_it_is_cut(name: str) -> None:
    encoding, code = CODERS[name]
    coded = code(TEXT)
    for at in range(len(coded) + 1):
        decoder = content_decoder(encoding)
        assert _decode(decoder, coded[:at]) + _decode(decoder, coded[at:]) == TEXT, at
        decoder.end()
    decoder = content_decoder(encoding)
    assert b"".join(_decode(decoder, bytes([byte])) for byte in coded) == TEXT
    decoder.end()


@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw deflate", "br"])
def test_an_event_is_not_held_back_until_the_next(coding: str) -> None:
    if coding == "br":
        compressor = brotli.Compressor()
        flushed = [compressor.process(b"data: %d\n\n" % number) + compressor.flush() for number in range(5)]
    else:
        bits = {"gzip": 31, "deflate": 15, "raw deflate": -15}[coding]
        stream = zlib.compressobj(wbits=bits)
        flushed = [stream.compress(b"data: %d\n\n" % number) + stream.flush(zlib.Z_SYNC_FLUSH) for number in range(5)]
    decoder = content_decoder(coding.removeprefix("raw "))
    for number, coded in enumerate(flushed):
        assert _decode(decoder, coded) == b"data: %d\n\n" % number


@pytest.mark.parametrize("name", ["gzip", "deflate in the zlib format", "raw deflate", "br"])
def test_a_bomb_comes_in_bounded_pieces(name: str) -> None:
    encoding, code = CODERS[name]
    size = 8 * 1024 * 1024
    total = 0
    decoder = content_decoder(encoding)
    for piece in decoder.decode(code(bytes(size))):
        assert 0 < len(piece) <= MAX_PIECE_BYTES
        total += len(piece)
    assert total == size
    decoder.end()


@pytest.mark.parametrize("size", [MAX_PIECE_BYTES - 1, MAX_PIECE_BYTES, MAX_PIECE_BYTES + 1, 3 * MAX_PIECE_BYTES])
@pytest.mark.parametrize("name", ["gzip", "deflate in the zlib format", "raw deflate", "raw deflate, stored", "br"])
def test_content_around_the_size_of_a_piece_comes_whole_in_one_read(name: str, size: int) -> None:
    encoding, code = CODERS[name]
    for content in ((TEXT * 200)[:size], bytes(size)):
        decoder = content_decoder(encoding)
        assert _decode(decoder, code(content)) == content
        decoder.end()


@pytest.mark.parametrize("name", ["gzip", "deflate in the zlib format", "raw deflate", "br"])
def test_a_truncated_coding_is_reported_at_the_end(name: str) -> None:
    encoding, code = CODERS[name]
    coded = code(TEXT)
    for size in range(1, len(coded)):
        decoder = content_decoder(encoding)
        _decode(decoder, coded[:size])
        with pytest.raises(BadContentCoding, match="end mark is missing"):
            decoder.end()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", None])
def test_a_body_of_no_bytes_is_whole_in_every_coding(encoding: str | None) -> None:
    decoder = content_decoder(encoding)
    assert _decode(decoder, b"") == b""
    decoder.end()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_bytes_that_are_not_the_coding_are_malformed(encoding: str) -> None:
    with pytest.raises(BadContentCoding, match=f"the {encoding} coding of the body is malformed"):
        _decode(content_decoder(encoding), b"\xff\xffnot coded at all" * 10)


@pytest.mark.parametrize("name", ["gzip", "deflate in the zlib format", "raw deflate", "br"])
def test_bytes_after_the_end_of_the_coding_are_refused(name: str) -> None:
    encoding, code = CODERS[name]
    decoder = content_decoder(encoding)
    assert _decode(decoder, code(TEXT)) == TEXT
    with pytest.raises(BadContentCoding):
        _decode(decoder, b"more of it")


@pytest.mark.parametrize("encoding", ["zstd", "gzip, br", "compress", "gzip;q=1", "aws-chunked"])
def test_a_coding_that_is_not_understood_is_refused_by_its_name(encoding: str) -> None:
    with pytest.raises(BadContentCoding, match=f"'{encoding}' is refused: identity, gzip, deflate and br"):
        content_decoder(encoding)

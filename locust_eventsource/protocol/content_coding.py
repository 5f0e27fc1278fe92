"""Content codings undone as the bytes come: gzip, deflate and br (RFC 9110 section 8.4.1, RFC 7932).

Every decoder gives what the bytes so far allow, so that an event is not held back until the next one, and gives it in
pieces of at most ``MAX_PIECE_BYTES``, so that the limits on lines and events also stop a decompression bomb. A body
without a coding passes as it is.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Protocol

import brotli

from locust_eventsource.errors import BadContentCoding

MAX_PIECE_BYTES = 65536
_GZIP_BITS = 16 + zlib.MAX_WBITS
_UNDERSTOOD = "identity, gzip, deflate and br are understood, one at a time"


class ContentDecoder(Protocol):
    """Undoes one content coding of a body that is fed in pieces cut anywhere."""

    def decode(self, data: bytes) -> Iterable[bytes]:
        """The content that ``data`` gives, in bounded pieces. Raises :class:`BadContentCoding` when it is malformed."""

    def end(self) -> None:
        """The body is over. Raises :class:`BadContentCoding` when the coding is not; a body of no bytes is whole."""


class _Identity:
    def decode(self, data: bytes) -> Iterable[bytes]:
        return (data,)

    def end(self) -> None:
        return


class _Zlib:
    """gzip (one member after another) and deflate (the zlib format, or raw as some servers send it)."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._stream = zlib.decompressobj(_GZIP_BITS) if coding == "gzip" else None
        self._held = b""
        self._started = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        self._started = self._started or bool(data)
        if self._stream is None:
            data = self._held + data
            if len(data) < 2:
                self._held = data
                return
            self._stream = zlib.decompressobj(_deflate_bits(data))
        # zlib copies the input that it leaves over after each piece of output, so it gets the input in pieces too.
        for start in range(0, len(data), MAX_PIECE_BYTES):
            part = data[start : start + MAX_PIECE_BYTES]
            while part:
                stream = self._stream = self._open_stream(self._stream)
                yield from self._inflate(stream, part)
                part = stream.unused_data

    def _open_stream(self, stream: zlib._Decompress) -> zlib._Decompress:
        if not stream.eof:
            return stream
        if self._coding != "gzip":
            raise BadContentCoding("the body goes on after the end of its deflate coding")
        return zlib.decompressobj(_GZIP_BITS)

    def _inflate(self, stream: zlib._Decompress, data: bytes) -> Iterator[bytes]:
        piece = b""
        while data or len(piece) == MAX_PIECE_BYTES:
            try:
                piece = stream.decompress(data, MAX_PIECE_BYTES)
            except zlib.error as error:
                raise BadContentCoding(f"the {self._coding} coding of the body is malformed: {error}") from error
            data = stream.unconsumed_tail
            if piece:
                yield piece

    def end(self) -> None:
        if self._started and (self._stream is None or not self._stream.eof):
            raise _truncated(self._coding)


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self._started = False

    def decode(self, data: bytes) -> Iterator[bytes]:
        if not data:
            return
        if self._stream.is_finished():
            raise BadContentCoding("the body goes on after the end of its br coding")
        self._started = True
        yield from self._process(data)

    def _process(self, data: bytes) -> Iterator[bytes]:
        more = True
        while more:
            try:
                piece = self._stream.process(data, output_buffer_limit=MAX_PIECE_BYTES)
            except brotli.error as error:
                raise BadContentCoding(f"the br coding of the body is malformed: {error}") from error
            for start in range(0, len(piece), MAX_PIECE_BYTES):
                yield piece[start : start + MAX_PIECE_BYTES]
            # Input used up does not mean output given out: a full piece may have more behind it.
            full = len(piece) >= MAX_PIECE_BYTES
            more = not self._stream.is_finished() and (full or not self._stream.can_accept_more_data())
            data = b""

    def end(self) -> None:
        if self._started and not self._stream.is_finished():
            raise _truncated("br")


def _truncated(coding: str) -> BadContentCoding:
    return BadContentCoding(f"the body ended inside its {coding} coding: the end mark is missing")


def _deflate_bits(data: bytes) -> int:
    """Tells the zlib format (RFC 1950 section 2.2: method 8, the header divisible by 31) from raw deflate."""
    is_zlib = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS


def content_decoder(content_encoding: str | None) -> ContentDecoder:
    """The decoder for a Content-Encoding field's value (None: the field is absent).

    Raises :class:`BadContentCoding` for a coding that is not understood, or several on top of each other.
    """
    names = [name.strip().lower() for name in (content_encoding or "").split(",")]
    codings = [name for name in names if name not in ("", "identity")]
    if not codings:
        return _Identity()
    if codings in (["gzip"], ["x-gzip"]):
        return _Zlib("gzip")
    if codings == ["deflate"]:
        return _Zlib("deflate")
    if codings == ["br"]:
        return _Brotli()
    raise BadContentCoding(f"Content-Encoding {content_encoding!r} is refused: {_UNDERSTOOD}")

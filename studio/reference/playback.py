"""Plays a recording of the service to each connection of the global stream, from its start, byte for byte.

A recording holds one JSON object a line: ``{"t_ns": nanoseconds after the read, "b": the bytes as Latin-1}``. Joined,
the bytes are one HTTP/1.1 response with a chunked body. The head goes out at once, each further read after the time
that it came in, divided by the speed.
"""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Final, NamedTuple

from studio.reference.clock import ServiceClock
from studio.reference.connection import StreamConnection
from studio.reference.streams import EventStreamResponse, Headers, Streams
from studio.reference.wire import timestamp
from studio.verify.chunks import ChunkScanner

_STAMP: Final = re.compile(rb'"timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,9}))?Z"')
_STATUS: Final = re.compile(rb"HTTP/1\.1 200 OK\r\n")
_LAST_CHUNK: Final = b"0\r\n\r\n"


class RecordingError(ValueError):
    """A file that cannot be played."""


class Piece(NamedTuple):
    """Bytes that were read together, ``at_ns`` after the head."""

    at_ns: int
    data: bytes
    ends_chunk: bool
    """What follows begins a new chunk."""

    def rebased(self, now_ns: int) -> bytes:
        """The bytes with every envelope timestamp moved to ``now_ns``, digits and length as they were."""
        return _STAMP.sub(lambda stamp: b'"timestamp":"%b"' % _text(now_ns, stamp), self.data)


def _text(now_ns: int, stamp: re.Match[bytes]) -> bytes:
    return timestamp(now_ns, len(stamp[1] or b"")).encode()


class Recording(NamedTuple):
    """A response, ready to be played."""

    head: Headers
    pieces: list[Piece]
    ended: bool
    """It closes with the last chunk, which is not among the pieces."""


def load_recording(path: Path) -> Recording:
    """Read a recording; raises `RecordingError` that says what is wrong with it."""
    reads = _reads(path)
    joined = b"".join(data for _, data in reads)
    head, separator, body = joined.partition(b"\r\n\r\n")
    if not separator or not _STATUS.match(head + b"\r\n"):
        raise RecordingError(f"{path} does not begin with an HTTP/1.1 200 response head")
    headers = [_header(line) for line in head.split(b"\r\n")[1:]]
    if (b"transfer-encoding", b"chunked") not in headers:
        raise RecordingError(f"{path} is not a chunked response; only those can be played")
    ends, ended = _chunk_ends(path, body)
    length = len(body) - len(_LAST_CHUNK) if ended else len(body)
    return Recording(headers, _pieces(reads, len(head) + 4, body[:length], ends), ended)


def _reads(path: Path) -> list[tuple[int, bytes]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise RecordingError(f"the recording {path} cannot be read: {error}") from None
    reads = []
    for number, line in enumerate(lines, 1):
        try:
            read = json.loads(line)
            reads.append((int(read["t_ns"]), read["b"].encode("latin-1")))
        except (ValueError, TypeError, KeyError, AttributeError):
            raise RecordingError(f'{path}, line {number}: {{"t_ns": integer, "b": Latin-1 text}} expected') from None
    return reads


def _header(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name.lower(), value.strip()


def _pieces(reads: list[tuple[int, bytes]], skip: int, body: bytes, chunk_ends: set[int]) -> list[Piece]:
    """The body as it was read, cuts inside a timestamp moved before it so that it can be rewritten whole."""
    stamps = [match.span() for match in _STAMP.finditer(body)]
    start_ns = reads[0][0]
    pieces, position, end = [], 0, -skip
    for at_ns, data in reads:
        end = end + len(data)
        cut = next((first for first, last in stamps if first < end < last), min(end, len(body)))
        if cut > position:
            pieces.append(Piece(at_ns - start_ns, body[position:cut], cut in chunk_ends))
            position = cut
    return pieces


def _chunk_ends(path: Path, body: bytes) -> tuple[set[int], bool]:
    """Where the chunks end, and whether the last chunk (RFC 9112, 7.1) is among them."""
    scanner = ChunkScanner()
    ends = {chunk.end for chunk in scanner.feed(body)}
    if scanner.malformed:
        raise RecordingError(f"{path} holds no chunk at byte {scanner.offset} of its body")
    return ends, scanner.complete and body[scanner.offset :] == _LAST_CHUNK


class Player:
    """Serves a recording in the place of the live global stream."""

    def __init__(
        self, recording: Recording, streams: Streams, clock: ServiceClock, *, speed: float, rebase: bool
    ) -> None:
        self._recording = recording
        self._streams = streams
        self._clock = clock
        self._speed = speed
        self._rebase = rebase

    def response(self) -> EventStreamResponse:
        """One performance of the recording; after its end only keep-alives follow."""
        playing: list[asyncio.Task[None]] = []

        async def feed(connection: StreamConnection) -> None:
            connection.hold_keep_alive()
            playing.append(asyncio.get_running_loop().create_task(self._play(connection)))

        def leave(_: StreamConnection) -> None:
            for task in playing:
                task.cancel()

        return EventStreamResponse(self._streams, feed, leave, recorded_head=self._recording.head)

    async def _play(self, connection: StreamConnection) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        for piece in self._recording.pieces:
            await asyncio.sleep(started + piece.at_ns / 1e9 / self._speed - loop.time())
            connection.inside_chunk = not piece.ends_chunk
            connection.send_raw(piece.rebased(self._clock.now_ns()) if self._rebase else piece.data)
        if self._recording.ended or connection.inside_chunk:
            connection.end()
        else:
            connection.resume_keep_alive()

"""A recorded stream: its reads, and what they hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.event_stream import EventStreamDecoder
from locust_eventsource.protocol.http_response import ResponseHead
from studio.verify.dissection import Block, Dissector
from studio.verify.hygiene import Kind, read_envelope
from studio.verify.wire import Read


class RecordingError(ValueError):
    """A file is no recording; the message says which and why, in one line."""


class Arrival(NamedTuple):
    """An event and when the read that completed it was over."""

    event: Event
    at_ns: int


class Recording(NamedTuple):
    """A stream as it was recorded."""

    name: str
    kind: Kind
    head: ResponseHead
    opened_ns: int
    """When the head of the answer was there."""
    ended_ns: int
    """When the last read was over."""
    blocks: list[Block]
    arrivals: list[Arrival]


def load_recording(path: Path) -> Recording:
    """Read a recording. Raise `RecordingError`.

    It is one of the global stream if its first event carries an envelope, else one of a session's activity.
    """
    reads = _reads(path)
    dissector, opened_ns = Dissector(), 0
    blocks: list[Block] = []
    for read in reads:
        blocks += dissector.feed(read)
        if dissector.malformed:
            raise RecordingError(f"{path}: not the recording of a stream: {dissector.malformed}")
        if dissector.head is not None and not opened_ns:
            opened_ns = read.at_ns
    if dissector.head is None:
        raise RecordingError(f"{path}: not the recording of a stream: it ends inside the head of the answer")
    if dissector.head.status != 200:
        raise RecordingError(f"{path}: the answer is {dissector.head.status}, so there is no stream to judge")
    arrivals = _arrivals(blocks)
    kind = _kind(arrivals)
    return Recording(path.name, kind, dissector.head, opened_ns, reads[-1].at_ns, blocks, arrivals)


def _reads(path: Path) -> list[Read]:
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    reads = [_read(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not reads:
        raise RecordingError(f"{path}: it holds no read")
    return reads


def _read(path: Path, number: int, line: str) -> Read:
    try:
        document = json.loads(line)
        return Read(int(document["t_ns"]), document["b"].encode("latin-1"))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        what = 'write lines {"t_ns": nanoseconds, "b": bytes as Latin-1}'
        raise RecordingError(f"{path}: line {number} is no read of a stream; {what}") from error


def _arrivals(blocks: list[Block]) -> list[Arrival]:
    decoder = EventStreamDecoder()
    return [Arrival(event, block.last.at_ns) for block in blocks for event in decoder.feed(block.data)]


def _kind(arrivals: list[Arrival]) -> Kind:
    if arrivals and read_envelope(arrivals[0].event)[0] is None:
        return Kind.ACTIVITY
    return Kind.GLOBAL

"""The benchmark's events: written by the source, read back the same way by every reader."""

from __future__ import annotations

from typing import NamedTuple

EVENT_BYTES = 300
_LONGEST_STEM = EVENT_BYTES - len("\n\n")


class Stamped(NamedTuple):
    """What an event's data says: when it was written (ns of ``CLOCK_REALTIME``), where, and its number there from 0."""

    sent_ns: int
    connection: int
    sequence: int


def event_block(connection: int, sequence: int, sent_ns: int) -> bytes:
    """One event of `EVENT_BYTES` bytes. Stamp and numbers make every block different from all others."""
    stem = b"event: task.updated\nid: %d-%d\ndata: %d %d %d " % (connection, sequence, sent_ns, connection, sequence)
    return stem.ljust(_LONGEST_STEM, b"x") + b"\n\n"


def as_chunk(block: bytes) -> bytes:
    """``block`` as one chunk of a chunked body (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(block), block)


def read_data(data: str) -> Stamped:
    """What the event's data says. Raises ValueError when it is not the benchmark's."""
    sent_ns, connection, sequence, _ = data.split(" ", 3)
    return Stamped(int(sent_ns), int(connection), int(sequence))

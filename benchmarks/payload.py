"""The benchmark's events: what the source writes, and how every Python reader reads it back."""

from __future__ import annotations

EVENT_BYTES = 300
_LONGEST_STEM = EVENT_BYTES - len("\n\n")


def event_block(connection: int | None, sequence: int, sent_ns: int) -> bytes:
    """One event of `EVENT_BYTES` bytes, written at ``sent_ns`` (ns of ``CLOCK_REALTIME``).

    With a connection, stamp and numbers make every block different from all others; with None it is one of a
    broadcast, whose bytes are the same for all connections.
    """
    where = b"-" if connection is None else b"%d" % connection
    stem = b"event: task.updated\nid: %b-%d\ndata: %d %b %d " % (where, sequence, sent_ns, where, sequence)
    return stem.ljust(_LONGEST_STEM, b"x") + b"\n\n"


def as_chunk(block: bytes) -> bytes:
    """``block`` as one chunk of a chunked body (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(block), block)


def sequence_of(data: str) -> int:
    """The number of the event in its connection, from 0. Raises ValueError when the data is not the benchmark's."""
    _, _, sequence, _ = data.split(" ", 3)
    return int(sequence)

"""What came on a stream, counted."""

from __future__ import annotations

from typing import Protocol


class Counts(Protocol):
    """``bytes`` of HTTP (after TLS) and ``events`` so far; the stamp of the last bytes, in ns of ``CLOCK_REALTIME``."""

    bytes: int
    events: int
    last_activity_ns: int


class PlainCounts:
    """`Counts` for Python's reader; the compiled one has its own, which it counts up without Python."""

    __slots__ = ("bytes", "events", "last_activity_ns")

    def __init__(self) -> None:
        self.bytes = self.events = self.last_activity_ns = 0

"""One event stream as it came over the wire: what every read gave, and how it ended."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

End = Literal["open", "complete", "cut", "reset", "malformed", "left"]
"""How the stream stands: open; over with its last byte; over without it; over with a TCP reset; no valid HTTP or event
stream; let go by us."""

OVER: Final = frozenset({"complete", "cut", "reset"})
"""Ends by which the service lets a stream go, orderly or not."""


class Read(NamedTuple):
    """What one socket read gave, and when (nanoseconds of CLOCK_REALTIME)."""

    at_ns: int
    data: bytes
    empty_ns: int = 0
    """A moment at which the socket held nothing, so that all of ``data`` came later; 0 where none is known."""

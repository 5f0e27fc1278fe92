"""One event stream as it came over the wire: what every read gave."""

from __future__ import annotations

from typing import NamedTuple


class Read(NamedTuple):
    """What one socket read gave, and when (nanoseconds of CLOCK_REALTIME)."""

    at_ns: int
    data: bytes

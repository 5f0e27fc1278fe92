"""Arithmetic with bounds: closed intervals of nanoseconds, and the interval in which the latency of an event lies."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Interval(NamedTuple):
    """The closed interval [``low_ns``, ``high_ns``]; ``low_ns`` is never above ``high_ns``."""

    low_ns: int
    high_ns: int

    @property
    def width_ns(self) -> int:
        """How far apart the ends are."""
        return self.high_ns - self.low_ns

    @property
    def mid_ns(self) -> int:
        """The middle, rounded down; never further from an end than half the width, rounded up."""
        return (self.low_ns + self.high_ns) // 2

    def hull(self, other: Interval) -> Interval:
        """The smallest interval that contains both."""
        return Interval(min(self.low_ns, other.low_ns), max(self.high_ns, other.high_ns))

    def intersection(self, other: Interval) -> Interval | None:
        """What both contain; None when that is nothing."""
        low, high = max(self.low_ns, other.low_ns), min(self.high_ns, other.high_ns)
        return Interval(low, high) if low <= high else None

    def widened(self, by_ns: int) -> Interval:
        """Both ends moved outwards by ``by_ns`` (0 or more)."""
        return Interval(self.low_ns - by_ns, self.high_ns + by_ns)

    def contains(self, ns: int) -> bool:
        """Whether ``ns`` lies in it, the ends included."""
        return self.low_ns <= ns <= self.high_ns


SAME_CLOCK = Interval(0, 0)
"""The offset of a clock against itself."""


class Bounds(NamedTuple):
    """One latency: the truth is in [``low_ns``, ``high_ns``], and ``value_ns``, which lies there too, is shown."""

    low_ns: int
    value_ns: int
    high_ns: int


def delivery_bounds(
    earliest_ns: int, received_ns: int, timestamp_ns: int, resolution_ns: int, offset: Interval
) -> Bounds:
    """The latency from the server's timestamp to the arrival, on the tester's clock.

    The event arrived in [``earliest_ns``, ``received_ns``] (tester's clock). The server read its clock when it showed
    at least ``timestamp_ns`` and less than ``timestamp_ns + resolution_ns``, because a timestamp is cut off after its
    last digit; and ``offset`` is server clock minus tester clock at that moment, not at the arrival.

    No latency is negative, so the low end is never below 0 while the high end allows 0. A negative high end is a
    contradiction: a clock moved in a way that the offset does not know. It stays negative, so that it is counted.
    """
    return Bounds(*delivery_bounds_many([(earliest_ns, received_ns, timestamp_ns)], resolution_ns, offset)[0])


def delivery_bounds_many(
    samples: Iterable[tuple[int, int, int]], resolution_ns: int, offset: Interval
) -> list[tuple[int, int, int]]:
    """``delivery_bounds`` of many (earliest, received, timestamp) under one offset, as plain (low, value, high)."""
    below, above, middle = offset.low_ns - resolution_ns, offset.high_ns, offset.mid_ns
    bounds = [
        (earliest - timestamp + below, received - timestamp + middle, received - timestamp + above)
        for earliest, received, timestamp in samples
    ]
    return [
        bound if bound[0] >= 0 or bound[2] < 0 else (0, bound[1] if bound[1] > 0 else 0, bound[2]) for bound in bounds
    ]

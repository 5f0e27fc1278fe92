"""Exchanges that bound the offset of two clocks: one of them, what it says, and those that are kept.

An exchange is sent at s and answered at a (tester's clock); between, at an unknown moment m, the server reads v on its
clock, cut off after its last digit. Server minus tester clock at m is therefore at least v - m >= v - a and less than
v + resolution - m <= v + resolution - s. Seen from another moment u, the lower bound is worth v - a - d |u - a| and
the upper one v + resolution - s + d |u - s|, where d < 1 is the largest drift: whatever m was, moving it from a (or s)
changes the bound by 1 per ns and the distance by d, so that the ends are the worst cases. This holds when neither clock
is set between m and u. Source: Marzullo and Owicki 1983 (intersection of such intervals), RFC 5905 section 11.2.1.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import NamedTuple

from locust_eventsource.measure.interval import Interval

SLOT_NS = 500_000_000
"""Of the probes answered within this time, those that say most are kept."""
RETAINED_NS = 300_000_000_000
"""How long probes are kept, counted back from the newest."""


class Probe(NamedTuple):
    """One exchange: tester's clock when it was sent and answered, and the server's clock in between.

    ``server_ns`` must have been read by the server while it handled this very exchange, and been cut off (not rounded)
    to ``resolution_ns``. The tester's clock is read before the first byte is sent and after the answer is there.
    """

    sent_ns: int
    answered_ns: int
    server_ns: int
    resolution_ns: int

    def checked(self) -> Probe:
        """Itself. Raises ValueError when it was answered before it was sent, or its resolution is negative."""
        if self.sent_ns > self.answered_ns:
            raise ValueError(f"answered {self.sent_ns - self.answered_ns} ns before it was sent: the clock was set")
        if self.resolution_ns < 0:
            raise ValueError(f"the resolution is negative: {self.resolution_ns} ns")
        return self

    @property
    def offset(self) -> Interval:
        """Server clock minus tester clock while the server read its own."""
        return Interval(self.server_ns - self.answered_ns, self.server_ns + self.resolution_ns - self.sent_ns)


class Drift:
    """The largest rate at which two clocks run apart, as whole nanoseconds per span."""

    def __init__(self, ppm: float) -> None:
        """Raises ValueError unless 0 <= ``ppm`` < 1,000,000."""
        if not 0 <= ppm < 1_000_000:
            raise ValueError(f"a drift is from 0 to below 1,000,000 ppm, not {ppm}")
        self._ppb = math.ceil(ppm * 1000)

    def over(self, span_ns: int) -> int:
        """By how much the offset may have changed over a span of either sign, rounded up."""
        return -(-abs(span_ns) * self._ppb // 1_000_000_000)

    def seen(self, probe: Probe, from_ns: int, to_ns: int) -> Interval:
        """What a probe says of every moment of the span, when no clock was set between it and the span."""
        low, high = probe.offset
        to_low = max(to_ns - probe.answered_ns, probe.answered_ns - from_ns)
        to_high = max(to_ns - probe.sent_ns, probe.sent_ns - from_ns)
        return Interval(low - self.over(to_low), high + self.over(to_high))

    def agreed(self, nearest_first: Iterable[Probe], from_ns: int, to_ns: int) -> Interval | None:
        """What probes say together of every moment of the span; None when there are none.

        When they contradict each other a clock was set among them: then those before the first contradiction count.
        """
        agreed: Interval | None = None
        for probe in nearest_first:
            seen = self.seen(probe, from_ns, to_ns)
            narrower = seen if agreed is None else agreed.intersection(seen)
            if narrower is None:
                break
            agreed = narrower
        return agreed


_answered: Callable[[Probe], int] = attrgetter("answered_ns")


class KeptProbes:
    """The probes of the last ``RETAINED_NS`` in order of their answers, at most four of each ``SLOT_NS``.

    Leaving a probe out is always sound: what remains says less. Of a slot remain the first answered and the last sent,
    which are nearest to what lies before and behind, and those with the highest low and the lowest high end.
    """

    def __init__(self) -> None:
        self._probes: list[Probe] = []

    def __len__(self) -> int:
        return len(self._probes)

    def add(self, probe: Probe) -> None:
        """Sort a probe in, and forget those that are too old by now (which may be this one)."""
        kept = self._probes
        start = probe.answered_ns // SLOT_NS * SLOT_NS
        low, high = bisect_left(kept, start, key=_answered), bisect_left(kept, start + SLOT_NS, key=_answered)
        kept[low:high] = _telling([*kept[low:high], probe])
        oldest = kept[-1].answered_ns - RETAINED_NS
        if kept[0].answered_ns < oldest:
            del kept[: bisect_left(kept, oldest, key=_answered)]

    def first_answered_ns(self) -> int | None:
        """When the oldest probe that is kept was answered; None without probes."""
        return self._probes[0].answered_ns if self._probes else None

    def before(self, ns: int, window_ns: int) -> list[Probe]:
        """The probes sent and answered in [``ns`` - ``window_ns``, ``ns``], latest first."""
        low = bisect_left(self._probes, ns - window_ns, key=_answered)
        high = bisect_right(self._probes, ns, key=_answered)
        return [probe for probe in reversed(self._probes[low:high]) if probe.sent_ns >= ns - window_ns]

    def after(self, ns: int, window_ns: int) -> list[Probe]:
        """The probes sent and answered in [``ns``, ``ns`` + ``window_ns``], earliest first."""
        return [probe for probe in self.answered_in(ns, ns + window_ns) if probe.sent_ns >= ns]

    def answered_in(self, from_ns: int, to_ns: int) -> list[Probe]:
        """The probes answered in [``from_ns``, ``to_ns``], in that order."""
        low = bisect_left(self._probes, from_ns, key=_answered)
        return self._probes[low : bisect_right(self._probes, to_ns, key=_answered)]


def _telling(slot: list[Probe]) -> list[Probe]:
    """The at most four probes of a slot that say most, in order of their answers."""
    if len(slot) > 1:
        first, last = min(slot, key=_answered), max(slot, key=lambda probe: probe.sent_ns)
        low, high = max(slot, key=lambda probe: probe.offset.low_ns), min(slot, key=lambda probe: probe.offset.high_ns)
        slot = sorted({first, last, low, high}, key=_answered)
    return slot

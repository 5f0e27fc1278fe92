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
from operator import itemgetter
from typing import NamedTuple

from locust_eventsource.measure.interval import Interval

SLOT_NS = 500_000_000
"""Of the probes answered within this time, those that say most are kept."""
RETAINED_NS = 300_000_000_000
"""How long probes are kept, counted back from the newest."""
_SECOND_NS = 1_000_000_000


class Probe(NamedTuple):
    """One exchange: tester's clock when it was sent and answered, and the server's clock in between.

    ``server_ns`` must have been read by the server while it handled this very exchange, and been cut off (not rounded)
    to ``resolution_ns``. The tester's clock is read before the first byte is sent and after the answer is there.
    """

    sent_ns: int
    answered_ns: int
    server_ns: int
    resolution_ns: int

    def said(self) -> Said:
        """The offset while the server read its clock. Raises ValueError when no exchange can have been like that."""
        if self.sent_ns > self.answered_ns:
            raise ValueError(f"answered {self.sent_ns - self.answered_ns} ns before it was sent: the clock was set")
        if self.resolution_ns < 0:
            raise ValueError(f"the resolution is negative: {self.resolution_ns} ns")
        low, high = self.server_ns - self.answered_ns, self.server_ns + self.resolution_ns - self.sent_ns
        return Said(self.answered_ns, self.sent_ns, low, high)


class Said(NamedTuple):
    """What a probe says: its offset is in [``low_ns``, ``high_ns``]; the ends hold at its answer and at its sending."""

    answered_ns: int
    sent_ns: int
    low_ns: int
    high_ns: int


class Drift:
    """The largest rate at which two clocks run apart, as whole nanoseconds per span."""

    def __init__(self, ppm: float) -> None:
        """Raises ValueError unless 0 <= ``ppm`` < 1,000,000."""
        if not 0 <= ppm < 1_000_000:
            raise ValueError(f"a drift is from 0 to below 1,000,000 ppm, not {ppm}")
        self.ppb = math.ceil(ppm * 1000)
        """Nanoseconds a second, rounded up."""

    def over(self, span_ns: int) -> int:
        """By how much the offset may have changed over a span of either sign, rounded up."""
        return -(-abs(span_ns) * self.ppb // _SECOND_NS)

    def agreed(self, nearest_first: Iterable[Said], from_ns: int, to_ns: int) -> Interval | None:
        """What probes say together of every moment of the span; None when there are none.

        Holds when no clock was set between them and the span. When they contradict each other one was set among them:
        then those before the first contradiction count.
        """
        ppb, low, high = self.ppb, None, 0
        for answered, sent, least, most in nearest_first:
            # Each end from the moment where it holds to the far end of the span; -(-x // y) rounds up.
            least -= -(-max(to_ns - answered, answered - from_ns) * ppb // _SECOND_NS)
            most += -(-max(to_ns - sent, sent - from_ns) * ppb // _SECOND_NS)
            if low is None:
                low, high = least, most
            elif least > high or most < low:
                break
            else:
                low, high = max(low, least), min(high, most)
        return None if low is None else Interval(low, high)


_answered: Callable[[Said], int] = itemgetter(0)


class KeptProbes:
    """The probes of the last ``RETAINED_NS`` in order of their answers, at most four of each ``SLOT_NS``.

    Leaving a probe out is always sound: what remains says less. Of a slot remain the first answered and the last sent,
    which are nearest to what lies before and behind, and those with the highest low and the lowest high end.
    """

    def __init__(self) -> None:
        self._probes: list[Said] = []

    def add(self, probe: Said) -> None:
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

    def before(self, ns: int, window_ns: int) -> list[Said]:
        """The probes sent and answered in [``ns`` - ``window_ns``, ``ns``], latest first."""
        low = bisect_left(self._probes, ns - window_ns, key=_answered)
        high = bisect_right(self._probes, ns, key=_answered)
        return [probe for probe in reversed(self._probes[low:high]) if probe.sent_ns >= ns - window_ns]

    def after(self, ns: int, window_ns: int) -> list[Said]:
        """The probes sent and answered in [``ns``, ``ns`` + ``window_ns``], earliest first."""
        return [probe for probe in self.answered_in(ns, ns + window_ns) if probe.sent_ns >= ns]

    def answered_in(self, from_ns: int, to_ns: int) -> list[Said]:
        """The probes answered in [``from_ns``, ``to_ns``], in that order."""
        low = bisect_left(self._probes, from_ns, key=_answered)
        return self._probes[low : bisect_right(self._probes, to_ns, key=_answered)]


def _telling(slot: list[Said]) -> list[Said]:
    """The at most four probes of a slot that say most, in order of their answers."""
    if len(slot) > 1:
        first, last = min(slot, key=_answered), max(slot, key=lambda probe: probe.sent_ns)
        low, high = max(slot, key=lambda probe: probe.low_ns), min(slot, key=lambda probe: probe.high_ns)
        slot = sorted({first, last, low, high}, key=_answered)
    return slot

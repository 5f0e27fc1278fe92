"""What a reader says of the time of each event, held against the time at which it was written.

The source notes the clock before and after each write, on the same machine. On loopback the kernel hands an event to
the receiver's socket while it is being written, so the truth is that interval.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from benchmarks.accounting import DETAIL, FROM_KERNEL, LAST_IN_READ

TOLERANCE_NS = 5_000
"""How far outside the write an arrival may be said to lie."""

Times = NDArray[numpy.int64]


class Truth(NamedTuple):
    """Times before and after each write: ``[connection][sequence][2]``, 0 for what was not written."""

    writes: Times

    @property
    def before(self) -> Times:
        """``[connection][sequence]``."""
        return self.writes[:, :, 0]

    @property
    def after(self) -> Times:
        """``[connection][sequence]``."""
        return self.writes[:, :, 1]


class Stamps(NamedTuple):
    """A reader's stamps: ``[connection][sequence][width]`` as `benchmarks.accounting` has them, 0 for what is lost."""

    numbers: Times

    @property
    def received(self) -> Times:
        """The time that the reader reports, ``[connection][sequence]``."""
        return self.numbers[:, :, 1 if self.numbers.shape[2] == DETAIL else 0]


class Percentiles(NamedTuple):
    """Of some durations, in ms; infinite where a lost event takes that rank, NaN of nothing."""

    p50_ms: float
    p99_ms: float
    max_ms: float


class Accuracy(NamedTuple):
    """How right a reader's stamps are.

    ``inside``: share of the events that end their read whose stamp lies in the write, with `TOLERANCE_NS` either side;
    ``furthest_us``: how far the worst of them lies outside the write, 0 when none does. ``coalesced``: share of the
    events that do not end their read; ``excluded``: how many of these have an interval [earliest, received] that does
    not meet the write with its tolerance, and ``widest_miss_us`` how far the worst is from it; ``width``: received -
    earliest of these. ``lag``: from the stamp to the reading, of events that end their read with a kernel stamp.
    ``user_stamps``: how many stamps were not the kernel's.
    """

    events: int
    inside: float
    furthest_us: float
    excluded: int
    widest_miss_us: float
    coalesced: float
    width: Percentiles
    lag: Percentiles
    user_stamps: int


def accuracy(truth: Truth, stamps: Stamps) -> Accuracy:
    """Hold detailed stamps against the truth. Lost events are not looked at: the account has them."""
    came = stamps.received.ravel() != 0
    before, after = truth.before.ravel()[came], truth.after.ravel()[came]
    earliest, received, read, flags = stamps.numbers.reshape(-1, DETAIL)[came].T
    last = (flags & LAST_IN_READ) != 0
    outside = _gap(received[last], received[last], before[last], after[last])
    shared = ~last
    missed = _gap(earliest[shared], received[shared], before[shared], after[shared])
    kernel = (flags & FROM_KERNEL) != 0
    return Accuracy(
        events=len(received),
        inside=float(numpy.mean(outside <= TOLERANCE_NS)) if len(outside) else math.nan,
        furthest_us=_largest(outside) / 1e3,
        excluded=int(numpy.count_nonzero(missed > TOLERANCE_NS)),
        widest_miss_us=_largest(missed) / 1e3,
        coalesced=float(numpy.mean(shared)) if len(shared) else math.nan,
        width=percentiles((received - earliest)[shared]),
        lag=percentiles((read - received)[last & kernel]),
        user_stamps=int(numpy.count_nonzero(~kernel)),
    )


def reported(truth: Truth, stamps: Stamps) -> Percentiles:
    """The latencies that a reader shows: its stamp minus the time before the write. Lost ones are infinitely late."""
    received, before = stamps.received.ravel(), truth.before.ravel()
    came = received != 0
    return percentiles((received - before)[came], lost=int(numpy.count_nonzero(~came & (before != 0))))


def writing(truth: Truth) -> Percentiles:
    """How long the writes took: no event was longer on its way than that."""
    written = truth.before.ravel() != 0
    return percentiles((truth.after - truth.before).ravel()[written])


def percentiles(durations_ns: Times, lost: int = 0) -> Percentiles:
    """By nearest rank; ``lost`` durations rank as infinite."""
    ascending, samples = numpy.sort(durations_ns), len(durations_ns) + lost

    def at(percent: int) -> float:
        rank = max(math.ceil(samples * percent / 100), 1)
        return float(ascending[rank - 1]) / 1e6 if rank <= len(ascending) else math.inf

    return Percentiles(at(50), at(99), at(100)) if samples else Percentiles(math.nan, math.nan, math.nan)


def _gap(low: Times, high: Times, before: Times, after: Times) -> Times:
    """How far apart [low, high] and [before, after] are; 0 where they meet."""
    apart: Times = numpy.maximum(numpy.maximum(before - high, low - after), 0)
    return apart


def _largest(values: Times) -> float:
    return float(values.max()) if len(values) else 0.0

"""The tester's own lag: how late a timer of the gevent loop fires."""

from __future__ import annotations

import time
from typing import Final

import gevent

from locust_eventsource.measure.recorder import Recorder

PERIOD_NS: Final = 10_000_000
_MOST_AT_ONCE: Final = 1_000
"""Missed times that are counted one by one after a standstill; ten seconds of it say enough."""


def probe(recorder: Recorder) -> None:
    """Record as ``loop_lag`` how late each time of a fixed schedule is noticed, for ever; run it in a greenlet.

    The times that a standstill makes the loop miss count as well, each by how late it is noticed. So a percentile says
    for what share of all moments the loop would have kept somebody waiting for so long.
    """
    due_ns = time.monotonic_ns() + PERIOD_NS
    while True:
        gevent.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
        late = lateness(due_ns, time.monotonic_ns())
        recorder.record_many("loop_lag", late, time.time_ns())
        due_ns += len(late) * PERIOD_NS


def lateness(due_ns: int, now_ns: int) -> list[int]:
    """How late every time of the schedule is that should have been noticed by now, the oldest first."""
    missed = max(0, now_ns - due_ns) // PERIOD_NS + 1
    return [max(0, now_ns - due_ns - number * PERIOD_NS) for number in range(min(missed, _MOST_AT_ONCE))]

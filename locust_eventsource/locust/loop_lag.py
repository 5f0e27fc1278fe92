"""The tester's own lag: how late a timer of the gevent loop fires."""

from __future__ import annotations

import time

import gevent

from locust_eventsource.measure.recorder import Recorder

PERIOD_S = 0.05


def probe(recorder: Recorder) -> None:
    """Sleep and record the overshoot as ``loop_lag``, for ever; run it in a greenlet of its own."""
    while True:
        before_ns = time.monotonic_ns()
        gevent.sleep(PERIOD_S)
        late_ns = time.monotonic_ns() - before_ns - int(PERIOD_S * 1e9)
        recorder.record("loop_lag", max(0, late_ns), time.time_ns())

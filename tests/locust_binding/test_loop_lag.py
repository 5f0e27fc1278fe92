"""How late the event loop wakes up."""

from __future__ import annotations

import time

import gevent

from locust_eventsource.locust.loop_lag import PERIOD_NS, lateness, probe
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series

MS = 1_000_000


def test_a_time_that_is_noticed_soon_is_one_sample() -> None:
    assert lateness(100 * MS, 100 * MS + 300) == [300]


def test_a_timer_that_fires_early_is_not_late() -> None:
    assert lateness(100 * MS, 100 * MS - 1) == [0]


def test_a_standstill_counts_for_every_moment_that_it_lasts() -> None:
    assert lateness(100 * MS, 100 * MS + 3 * PERIOD_NS + 5) == [
        3 * PERIOD_NS + 5,
        2 * PERIOD_NS + 5,
        PERIOD_NS + 5,
        5,
    ]


def test_a_long_standstill_does_not_make_work_without_end() -> None:
    assert len(lateness(0, 3_600_000 * MS)) == 1_000


def test_a_loop_that_is_held_up_is_noticed() -> None:
    recorder, series = Recorder(), Series()
    greenlet = gevent.spawn(probe, recorder)
    gevent.sleep(0)
    # The loop stands still, because nothing else gets to run meanwhile.
    end = time.monotonic() + 0.1
    while time.monotonic() < end:
        pass
    deadline = time.monotonic() + 30
    while series.histogram("loop_lag") is None and time.monotonic() < deadline:
        gevent.sleep(0.001)
        series.add(recorder.take())
    greenlet.kill()
    lag = series.histogram("loop_lag")
    assert lag is not None
    assert lag.max_us >= 80_000
    assert lag.count >= 8

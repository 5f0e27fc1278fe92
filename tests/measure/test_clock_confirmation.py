"""Through loopback the clocks count as the same one only as far as probes have confirmed it."""

from __future__ import annotations

from locust_eventsource.measure.clock_offset import OffsetEstimator, Probe
from locust_eventsource.measure.interval import SAME_CLOCK
from locust_eventsource.measure.pending import PendingDeliveries
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series

MS = 1_000_000
S = 1_000 * MS


def test_the_same_clock_is_confirmed_by_a_probe_behind_the_moment() -> None:
    estimator = OffsetEstimator(assume_same=True, confirmed=True)
    assert estimator.over(100, 100) is None
    estimator.add(Probe(200, 300, 250, 1))
    assert estimator.over(100, 199) == SAME_CLOCK
    assert estimator.over(100, 200) is None
    assert estimator.over(100, 200, one_sided=True) == SAME_CLOCK
    estimator.finish()
    assert estimator.over(100, 10_000) == SAME_CLOCK


def test_a_step_is_never_taken_for_the_same_clock_once_confirmation_is_asked_for() -> None:
    estimator = OffsetEstimator(assume_same=True, confirmed=True, drift_ppm=0)
    estimator.add(Probe(200, 300, 250, 1))
    estimator.add(Probe(400, 500, 1_000_450, 1))
    stepped = estimator.over(350, 350)
    assert stepped is not None
    assert stepped.contains(0)
    assert stepped.contains(1_000_000)


def test_a_delivery_behind_an_unnoticed_step_waits_for_the_probe_that_shows_it() -> None:
    estimator, recorder = OffsetEstimator(assume_same=True, confirmed=True), Recorder()
    pending = PendingDeliveries(estimator, recorder)
    began, step = 1_000 * S, 500 * MS
    estimator.add(Probe(began, began + MS, began, 1))
    sent = began + 2 * S
    pending.add("delivery", "x", sent + 2 * MS, sent + 2 * MS, sent + step, 1)
    assert pending.settle() == 0
    assert pending.held() == {"delivery": 1}
    estimator.add(Probe(began + 5 * S, began + 5 * S + MS, began + 5 * S + step, 1))
    assert pending.settle() == 1
    assert pending.held() == {}
    series = Series()
    series.add(recorder.take())
    low, high = series.low("delivery"), series.high("delivery")
    assert low is not None
    assert high is not None
    assert low.min_us <= 2_000 <= high.max_us

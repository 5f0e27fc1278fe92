"""A second reader of a recorder takes nothing away from the first."""

from __future__ import annotations

import pytest

from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series
from locust_eventsource.measure.tap import Tap


def counted(series: Series) -> tuple[int, int]:
    histogram = series.histogram("delivery")
    return (histogram.count if histogram else 0), series.counter("seen")


def test_the_owner_gets_every_sample_once_and_the_reader_those_of_its_part() -> None:
    recorder, whole = Recorder(), Series()
    tap = Tap(recorder)
    recorder.record("delivery", 1_000_000, 0)
    tap.begin()
    recorder.record("delivery", 2_000_000, 0)
    recorder.count("seen", 3)
    assert counted(tap.read()) == (1, 3)
    whole.add(tap.take())
    recorder.record_bounds("delivery", 1_000_000, 2_000_000, 3_000_000, 0)
    whole.add(tap.take())
    part = tap.read()
    assert counted(part) == (2, 3)
    tap.begin()
    assert counted(tap.read()) == (0, 0)
    whole.add(tap.take())
    assert counted(whole) == (3, 3)
    low = whole.low("delivery")
    assert low is not None and low.count == 3 and low.min_us == 1_000


def test_without_a_reader_it_is_the_recorder() -> None:
    recorder = Recorder()
    tap = Tap(recorder)
    recorder.count("seen")
    assert tap.take() == {"latencies": [], "counters": [["seen", None, 1]]}
    with pytest.raises(ValueError, match="no part has begun"):
        tap.read()

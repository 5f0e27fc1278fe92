"""How sure a figure is: the intervals, confidences and curves of the result, and the words for them."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series
from reports import certainty
from reports.measured import metrics_of
from reports.model import Bound
from reports.tester import ESTIMATED, UNKNOWN, Clock, ClockOfProcess
from tests.support.sample_rows import sample_rows
from tests.support.sample_tester import estimated_clock, same_clock

MS = 1_000_000
NOTHING = "\N{EN DASH}"


def test_a_figure_carries_the_same_figure_of_its_lower_and_upper_ends() -> None:
    metric = metrics_of(_series(1000), {})["delivery"]
    assert (metric.p50, metric.bounds["p50"].low, metric.bounds["p50"].high) == pytest.approx((5e5, 4e5, 7e5), rel=2e-3)
    assert (metric.bounds["max"].low, metric.max, metric.bounds["max"].high) == pytest.approx(
        (9e5, 1e6, 12e5), rel=2e-3
    )
    assert metric.types["a"].bounds == metric.bounds


def test_lost_samples_rank_behind_the_upper_ends_too() -> None:
    metric = metrics_of(_series(900), {"delivery": 100})["delivery"]
    assert (metric.count, metric.samples) == (900, 1000)
    assert metric.bounds["p95"].low == metric.p95 == metric.bounds["p95"].high == math.inf
    assert metric.bounds["p50"].high < math.inf


def test_the_confidence_of_a_percentile_is_open_where_no_sample_bounds_it() -> None:
    bounds = metrics_of(_series(100), {})["delivery"].bounds
    low, high = bounds["p50"].confidence or (0.0, 0.0)
    assert 35e4 < low < 5e5 < high < 65e4
    assert bounds["p99"].confidence == [pytest.approx(96e4, rel=2e-2), math.inf]
    assert bounds["min"].confidence is bounds["max"].confidence is None
    assert metrics_of(_series(1), {})["delivery"].bounds["p50"].confidence is None


def test_a_percentile_with_fewer_than_ten_samples_above_it_says_so() -> None:
    bounds = metrics_of(_series(1000), {})["delivery"].bounds
    assert {name: bound.too_few for name, bound in bounds.items() if bound.too_few} == {"p999": True}
    assert metrics_of(_series(999), {})["delivery"].bounds["p99"].too_few


def test_the_curve_holds_the_values_between_their_ends_and_stops_before_the_lost() -> None:
    curve = metrics_of(_series(1000), {"delivery": 1000})["delivery"].curve
    assert curve[0][0] == 0
    assert curve[-1][0] == pytest.approx(50, abs=6)
    assert all(low < value < high < math.inf for _, low, value, high in curve)


def test_a_measure_of_exact_values_has_no_curve() -> None:
    assert metrics_of(_series(1000, width_ns=0), {})["delivery"].curve == []


def test_one_sample_has_a_curve_of_one_point() -> None:
    assert len(metrics_of(_series(1), {})["delivery"].curve) == 1


@pytest.mark.parametrize(
    ("value", "low", "high", "words", "below"),
    [
        (2890.0, 2710.0, 2950.0, "2.71 to 2.95 ms", "2.71 to 2.95"),
        (2890.0, 2890.0, 2893.0, "", ""),
        (950.0, 900.0, 1100.0, "900 µs to 1.10 ms", "900 µs to 1.10 ms"),
        (1100.0, 900.0, 1100.0, "900 µs to 1.10 ms", "900 µs to 1.10 ms"),
        (999.0, 800.0, 999.6, "800 µs to 1.00 ms", "800 µs to 1.00 ms"),
        (2000.0, 800.0, math.inf, "800 µs to never", "800 µs to never"),
        (395.0, 1.0, 3770.0, "at most 3.77 ms", "≤ 3.77 ms"),
        (2890.0, 1.0, 3770.0, "at most 3.77 ms", "≤ 3.77"),
        (1.0, 1.0, 1.0, "", ""),
        (math.inf, math.inf, math.inf, "", ""),
    ],
)
def test_an_interval_is_told_where_it_is_wider_than_the_digits(
    value: float, low: float, high: float, words: str, below: str
) -> None:
    bound = Bound(low, high, None, False)
    assert certainty.interval(value, bound) == words
    assert certainty.below(value, bound) == below.replace(" to ", NOTHING)
    assert certainty.interval(value, None) == ""


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (None, NOTHING),
        ([2800.0, 2970.0], "2.80 to 2.97 ms"),
        ([2800.0, math.inf], "at least 2.80 ms"),
        ([0.0, 2800.0], "at most 2.80 ms"),
        ([0.0, math.inf], NOTHING),
        ([math.inf, math.inf], "never"),
    ],
)
def test_a_confidence_interval_may_be_open(limits: list[float] | None, words: str) -> None:
    assert certainty.confidence(limits) == words


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (3_000_930.0, 3_001_550.0, "+3,001.24 ± 0.31 ms"),
        (-15.0, -9.0, "-12.0 ± 3.0 µs"),
        (-0.5, 0.5, "+0.00 ± 0.50 µs"),
        (-2e6, 4e6, "+1.0 ± 3.0 s"),
        (3e6, 3e6, "+3 ± 0 s"),
        (0.0, 0.0, "+0 ± 0 µs"),
        (499_001.0, 501_001.0, "+500.0 ± 1.0 ms"),
        (0.0, 20_020.0, "+10 ± 11 ms"),
    ],
)
def test_an_offset_is_told_to_the_digits_that_its_width_leaves(low: float, high: float, words: str) -> None:
    assert certainty.offset(low, high) == words


def test_the_clocks_are_summed_up_whatever_is_known_of_them() -> None:
    estimated = estimated_clock(10).processes[0]
    unknown = ClockOfProcess("remote", UNKNOWN, 0, None)
    assert certainty.clock_summary(Clock()) == "The offset between the clocks was not looked at."
    assert "unknown: no answer" in certainty.clock_summary(Clock([unknown]))
    told = certainty.clock_summary(Clock([estimated, unknown]))
    assert "For 1 of 2 processes it is unknown. A clock jumped once." in told
    twice = replace(estimated, steps=estimated.steps * 2)
    assert certainty.clock_summary(Clock([twice])).endswith("A clock jumped 2 times.")
    assert not certainty.clocks_differ(same_clock())
    assert certainty.clocks_differ(Clock([unknown]))


def test_the_mode_and_the_last_offset_of_a_process_are_in_words() -> None:
    process = ClockOfProcess("tester", ESTIMATED, 1, None)
    assert certainty.mode(process) == "estimated from 1 probe"
    assert certainty.mode(replace(process, mode="sundial\n")) == "sundial"
    assert certainty.mode(replace(process, mode=UNKNOWN)).startswith("unknown")
    assert certainty.last_offset(process) == NOTHING
    assert certainty.last_offset(same_clock().processes[0]) == "0"
    assert certainty.last_offset(replace(process, windows=[[0.0, 1.0, 2.0], [1.0, -15.0, -9.0]])) == "-12.0 ± 3.0 µs"


def test_a_row_says_too_few_samples_once() -> None:
    rows = {row.expression: row for row in sample_rows()}
    assert certainty.beside(rows["connect:p(99)<100ms"]) == ["95 % confidence at least 10.4 ms", "too few samples"]
    assert certainty.beside(rows["execute:p(99)<120ms"]) == ["95 % confidence at least 101 ms"]
    assert certainty.beside(rows["lost:count==0"]) == []


def _series(number: int, width_ns: int = 100_000 * 1000) -> Series:
    """``number`` deliveries spread evenly up to a second, each known to [value - 100 ms, value + 200 ms]."""
    recorder = Recorder()
    for at in range(1, number + 1):
        value_ns = at * 1000 * MS // number
        recorder.record_bounds("delivery", value_ns - width_ns, value_ns, value_ns + 2 * width_ns, 0, "a")
    series = Series()
    series.add(recorder.take())
    return series

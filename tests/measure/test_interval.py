"""Intervals hold what their names say, and the bounds of a latency never exclude the latency."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locust_eventsource.measure.interval import SAME_CLOCK, Interval, delivery_bounds, delivery_bounds_many
from tests.measure.simulated_clocks import MILLIONTHS, START_NS, Clocks, skews

numbers = st.integers(-(10**6), 10**6)
intervals = st.tuples(numbers, numbers).map(lambda ends: Interval(min(ends), max(ends)))
near = st.integers(-(10**6), 10**6)


@given(intervals, intervals, numbers)
def test_a_hull_contains_what_either_contains(one: Interval, other: Interval, ns: int) -> None:
    hull = one.hull(other)
    assert hull.contains(ns) or not (one.contains(ns) or other.contains(ns))
    assert {hull.low_ns, hull.high_ns} <= {*one, *other}


@given(intervals, intervals, numbers)
def test_an_intersection_contains_what_both_contain(one: Interval, other: Interval, ns: int) -> None:
    common = one.intersection(other)
    assert (common is not None and common.contains(ns)) == (one.contains(ns) and other.contains(ns))


@given(intervals, st.integers(0, 1000))
def test_widening_moves_both_ends(interval: Interval, by: int) -> None:
    widened = interval.widened(by)
    assert widened.width_ns == interval.width_ns + 2 * by
    assert widened.mid_ns == interval.mid_ns


@given(intervals)
def test_the_middle_is_inside_and_equally_far_from_both_ends(interval: Interval) -> None:
    assert interval.contains(interval.mid_ns)
    assert abs((interval.high_ns - interval.mid_ns) - (interval.mid_ns - interval.low_ns)) <= 1


def test_touching_intervals_have_a_point_in_common() -> None:
    assert Interval(0, 5).intersection(Interval(5, 9)) == Interval(5, 5)
    assert Interval(0, 4).intersection(Interval(5, 9)) is None


@pytest.mark.parametrize(
    ("earliest", "received", "timestamp", "resolution", "offset", "expected"),
    [
        # One clock, a stamp of its own: only the resolution is unknown.
        (5_000, 5_000, 3_000, 1_000, SAME_CLOCK, (1_000, 2_000, 2_000)),
        # Somewhere in a read.
        (4_500, 5_000, 3_000, 1_000, SAME_CLOCK, (500, 2_000, 2_000)),
        # The server is 3,000 ahead, give or take 200.
        (5_000, 5_000, 6_000, 0, Interval(2_800, 3_200), (1_800, 2_000, 2_200)),
        # A latency is not negative, and the value is not below it.
        (5_000, 5_000, 4_900, 1_000, SAME_CLOCK, (0, 100, 100)),
        (5_000, 5_000, 5_100, 0, Interval(-100, 200), (0, 0, 100)),
        (5_000, 5_000, 5_000, 0, SAME_CLOCK, (0, 0, 0)),
        # Contradictions stay as they are.
        (5_000, 5_000, 5_500, 100, SAME_CLOCK, (-600, -500, -500)),
    ],
)
def test_known_bounds(
    earliest: int, received: int, timestamp: int, resolution: int, offset: Interval, expected: tuple[int, int, int]
) -> None:
    assert delivery_bounds(earliest, received, timestamp, resolution, offset) == expected


@given(
    skew=skews,
    latency=st.integers(0, 10**10),
    resolution=st.sampled_from([1, 1_000, 1_000_000, 10**9]),
    batch=st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)),
    slack=st.tuples(st.integers(0, 10**8), st.integers(0, 10**8)),
    emitted=st.integers(0, 10**10).map(lambda ns: START_NS + ns),
)
def test_the_bounds_contain_the_latency(
    skew: int, latency: int, resolution: int, batch: tuple[int, int], slack: tuple[int, int], emitted: int
) -> None:
    clocks = Clocks(skew)
    arrived, offset = emitted + latency, Interval(skew - slack[0], skew + slack[1])
    assert clocks.offset(emitted) == skew * MILLIONTHS
    bounds = delivery_bounds(
        arrived - batch[0], arrived + batch[1], clocks.stamp(emitted, resolution), resolution, offset
    )
    assert 0 <= bounds.low_ns <= latency <= bounds.high_ns
    assert bounds.low_ns <= bounds.value_ns <= bounds.high_ns


@given(st.lists(st.tuples(near, st.integers(0, 10**6), near)), st.integers(0, 10**6), intervals)
def test_many_at_once_are_each_as_one(samples: list[tuple[int, int, int]], resolution: int, offset: Interval) -> None:
    rows = [(earliest, earliest + batch, timestamp) for earliest, batch, timestamp in samples]
    assert delivery_bounds_many(rows, resolution, offset) == [delivery_bounds(*row, resolution, offset) for row in rows]
    for low, value, high in delivery_bounds_many(rows, resolution, offset):
        assert low <= value <= high

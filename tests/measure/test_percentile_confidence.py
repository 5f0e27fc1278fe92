"""Ranks and confidence bounds of percentiles, held against the binomial distribution computed exactly."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locust_eventsource.measure.confidence import enough_samples, rank_interval, rank_of, samples_needed

percentiles = st.sampled_from([1.0, 10.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9])
sizes = st.integers(1, 300)


def at_most(successes: int, samples: int, percentile: float) -> Fraction:
    """P(B <= successes) for B binomial, exactly."""
    share = Fraction(str(percentile)) / 100
    return sum(
        (comb(samples, k) * share**k * (1 - share) ** (samples - k) for k in range(successes + 1)), start=Fraction(0)
    )


@settings(deadline=None)
@given(sizes, percentiles)
def test_the_interval_covers_the_percentile_with_its_confidence(samples: int, percentile: float) -> None:
    lower, upper = rank_interval(samples, percentile)
    # The true percentile lies in [x(lower), x(upper)] exactly when lower <= B < upper.
    assert at_most(lower - 1, samples, percentile) <= Fraction("0.025") + Fraction(1, 10**9)
    assert 1 - at_most(upper - 1, samples, percentile) <= Fraction("0.025") + Fraction(1, 10**9)


@settings(deadline=None)
@given(sizes, percentiles)
def test_no_tighter_rank_would_do(samples: int, percentile: float) -> None:
    lower, upper = rank_interval(samples, percentile)
    error = Fraction("0.025") - Fraction(1, 10**9)
    assert at_most(lower, samples, percentile) > error
    assert 1 - at_most(upper - 2, samples, percentile) > error


@pytest.mark.parametrize(
    ("samples", "percentile", "expected"),
    [(1000, 99, (983, 997)), (20, 99, (19, 21)), (1, 99, (1, 2)), (1, 50, (0, 2)), (7, 100, (7, 8)), (0, 99, (0, 1))],
)
def test_known_intervals(samples: int, percentile: float, expected: tuple[int, int]) -> None:
    assert rank_interval(samples, percentile) == expected


def test_a_large_sample_is_decided_as_by_the_normal_distribution() -> None:
    lower, upper = rank_interval(1_000_000, 50)
    assert abs(lower - (500_000 - 980)) <= 1
    assert abs(upper - (500_001 + 980)) <= 1


def test_a_higher_confidence_widens_the_interval() -> None:
    lower, upper = rank_interval(1000, 99, 0.999)
    assert lower < 983
    assert upper > 997


@pytest.mark.parametrize(
    ("percentile", "samples", "rank"),
    [(99, 100, 99), (99, 101, 100), (99.9, 1000, 999), (99.9, 1001, 1000), (0.01, 5, 1), (100, 5, 5), (95.0, 20, 19)],
)
def test_the_nearest_rank(percentile: float, samples: int, rank: int) -> None:
    assert rank_of(percentile, samples) == rank


@pytest.mark.parametrize(("percentile", "needed"), [(50, 20), (90, 100), (99, 1000), (99.9, 10_000)])
def test_enough_samples_begin_where_ten_lie_above(percentile: float, needed: int) -> None:
    assert samples_needed(percentile) == needed
    assert enough_samples(needed, percentile)
    assert not enough_samples(needed - 1, percentile)

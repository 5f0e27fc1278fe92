"""Latencies in HdrHistogram's buckets: the same buckets as the library, clamping that is counted, exact ranks."""

from __future__ import annotations

import math
from statistics import fmean

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from locust_eventsource.measure import buckets
from locust_eventsource.measure.histogram import LatencyHistogram, summary

HOUR_NS = 3_600_000_000_000
latencies_ns = st.one_of(st.integers(0, 5_000_000), st.integers(0, HOUR_NS))
any_ns = st.one_of(latencies_ns, st.integers(-(10**12), 10**14))


def library_histogram() -> HdrHistogram:
    return HdrHistogram(1, 3_600_000_000, 3)


def of(*values_ns: int) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for value_ns in values_ns:
        histogram.record(value_ns)
    return histogram


LIBRARY = library_histogram()


@settings(deadline=None)
@given(st.integers(1, 3_600_000_000))
def test_a_bucket_is_the_library_s_range_of_equivalent_values(value_us: int) -> None:
    bucket = buckets.bucket_of(value_us * 1000)
    assert bucket == LIBRARY.get_lowest_equivalent_value(value_us)
    assert buckets.highest_us(bucket) == LIBRARY.get_highest_equivalent_value(value_us)
    assert buckets.width_us(bucket) <= max(1, value_us / 1000)


@pytest.mark.parametrize(
    ("value_ns", "bucket"),
    [
        (-1, buckets.NEGATIVE),
        (0, 1),
        (999, 1),
        (1_000, 1),
        (1_999, 1),
        (2_000, 2),
        (2_047_999, 2047),
        (2_048_000, 2048),
        (2_049_999, 2048),
        (2_050_000, 2050),
        (HOUR_NS, buckets.clamped(buckets.OVERFLOW)),
        (HOUR_NS + 1, buckets.OVERFLOW),
    ],
)
def test_the_edges_of_the_buckets(value_ns: int, bucket: int) -> None:
    assert buckets.bucket_of(value_ns) == bucket


def test_the_number_of_buckets_is_bounded_as_documented() -> None:
    assert LIBRARY.counts_len == 23_552


def test_values_out_of_range_are_clamped_and_counted() -> None:
    histogram = of(-5, -7_000_000, 0, 999, HOUR_NS, HOUR_NS + 1)
    assert (histogram.count, histogram.negatives, histogram.overflows) == (6, 2, 1)
    assert histogram.min_us == 1.0
    assert histogram.max_us == LIBRARY.get_highest_equivalent_value(3_600_000_000)
    assert histogram.percentile_us(50) == 1.0


def test_an_empty_histogram_shows_zeros() -> None:
    histogram = LatencyHistogram()
    figures = (histogram.count, histogram.min_us, histogram.max_us, histogram.mean_us, histogram.percentile_us(99))
    assert figures == (0, 0.0, 0.0, 0.0, 0.0)


def test_only_lost_samples_are_infinitely_late() -> None:
    assert LatencyHistogram().percentile_us(50, lost=3) == math.inf


def test_a_count_stands_for_that_many_samples() -> None:
    histogram = LatencyHistogram()
    histogram.record(1_000_000, count=99)
    histogram.record(50_000_000)
    assert histogram.count == 100
    assert histogram.percentile_us(99) == 1000
    assert histogram.percentile_us(99.1) == histogram.max_us


@pytest.mark.parametrize(
    ("percentile", "expected"), [(0.1, 1), (50, 500), (99, 990), (99.9, 999), (99.91, 1000), (100, 1000)]
)
def test_a_percentile_is_the_nearest_rank_without_rounding_errors(percentile: float, expected: float) -> None:
    assert of(*(n * 1000 for n in range(1, 1001))).percentile_us(percentile) == expected


@settings(deadline=None)
@given(st.lists(latencies_ns, min_size=1, max_size=60), st.floats(0.1, 100), st.integers(0, 20))
def test_a_percentile_is_the_sorted_sample_to_three_digits(values: list[int], percentile: float, lost: int) -> None:
    measured = of(*values).percentile_us(percentile, lost)
    rank = max(1, math.ceil(round(percentile / 100 * (len(values) + lost), 9)))
    if rank > len(values):
        assert measured == math.inf
    else:
        exact_us = max(1, sorted(values)[rank - 1] // 1000)
        assert exact_us <= measured <= exact_us * 1.001


@settings(deadline=None)
@given(st.lists(latencies_ns, min_size=1, max_size=60))
def test_minimum_maximum_and_mean_are_right_to_three_digits(values: list[int]) -> None:
    histogram = of(*values)
    exact = [max(1, value // 1000) for value in values]
    assert min(exact) * 0.999 <= histogram.min_us <= min(exact)
    assert max(exact) <= histogram.max_us <= max(exact) * 1.001
    assert histogram.mean_us == pytest.approx(fmean(exact), rel=0.001)


@settings(deadline=None)
@given(st.lists(any_ns))
def test_many_values_go_to_the_buckets_of_each(values: list[int]) -> None:
    assert buckets.buckets_of(values) == [buckets.bucket_of(value) for value in values]


@settings(deadline=None)
@given(st.lists(st.one_of(latencies_ns, st.integers(0, 10**14)), min_size=1, max_size=40), st.data())
def test_the_bounds_of_a_rank_and_of_the_mean_hold_the_unrounded_value(values: list[int], data: st.DataObject) -> None:
    histogram, rank = of(*values), data.draw(st.integers(1, len(values)))
    least, most = histogram.bounds_at_rank_us(rank)
    exact_us = sorted(values)[rank - 1] / 1000
    assert least <= exact_us < most
    if exact_us <= 3_600_000_000:
        assert most - least <= max(2.0, exact_us / 1000)
    least, most = histogram.mean_bounds_us
    assert least <= fmean(values) / 1000 < most


def test_nothing_bounds_what_is_not_there() -> None:
    assert LatencyHistogram().bounds_at_rank_us(1) == (math.inf, math.inf)
    assert of(5_000, HOUR_NS + 1).bounds_at_rank_us(3) == (math.inf, math.inf)
    assert of(5_000, HOUR_NS + 1).bounds_at_rank_us(2)[1] == math.inf
    assert LatencyHistogram().mean_bounds_us == (0.0, 0.0)
    assert of(5_000, HOUR_NS + 1).mean_bounds_us[1] == math.inf


@settings(deadline=None)
@given(st.lists(st.lists(any_ns, max_size=30), max_size=4))
def test_adding_loses_nothing(parts: list[list[int]]) -> None:
    together = LatencyHistogram()
    for part in parts:
        together.add(of(*part))
    assert together.counts == of(*(value for part in parts for value in part)).counts
    assert together.count == sum(map(len, parts))


def test_figures_follow_what_is_added_after_they_were_read() -> None:
    histogram = of(1_000_000)
    assert histogram.max_us == 1000
    histogram.record(2_000_000)
    assert histogram.max_us == 2000
    histogram.add(of(2_047_000))
    assert histogram.max_us == 2047


@settings(max_examples=15, deadline=None)
@given(st.lists(latencies_ns, max_size=60))
def test_the_library_reads_what_is_encoded(values: list[int]) -> None:
    histogram = of(*values)
    decoded = HdrHistogram.decode(histogram.encode())
    assert decoded.get_total_count() == histogram.count
    assert decoded.get_max_value() == histogram.max_us
    assert decoded.get_mean_value() == pytest.approx(histogram.mean_us)


@settings(deadline=None)
@given(st.lists(latencies_ns, max_size=60))
def test_decoding_gives_back_every_count(values: list[int]) -> None:
    histogram = of(*values)
    assert LatencyHistogram.decode(histogram.encode()).counts == histogram.counts


def test_clamped_values_are_encoded_at_the_ends_of_the_range() -> None:
    decoded = LatencyHistogram.decode(of(-1, 5_000, HOUR_NS * 2).encode())
    assert decoded.count == 3
    assert (decoded.negatives, decoded.overflows) == (0, 0)


def test_a_histogram_of_the_library_is_read() -> None:
    library = library_histogram()
    library.record_value(49_990, 7)
    histogram = LatencyHistogram.decode(library.encode())
    assert (histogram.count, histogram.min_us, histogram.max_us) == (7, 49_984, 50_015)


@pytest.mark.parametrize("blob", [b"", b"x", b"AAAA", b"AAAAAAAAAAAAAAAA", b"HISTFAAAAAV42pNpmSz", b"\xff\xff"])
def test_what_is_not_a_histogram_is_refused(blob: bytes) -> None:
    with pytest.raises(ValueError, match=r"not an HdrHistogram in V2 form: ."):
        LatencyHistogram.decode(blob)


def test_a_damaged_histogram_is_refused() -> None:
    blob = of(*range(0, 90_000_000, 1_000_000)).encode()
    with pytest.raises(ValueError, match="not an HdrHistogram"):
        LatencyHistogram.decode(blob[:40] + b"zzzz" + blob[44:])


def test_a_summary_holds_what_reports_show() -> None:
    histogram = of(-1, *(n * 1000 for n in range(1, 1000)))
    assert summary(histogram) == {
        "unit": "us",
        "count": 1000,
        "min": 1.0,
        "mean": pytest.approx(499.501),
        "p50": 499.0,
        "p90": 899.0,
        "p95": 949.0,
        "p99": 989.0,
        "p999": 998.0,
        "max": 999.0,
        "negatives": 1,
        "overflows": 0,
    }


def test_a_summary_ranks_lost_samples_behind_all_others() -> None:
    figures = summary(of(*[1_000_000] * 95), lost=5)
    assert (figures["p95"], figures["p99"], figures["count"]) == (1000.0, math.inf, 95)

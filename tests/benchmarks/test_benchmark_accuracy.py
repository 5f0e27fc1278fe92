"""Stamps held against the truth: what is wrong is found, and what is right is not called wrong."""

from __future__ import annotations

import math

import numpy
import pytest

from benchmarks.accounting import FROM_KERNEL, LAST_IN_READ
from benchmarks.accuracy import TOLERANCE_NS, Accuracy, Stamps, Truth, accuracy, percentiles, reported, writing

BEFORE, AFTER = 1_000_000, 1_010_000
"""The write of each event in these tests, ns."""
OWN = LAST_IN_READ | FROM_KERNEL
MS = 1_000_000


def truth(events: int = 1) -> Truth:
    return Truth(numpy.array([[[BEFORE, AFTER]] * events], dtype=numpy.int64))


def stamps(*events: tuple[int, int, int, int]) -> Stamps:
    return Stamps(numpy.array([events], dtype=numpy.int64))


def of_own_stamp(received: int) -> Accuracy:
    return accuracy(truth(), stamps((received, received, received + 50_000, OWN)))


def of_shared_read(earliest: int, received: int) -> Accuracy:
    return accuracy(truth(), stamps((earliest, received, received + 50_000, FROM_KERNEL)))


@pytest.mark.parametrize("received", [BEFORE - TOLERANCE_NS, BEFORE, AFTER, AFTER + TOLERANCE_NS])
def test_a_stamp_within_the_write_and_its_tolerance_is_inside(received: int) -> None:
    assert of_own_stamp(received).inside == 1


@pytest.mark.parametrize(
    ("received", "furthest_us"), [(BEFORE - TOLERANCE_NS - 1, 5.001), (AFTER + TOLERANCE_NS + 1, 5.001), (2 * MS, 990)]
)
def test_a_stamp_further_out_is_not(received: int, furthest_us: float) -> None:
    found = of_own_stamp(received)
    assert (found.inside, found.furthest_us) == (0, furthest_us)
    assert found.excluded == 0, "only those that share a read are counted there"


def test_the_share_inside_is_of_the_events_that_end_their_read() -> None:
    right, wrong, shared = (BEFORE, BEFORE, MS, OWN), (MS * 9, MS * 9, MS * 9, OWN), (0, MS * 9, MS * 9, FROM_KERNEL)
    found = accuracy(truth(4), stamps(right, wrong, right, shared))
    assert found.inside == pytest.approx(2 / 3)
    assert found.coalesced == 0.25


@pytest.mark.parametrize(
    ("earliest", "received"),
    [
        (0, 9 * MS),
        (BEFORE, BEFORE),
        (AFTER + TOLERANCE_NS, 9 * MS),
        (0, BEFORE - TOLERANCE_NS),
    ],
)
def test_an_interval_that_meets_the_write_does_not_exclude_the_truth(earliest: int, received: int) -> None:
    assert of_shared_read(earliest, received).excluded == 0


@pytest.mark.parametrize(
    ("earliest", "received", "miss_us"),
    [(AFTER + TOLERANCE_NS + 1, 9 * MS, 5.001), (0, BEFORE - TOLERANCE_NS - 1, 5.001), (3 * MS, 4 * MS, 1990)],
)
def test_an_interval_beside_the_write_excludes_the_truth(earliest: int, received: int, miss_us: float) -> None:
    found = of_shared_read(earliest, received)
    assert (found.excluded, found.widest_miss_us) == (1, miss_us)
    assert math.isnan(found.inside), "no event ended its read"


def test_the_width_is_that_of_the_intervals_and_the_lag_from_the_stamp_to_the_reading() -> None:
    shared, own = (BEFORE - 2 * MS, BEFORE, 3 * MS, FROM_KERNEL), (BEFORE, BEFORE, BEFORE + 4 * MS, OWN)
    found = accuracy(truth(2), stamps(shared, own))
    assert found.width.max_ms == 2
    assert found.lag.max_ms == 4


def test_stamps_of_user_space_are_counted_and_have_no_lag() -> None:
    found = accuracy(truth(), stamps((BEFORE, BEFORE, 3 * MS, LAST_IN_READ)))
    assert found.user_stamps == 1
    assert math.isnan(found.lag.max_ms)


def test_lost_events_are_not_held_against_the_truth() -> None:
    found = accuracy(truth(2), stamps((0, 0, 0, 0), (BEFORE, BEFORE, MS, OWN)))
    assert (found.events, found.inside) == (1, 1)


def test_reported_latency_runs_from_before_the_write_and_lost_events_are_infinitely_late() -> None:
    only_received = Stamps(numpy.array([[[BEFORE + MS], [0]]], dtype=numpy.int64))
    assert reported(truth(2), only_received) == (1, math.inf, math.inf)


def test_an_event_that_was_never_written_is_not_lost() -> None:
    unwritten = Truth(numpy.array([[[BEFORE, AFTER], [0, 0]]], dtype=numpy.int64))
    only_received = Stamps(numpy.array([[[BEFORE + MS], [0]]], dtype=numpy.int64))
    assert reported(unwritten, only_received) == (1, 1, 1)
    assert writing(unwritten).max_ms == 0.01


def test_percentiles_are_by_nearest_rank() -> None:
    assert percentiles(numpy.arange(1, 101) * MS) == (50, 99, 100)
    assert all(math.isnan(value) for value in percentiles(numpy.array([], dtype=numpy.int64)))

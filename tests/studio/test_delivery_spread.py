"""What makes deliveries uncertain, added up over processes."""

from __future__ import annotations

import pytest

from studio.delivery_spread import DeliverySpread

MS = 1_000_000
SECOND = 1_000_000_000


def test_without_deliveries_nothing_is_known() -> None:
    spread = DeliverySpread()
    assert (spread.deliveries, spread.resolution_ns, spread.width_us(99)) == (0, None, None)


def test_events_that_shared_a_read_are_told_apart() -> None:
    spread = DeliverySpread()
    spread.add([(5, 5), (3, 5), (5, 5)], 1)
    spread.add([(5, 5)], 1_000)
    assert (spread.deliveries, spread.inexact, spread.resolution_ns) == (4, 1, 1)


def test_exact_latencies_count_for_the_share() -> None:
    spread = DeliverySpread()
    spread.add([(0, 0)], 1)
    spread.settled([(4 * MS - 1, 4 * MS, 4 * MS)] * 90)
    spread.settled([(4 * MS, (4 + width) * MS, (4 + width) * MS) for width in range(1, 11)])
    assert spread.width_us(90) == 0
    assert spread.width_us(91) == pytest.approx(1_000, rel=1e-3)
    assert spread.width_us(100) == pytest.approx(10_000, rel=1e-3)


def test_what_the_clocks_make_of_it_is_not_counted() -> None:
    spread = DeliverySpread()
    spread.add([(0, 0)], 1_000)
    spread.settled([(2 * MS - 1_000, 5 * MS, 8 * MS)])
    assert spread.width_us(100) == 0
    spread.settled([(0, MS, 9 * MS)])
    assert spread.width_us(100) == 0
    spread.settled([(MS - 1_000, 5 * MS, 8 * MS)])
    assert spread.width_us(100) == pytest.approx(1_000, rel=1e-2)


def test_two_processes_give_what_one_would() -> None:
    whole, merged, parts = DeliverySpread(), DeliverySpread(), [DeliverySpread(), DeliverySpread()]
    for number in range(50):
        for spread in (whole, parts[number % 2]):
            spread.add([(number % 3, 3)], 1 + number % 2)
            spread.settled([(SECOND, SECOND + number * MS, SECOND + number * MS)])
    for part in parts:
        merged.merge(part.take())
        merged.merge(part.take())
    assert merged.take() == whole.take()

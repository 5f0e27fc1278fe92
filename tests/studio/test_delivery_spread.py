"""Between which moments deliveries came, added up over processes."""

from __future__ import annotations

import pytest

from studio.delivery_spread import DeliverySpread

MS = 1_000_000


def test_without_deliveries_nothing_is_known() -> None:
    spread = DeliverySpread()
    assert (spread.deliveries, spread.resolution_ns, spread.width_us(99)) == (0, None, None)


def test_the_exact_ones_count_for_the_share() -> None:
    spread = DeliverySpread()
    spread.add([0] * 90, 1)
    spread.add([(number + 1) * MS for number in range(10)], 1_000)
    assert (spread.deliveries, spread.inexact, spread.resolution_ns) == (100, 10, 1)
    assert spread.width_us(90) == 0
    assert spread.width_us(91) == pytest.approx(1_000, rel=1e-3)
    assert spread.width_us(100) == pytest.approx(10_000, rel=1e-3)


def test_two_processes_give_what_one_would() -> None:
    whole, merged, parts = DeliverySpread(), DeliverySpread(), [DeliverySpread(), DeliverySpread()]
    for number in range(50):
        for spread in (whole, parts[number % 2]):
            spread.add([number % 3 * MS], 1 + number % 2)
    for part in parts:
        merged.merge(part.take())
        merged.merge(part.take())
    assert merged.take() == whole.take()

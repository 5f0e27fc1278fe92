"""How long to wait before the next connection."""

from __future__ import annotations

from typing import Any

import pytest

from locust_eventsource.errors import Misuse
from locust_eventsource.protocol.reconnect import ReconnectPolicy


def _least() -> float:
    return 0.0


def _most() -> float:
    return 1.0


def test_a_stream_that_brought_events_comes_back_after_the_servers_retry_or_three_seconds() -> None:
    policy = ReconnectPolicy()
    assert policy.delay_ms(0, None, _least) == 3000
    assert policy.delay_ms(0, 250, _least) == 250
    assert policy.delay_ms(0, 0, _least) == 0


def test_jitter_only_adds() -> None:
    assert ReconnectPolicy(jitter=0.1).delay_ms(0, 1000, _most) == pytest.approx(1100)
    assert ReconnectPolicy(jitter=0).delay_ms(0, 1000, _most) == 1000


def test_the_first_failure_waits_as_an_end_does_and_further_ones_exponentially_up_to_the_bound() -> None:
    policy = ReconnectPolicy()
    delays = [policy.delay_ms(failures, None, _least) for failures in range(1, 8)]
    assert delays == [3000, 6000, 12000, 24000, 48000, 60000, 60000]


def test_back_off_starts_from_a_floor_when_the_server_asks_for_no_delay() -> None:
    policy = ReconnectPolicy()
    assert [policy.delay_ms(failures, 0, _least) for failures in (1, 2, 3)] == [100, 200, 400]


@pytest.mark.parametrize("failures", [0, 1, 5, 10_000])
def test_the_delay_is_never_below_the_servers_retry(failures: int) -> None:
    assert ReconnectPolicy().delay_ms(failures, 90_000, _least) == 90_000


def test_any_number_of_failures_has_a_bounded_delay() -> None:
    assert ReconnectPolicy().delay_ms(10**9, None, _most) == pytest.approx(66_000)


@pytest.mark.parametrize(
    "values",
    [
        {"default_retry_ms": -1},
        {"jitter": -0.1},
        {"max_delay_ms": float("nan")},
        {"min_backoff_ms": -5},
        {"factor": 0.5},
    ],
)
def test_values_that_make_no_sense_are_refused_by_name(values: dict[str, Any]) -> None:
    with pytest.raises(Misuse, match=next(iter(values))):
        ReconnectPolicy(**values)

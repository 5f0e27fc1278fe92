"""Figures in words: three digits and the unit that fits."""

from __future__ import annotations

import math

import pytest

from locust_eventsource.measure.thresholds import parse_threshold
from locust_eventsource.measure.verdict_text import (
    latency_text,
    margin_text,
    number_text,
    rate_text,
    size_text,
    span_text,
)


@pytest.mark.parametrize(
    ("value_us", "text"),
    [
        (0, "0 us"),
        (0.004, "0.004 us"),
        (1, "1 us"),
        (37.55, "37.5 us"),
        (999.4, "999 us"),
        (999.6, "1 ms"),
        (12_400, "12.4 ms"),
        (100_000, "100 ms"),
        (999_499, "999 ms"),
        (999_500, "1 s"),
        (1_234_567, "1.23 s"),
        (3_600_000_000, "3,600 s"),
        (math.inf, "never"),
    ],
)
def test_a_latency_in_words(value_us: float, text: str) -> None:
    assert latency_text(value_us) == text


@pytest.mark.parametrize(
    ("low_us", "high_us", "text"),
    [
        (2_710, 2_950, "2.71 to 2.95 ms"),
        (2_710, 2_711, "2.71 ms"),
        (950, 1_100, "950 us to 1.1 ms"),
        (0, 30, "0 to 30 us"),
        (2_000, math.inf, "2 ms to never"),
        (math.inf, math.inf, "never"),
    ],
)
def test_a_span_in_words(low_us: float, high_us: float, text: str) -> None:
    assert span_text(low_us, high_us) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1 KB"),
        (12_288, "12.3 KB"),
        (999_499, "999 KB"),
        (999_500, "1 MB"),
        (6_291_456, "6.29 MB"),
    ],
)
def test_a_size_in_words(size: int, text: str) -> None:
    assert size_text(size) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (20.0, "20"), (1234567, "1,234,567"), (0.5, "0.5"), (1234.5, "1,234")]
)
def test_a_number_in_words(value: float, text: str) -> None:
    assert number_text(value) == text


def test_a_rate_in_words() -> None:
    assert rate_text(1, 30_000) == "0.00333 % (1 of 30,000)"
    assert rate_text(7, 7) == "100 % (7 of 7)"


@pytest.mark.parametrize(
    ("expression", "measured", "text"),
    [
        ("delivery:max<50ms", 50_000, "exactly the limit"),
        ("delivery:max<50ms", 80_100, "30.1 ms over the limit"),
        ("delivery:max<0ms", 5, "5 us over the limit"),
        ("delivery:min>0ms", 5, "5 us above the limit"),
        ("errors:rate<1%", 0.5, "49 percentage points over the limit"),
        ("errors:rate==0%", 0, "as required"),
    ],
)
def test_a_margin_in_words(expression: str, measured: float, text: str) -> None:
    assert margin_text(parse_threshold(expression, "default"), measured) == text

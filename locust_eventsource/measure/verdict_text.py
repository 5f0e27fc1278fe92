"""Figures and margins in words for people: three significant digits, the unit that fits."""

from __future__ import annotations

import math

from locust_eventsource.measure.thresholds import Threshold

NEVER = "never"


def latency_text(value_us: float) -> str:
    """A time in microseconds as us, ms or s; an infinite one never came."""
    if math.isinf(value_us):
        return NEVER
    if value_us < 999.5:
        return f"{_digits(value_us)} us"
    return f"{_digits(value_us / 1000)} ms" if value_us < 999_500 else f"{_digits(value_us / 1_000_000)} s"


def span_text(low_us: float, high_us: float) -> str:
    """``2.71 to 2.95 ms``: two times in microseconds, the unit once where it is the same; one if they look alike."""
    low, high = latency_text(low_us), latency_text(high_us)
    if low == high:
        return low
    number, _, unit = low.partition(" ")
    return f"{number if unit and high.endswith(f' {unit}') else low} to {high}"


def size_text(size: int) -> str:
    """A number of bytes, as KB or MB of 1,000 where it is as large."""
    if size < 1000:
        return f"{size} bytes"
    return f"{_digits(size / 1000)} KB" if size < 999_500 else f"{_digits(size / 1_000_000)} MB"


def number_text(value: float) -> str:
    """A plain number: whole where it is whole."""
    return f"{value:,.0f}" if value == int(value) else _digits(value)


def rate_text(part: int, total: int) -> str:
    """A share in per cent with the numbers behind it."""
    return f"{_digits(part / total * 100)} % ({part:,} of {total:,})"


def margin_text(threshold: Threshold, measured: float) -> str:
    """How far the measured figure is from the limit, and on which side."""
    if math.isinf(measured):
        return "infinitely far over the limit"
    if threshold.operator in ("==", "!=") and (measured == threshold.limit) is (threshold.operator == "=="):
        return "as required"
    distance = abs(measured - threshold.limit)
    if not distance:
        return "exactly the limit"
    side, good = _side(threshold, measured)
    share = f" ({_digits(distance / threshold.limit * 100)} %)" if good and _has_share(threshold) else ""
    return f"{_distance_text(threshold, distance)}{share} {side} the limit"


def _side(threshold: Threshold, measured: float) -> tuple[str, bool]:
    """The side of the limit in a word, and whether it is the right one."""
    above = measured > threshold.limit
    if threshold.operator in (">", ">="):
        return ("above", True) if above else ("short of", False)
    return ("over", False) if above else ("below", threshold.operator != "==")


def _distance_text(threshold: Threshold, distance: float) -> str:
    if threshold.is_time:
        return latency_text(distance)
    return f"{_digits(distance * 100)} percentage points" if _is_rate(threshold) else number_text(distance)


def _has_share(threshold: Threshold) -> bool:
    """Whether a distance can be told in per cent of the limit without being mistaken for percentage points."""
    return threshold.limit > 0 and not _is_rate(threshold)


def _is_rate(threshold: Threshold) -> bool:
    return threshold.aggregation == "rate"


def _digits(value: float) -> str:
    return f"{value:,.0f}" if value >= 999.5 else f"{float(f'{value:.3g}'):.10f}".rstrip("0").rstrip(".")

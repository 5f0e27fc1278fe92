"""HdrHistogram's buckets for 1 us to 1 h at three significant digits, as plain arithmetic.

A bucket is named by the lowest value in it, in microseconds: every value to 2,047 us has a bucket of its own, above
that each power of two is cut in 1,024 buckets, so a bucket is never wider than 0.1 % of its values. At most 23,552
buckets exist, which bounds every histogram's memory. Values that HdrHistogram cannot hold are clamped and kept in
two buckets of their own, so that clamping is counted and adding histograms loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

LOWEST_US: Final = 1
HIGHEST_US: Final = 3_600_000_000
DIGITS: Final = 3
NEGATIVE: Final = -1
"""The bucket of values below zero: counted as 1 us."""
OVERFLOW: Final = -2
"""The bucket of values above one hour: counted as one hour."""

_EXACT_BITS: Final = 11
_EXACT_BELOW_NS: Final = 2_048_000
_HIGHEST_NS: Final = HIGHEST_US * 1000


def bucket_of(value_ns: int) -> int:
    """The bucket of a latency in nanoseconds; whole microseconds count, and 0 to 999 ns count as 1 us."""
    if value_ns < _EXACT_BELOW_NS:
        return value_ns // 1000 or LOWEST_US if value_ns >= 0 else NEGATIVE
    if value_ns > _HIGHEST_NS:
        return OVERFLOW
    value_us = value_ns // 1000
    shift = value_us.bit_length() - _EXACT_BITS
    return value_us >> shift << shift


def buckets_of(values_ns: Iterable[int]) -> list[int]:
    """``bucket_of`` each value, its arithmetic in place of a call: half the time."""
    return [
        ns // 1000
        if 1000 <= ns < _EXACT_BELOW_NS
        else (us := ns // 1000) >> (shift := us.bit_length() - _EXACT_BITS) << shift
        if _EXACT_BELOW_NS <= ns <= _HIGHEST_NS
        else bucket_of(ns)
        for ns in values_ns
    ]


def clamped(end: int) -> int:
    """The bucket in which an HdrHistogram holds what ``NEGATIVE`` or ``OVERFLOW`` counts: the first or the last."""
    return LOWEST_US if end == NEGATIVE else bucket_of(_HIGHEST_NS)


def width_us(bucket: int) -> int:
    """How many whole microseconds share this bucket."""
    return 1 << max(0, bucket.bit_length() - _EXACT_BITS)


def floor_us(bucket: int) -> int:
    """No value in this bucket is below this, in microseconds; the first bucket also holds 0 to 999 ns."""
    return 0 if bucket == LOWEST_US else bucket


def ceiling_us(bucket: int) -> int:
    """Every value in this bucket is below this, in microseconds, fractions included."""
    return bucket + width_us(bucket)


def highest_us(bucket: int) -> int:
    """The highest value that shares this bucket, in whole microseconds."""
    return ceiling_us(bucket) - 1

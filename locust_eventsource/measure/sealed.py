"""A second of a metric in its final form: the payload that its log has, made while the run goes on.

A long run has thousands of them, so they are written and read with numpy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy
from numpy.typing import NDArray

from locust_eventsource.measure import buckets, hdr_payload

Numbers = NDArray[numpy.int64]


class Sealed(NamedTuple):
    """The counts of one histogram."""

    payload: bytes
    """HdrHistogram's V2 form, compressed and in base64; it holds clamped values at the ends of the range."""
    max_us: float
    """The highest value to three digits, rounded up."""
    negatives: int
    """How many values were below zero."""
    overflows: int
    """How many values were above one hour."""

    def places(self) -> tuple[Numbers, Numbers]:
        """The places of the buckets that have counts (see ``hdr_payload``), in order, and their counts."""
        return hdr_payload.decode_places(self.payload)

    def counts(self) -> dict[int, int]:
        """The counts per bucket (see ``buckets``), those that were clamped told apart."""
        places, counts = self.places()
        found = dict(zip(hdr_payload.buckets_at(places).tolist(), counts.tolist(), strict=True))
        for clamp, n in ((buckets.NEGATIVE, self.negatives), (buckets.OVERFLOW, self.overflows)):
            end = buckets.clamped(clamp)
            moved = min(n, found.get(end, 0))
            if moved:
                found[clamp] = moved
                found[end] -= moved
                if not found[end]:
                    del found[end]
        return found


def seal(counts: Mapping[int, int]) -> Sealed:
    """Put counts per bucket (see ``buckets``) in their final form."""
    merged = dict(counts)
    clamps = {clamp: merged.pop(clamp, 0) for clamp in (buckets.NEGATIVE, buckets.OVERFLOW)}
    for clamp, n in clamps.items():
        if n:
            end = buckets.clamped(clamp)
            merged[end] = merged.get(end, 0) + n
    places, numbers = hdr_payload.places_of(merged)
    highest = float(buckets.highest_us(max(merged))) if merged else 0.0
    payload = hdr_payload.encode_places(places, numbers)
    return Sealed(payload, highest, clamps[buckets.NEGATIVE], clamps[buckets.OVERFLOW])


def sealed_as(payload: bytes, negatives: int, overflows: int) -> Sealed:
    """A payload that was written before. Raises `hdr_payload.ForeignPayload`, and ValueError for a damaged one."""
    places, _ = hdr_payload.decode_places(payload)
    highest = float(buckets.highest_us(int(hdr_payload.buckets_at(places[-1:])[0]))) if len(places) else 0.0
    return Sealed(payload, highest, negatives, overflows)

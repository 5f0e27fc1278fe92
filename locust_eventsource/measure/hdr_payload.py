"""HdrHistogram's V2 form, written and read straight from sparse counts.

The form (HdrHistogram's ``AbstractHistogram.encodeIntoCompressedByteBuffer``, which its ports share): a cookie and a
length, then zlib over a header and the counters in the order of their buckets, each as ZigZag LEB128, a run of empty
ones as its negative length. The Python library walks its array of 23,552 counters for each histogram; a second of a
metric fills some hundred.
"""

from __future__ import annotations

import base64
import binascii
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import numpy
from numpy.typing import NDArray

from locust_eventsource.measure.buckets import DIGITS, HIGHEST_US, LOWEST_US

_COOKIE: Final = 0x1C849303 | 0x10
_COMPRESSED_COOKIE: Final = 0x1C849304 | 0x10
_ENVELOPE: Final = struct.Struct(">ii")
_HEADER: Final = struct.Struct(">iiiiqqd")
_HALF: Final = 1024
"""Buckets in each power of two; the first 2,048 values have one each."""
_LAST_BYTE_BITS: Final = 56
_MOST_BYTES: Final = 9

Numbers = NDArray[numpy.int64]


class ForeignPayload(Exception):
    """A payload that may be right, but is not of this range and precision: for the library to read."""


def encode(ascending: Iterable[tuple[int, int]]) -> bytes:
    """(bucket, count) pairs in the order of their buckets, as base64. Buckets are named as in ``buckets``."""
    return encode_places(*places_of(dict(ascending)))


def places_of(counts: Mapping[int, int]) -> tuple[Numbers, Numbers]:
    """The places of buckets in HdrHistogram's array, in order, and their counts."""
    found = numpy.fromiter(counts.keys(), numpy.int64, len(counts))
    numbers = numpy.fromiter(counts.values(), numpy.int64, len(counts))
    # The exponent of a whole number is its bit length.
    shift = numpy.maximum(numpy.frexp(found.astype(numpy.float64))[1] - _HALF.bit_length(), 0)
    places = shift * _HALF + (found >> shift)
    order = numpy.argsort(places)
    return places[order].astype(numpy.int64), numbers[order]


def buckets_at(places: Numbers) -> Numbers:
    """The buckets at these places of HdrHistogram's array."""
    shift = numpy.maximum(places // _HALF - 1, 0)
    found: Numbers = (places - shift * _HALF) << shift
    return found


def encode_places(places: Numbers, counts: Numbers) -> bytes:
    """Ascending places with their counts, as base64."""
    empty = numpy.diff(places, prepend=-1) - 1
    numbers = numpy.empty(2 * len(places), numpy.int64)
    # A run of n empty counters is the number -n, ZigZag 2n - 1; no run is below zero and left out.
    numbers[0::2] = 2 * empty - 1
    numbers[1::2] = 2 * counts
    body = _varints(numbers[numbers >= 0])
    header = _HEADER.pack(_COOKIE, len(body), 0, DIGITS, LOWEST_US, HIGHEST_US, 1.0)
    compressed = zlib.compress(header + body)
    return base64.b64encode(_ENVELOPE.pack(_COMPRESSED_COOKIE, len(compressed)) + compressed)


def decode_places(blob: bytes) -> tuple[Numbers, Numbers]:
    """Places in order with their counts. Raises `ForeignPayload`, and ValueError for a payload that is damaged."""
    numbers = _numbers(_body_of(blob))
    is_run = (numbers & 1).astype(bool)
    steps = numpy.where(is_run, (numbers + 1) >> 1, 1)
    places = numpy.cumsum(steps) - steps
    counted = ~is_run & (numbers > 0)
    return places[counted], numbers[counted] >> 1


def decode(blob: bytes) -> Iterator[tuple[int, int]]:
    """(bucket, count) pairs in order. Raises `ForeignPayload`, and ValueError for a payload that is damaged."""
    places, counts = decode_places(blob)
    return zip(buckets_at(places).tolist(), counts.tolist(), strict=True)


def _body_of(blob: bytes) -> bytes:
    try:
        raw = base64.b64decode(blob, validate=True)
        cookie, length = _ENVELOPE.unpack_from(raw)
        if cookie != _COMPRESSED_COOKIE:
            raise ForeignPayload
        payload = zlib.decompress(raw[_ENVELOPE.size : _ENVELOPE.size + length])
        header = _HEADER.unpack_from(payload)
    except (binascii.Error, struct.error, zlib.error) as error:
        raise ValueError(str(error)) from error
    if header[0] != _COOKIE or header[2:] != (0, DIGITS, LOWEST_US, HIGHEST_US, 1.0):
        raise ForeignPayload
    body = payload[_HEADER.size :]
    if len(body) != header[1]:
        raise ValueError(f"{len(body)} bytes of counters where {header[1]} were announced")
    return body


def _varints(numbers: Numbers) -> bytes:
    """Unsigned LEB128, the ninth byte with eight bits."""
    highest = int(numbers.max(initial=0))
    if highest <= 0x7F:
        return bytes(numbers.astype(numpy.uint8))
    shifts = 7 * numpy.arange(min(_MOST_BYTES, -(-highest.bit_length() // 7)))
    rest = numbers[:, None] >> shifts
    more = (rest > 0x7F) & (shifts < _LAST_BYTE_BITS)
    parts = numpy.where(shifts < _LAST_BYTE_BITS, rest & 0x7F, rest) | more * 0x80
    written = (rest > 0) | (shifts == 0)
    return bytes(parts[written].astype(numpy.uint8))


def _numbers(body: bytes) -> Numbers:
    """The numbers of ``_varints``."""
    parts = numpy.frombuffer(body, numpy.uint8).astype(numpy.int64)
    if not len(parts) or int(parts.max()) <= 0x7F:
        return parts
    ends = parts <= 0x7F
    if _has_ninth(ends):
        return numpy.array(_numbers_in_turn(body), numpy.int64)
    if not ends[-1]:
        raise ValueError("the counters end inside a number")
    first = numpy.concatenate(([0], numpy.flatnonzero(ends)[:-1] + 1))
    lengths = numpy.diff(first, append=len(parts))
    shifts = 7 * (numpy.arange(len(parts)) - numpy.repeat(first, lengths))
    return numpy.add.reduceat((parts & 0x7F) << shifts, first)


def _has_ninth(ends: NDArray[numpy.bool_]) -> bool:
    """Whether any number goes on for eight bytes, so that the next one, whatever it is, is its last."""
    if len(ends) < _MOST_BYTES - 1:
        return False
    going_on = numpy.lib.stride_tricks.sliding_window_view(~ends, _MOST_BYTES - 1)
    return bool(going_on.all(axis=1).any())


def _numbers_in_turn(body: bytes) -> list[int]:
    numbers, at = [], 0
    while at < len(body):
        number, at = _number(body, at)
        numbers.append(number)
    return numbers


def _number(body: bytes, at: int) -> tuple[int, int]:
    """An unsigned LEB128 number (the ninth byte has eight bits) and where the next one begins."""
    number = shift = 0
    while True:
        if at >= len(body):
            raise ValueError("the counters end inside a number")
        byte = body[at]
        at += 1
        if shift == _LAST_BYTE_BITS:
            return number | byte << shift, at
        number |= (byte & 0x7F) << shift
        if byte <= 0x7F:
            return number, at
        shift += 7

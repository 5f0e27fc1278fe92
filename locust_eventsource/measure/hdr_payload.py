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
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from locust_eventsource.measure.buckets import DIGITS, HIGHEST_US, LOWEST_US

_COOKIE: Final = 0x1C849303 | 0x10
_COMPRESSED_COOKIE: Final = 0x1C849304 | 0x10
_ENVELOPE: Final = struct.Struct(">ii")
_HEADER: Final = struct.Struct(">iiiiqqd")
_HALF: Final = 1024
"""Buckets in each power of two; the first 2,048 values have one each."""
_LAST_BYTE_BITS: Final = 56


class ForeignPayload(Exception):
    """A payload that may be right, but is not of this range and precision: for the library to read."""


def encode(ascending: Iterable[tuple[int, int]]) -> bytes:
    """(bucket, count) pairs in the order of their buckets, as base64. Buckets are named as in ``buckets``."""
    numbers: list[int] = []
    following = 0
    for bucket, count in ascending:
        # A long run writes millions of buckets, so what `_place_of` says of the lower half stands here too.
        place = bucket if bucket < 2 * _HALF else _place_of(bucket)
        if place > following:
            numbers.append(2 * (place - following) - 1)
        numbers.append(2 * count)
        following = place + 1
    body = _varints(numbers)
    header = _HEADER.pack(_COOKIE, len(body), 0, DIGITS, LOWEST_US, HIGHEST_US, 1.0)
    compressed = zlib.compress(header + body)
    return base64.b64encode(_ENVELOPE.pack(_COMPRESSED_COOKIE, len(compressed)) + compressed)


def decode(blob: bytes) -> Iterator[tuple[int, int]]:
    """(bucket, count) pairs in order. Raises `ForeignPayload`, and ValueError for a payload that is damaged."""
    body = _body_of(blob)
    place = at = 0
    while at < len(body):
        number, at = _number(body, at)
        if number & 1:
            place += (number + 1) >> 1
        else:
            if number:
                yield _bucket_at(place), number >> 1
            place += 1


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


def _place_of(bucket: int) -> int:
    shift = max(0, bucket.bit_length() - _HALF.bit_length())
    return shift * _HALF + (bucket >> shift)


def _bucket_at(place: int) -> int:
    shift = max(0, place // _HALF - 1)
    return (place - shift * _HALF) << shift


def _varints(numbers: list[int]) -> bytes:
    if max(numbers, default=0) <= 0x7F:
        return bytes(numbers)
    out = bytearray()
    for number in numbers:
        if number <= 0x7F:
            out.append(number)
        else:
            out += _varint(number)
    return bytes(out)


@lru_cache(maxsize=4096)
def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F and len(out) < _LAST_BYTE_BITS // 7:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


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

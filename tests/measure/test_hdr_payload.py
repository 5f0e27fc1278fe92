"""HdrHistogram's V2 form, written and read without the library, is what the library writes and reads."""

from __future__ import annotations

import base64
import struct
import warnings
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from locust_eventsource.measure import hdr_payload
from locust_eventsource.measure.buckets import DIGITS, HIGHEST_US, LOWEST_US
from locust_eventsource.measure.histogram import LatencyHistogram

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from hdrh.histogram import HdrHistogram

VALUES = st.integers(LOWEST_US, HIGHEST_US) | st.integers(LOWEST_US, 5_000)
COUNTED = st.dictionaries(VALUES, st.integers(1, 2**40), max_size=40)


def histogram_of(counted: dict[int, int]) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for value_us, count in counted.items():
        histogram.record(value_us * 1000, count)
    return histogram


def library_of(counted: dict[int, int]) -> HdrHistogram:
    histogram = HdrHistogram(LOWEST_US, HIGHEST_US, DIGITS)
    for value_us, count in counted.items():
        histogram.record_value(value_us, count)
    return histogram


@given(COUNTED)
def test_the_library_reads_every_count(counted: dict[int, int]) -> None:
    read = HdrHistogram.decode(histogram_of(counted).encode())
    wanted = library_of(counted)
    assert read.get_total_count() == wanted.get_total_count()
    assert bytes(read.counts) == bytes(wanted.counts)


@given(COUNTED)
def test_what_the_library_writes_is_read_alike(counted: dict[int, int]) -> None:
    assert LatencyHistogram.decode(library_of(counted).encode()).counts == histogram_of(counted).counts


@given(COUNTED)
def test_what_is_written_is_read(counted: dict[int, int]) -> None:
    histogram = histogram_of(counted)
    assert LatencyHistogram.decode(histogram.encode()).counts == histogram.counts


def test_another_precision_is_left_to_the_library() -> None:
    other = HdrHistogram(1, 1_000_000, 2)
    other.record_value(500, 3)
    assert LatencyHistogram.decode(other.encode()).count == 3


def test_a_counter_of_nine_bytes_keeps_all_its_bits() -> None:
    largest = 2**61
    encoded = hdr_payload.encode([(1, largest)])
    assert list(hdr_payload.decode(encoded)) == [(1, largest)]


def packed(payload: bytes, cookie: int = 0x1C849314) -> bytes:
    compressed = zlib.compress(payload)
    return base64.b64encode(struct.pack(">ii", cookie, len(compressed)) + compressed)


def header(length: int) -> bytes:
    return struct.pack(">iiiiqqd", 0x1C849313, length, 0, DIGITS, LOWEST_US, HIGHEST_US, 1.0)


NO_ZLIB = base64.b64encode(struct.pack(">ii", 0x1C849314, 4) + b"none")


@pytest.mark.parametrize("blob", [b"***", b"AAAA", NO_ZLIB, packed(b"short"), packed(header(3))])
def test_a_damaged_payload_is_a_value_error(blob: bytes) -> None:
    with pytest.raises(ValueError, match="not an HdrHistogram"):
        LatencyHistogram.decode(blob)


def test_counters_that_end_inside_a_number_are_damaged() -> None:
    with pytest.raises(ValueError, match="inside a number"):
        LatencyHistogram.decode(packed(header(1) + b"\x80"))


def test_an_empty_counter_counts_nothing() -> None:
    assert LatencyHistogram.decode(packed(header(2) + b"\x00\x02")).counts == {1: 1}


def test_an_older_form_is_for_the_library_to_refuse() -> None:
    with pytest.raises(ValueError, match="not an HdrHistogram"):
        LatencyHistogram.decode(packed(b"", cookie=1))


@pytest.mark.parametrize("body", [bytes([0x81]), bytes([0x81] * 8)], ids=["one byte", "eight bytes"])
def test_a_payload_that_ends_inside_a_number_is_damaged(body: bytes) -> None:
    header = struct.pack(">iiiiqqd", 0x1C849303 | 0x10, len(body), 0, DIGITS, LOWEST_US, HIGHEST_US, 1.0)
    compressed = zlib.compress(header + body)
    blob = base64.b64encode(struct.pack(">ii", 0x1C849304 | 0x10, len(compressed)) + compressed)
    with pytest.raises(ValueError, match="end inside a number"):
        hdr_payload.decode_places(blob)

"""Histogram logs: public tools read them, and reading gives back what was written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
from hypothesis import given, settings
from hypothesis import strategies as st

from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.hlog import logged, read_hlog
from locust_eventsource.measure.sealed import seal

STARTED_NS = 1_800_000_000_250_000_000
START_S = 1_800_000_000


def write_hlog(path: Path, metric: str, intervals: list[tuple[int, LatencyHistogram]], started_ns: int) -> None:
    """Take every interval, which writes it; they come out as they went in."""
    sealed = [(second, seal(histogram.counts)) for second, histogram in intervals]
    assert list(logged(path, metric, sealed, started_ns)) == sealed


def of(*values_ns: int) -> LatencyHistogram:
    histogram = LatencyHistogram()
    for value_ns in values_ns:
        histogram.record(value_ns)
    return histogram


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hlog")


seconds = st.dictionaries(
    st.integers(START_S - 2, START_S + 100),
    st.lists(st.integers(-(10**6), 4 * 10**12), min_size=1, max_size=20),
    max_size=6,
)


@settings(deadline=None)
@given(run=seconds)
def test_reading_gives_back_every_count(run: dict[int, list[int]], directory: Path) -> None:
    path = directory / "delivery.hlog"
    written = [(second, of(*run[second])) for second in sorted(run)]
    write_hlog(path, "delivery", written, STARTED_NS)
    read = [(interval.second, interval.histogram.counts) for interval in read_hlog(path)]
    assert read == [(second, histogram.counts) for second, histogram in written]


@settings(deadline=None)
@given(run=seconds)
def test_the_public_reader_agrees(run: dict[int, list[int]], directory: Path) -> None:
    path = directory / "public.hlog"
    write_hlog(path, "delivery", [(second, of(*run[second])) for second in sorted(run)], STARTED_NS)
    reader = HistogramLogReader(str(path), HdrHistogram(1, 3_600_000_000, 3))
    found = []
    while interval := reader.get_next_interval_histogram():
        times_ms = (interval.get_start_time_stamp(), interval.get_end_time_stamp())
        found.append((times_ms, interval.get_total_count(), interval.get_max_value()))
    reader.close()
    assert found == [
        ((second * 1000.0, (second + 1) * 1000.0), len(run[second]), of(*run[second]).max_us) for second in sorted(run)
    ]


def test_the_text_is_the_log_format_v1_3(tmp_path: Path) -> None:
    path = tmp_path / "connect.hlog"
    histogram = of(1_500_000, -1)
    write_hlog(path, "connect", [(START_S + 3, histogram)], STARTED_NS)
    assert path.read_text("ascii").splitlines() == [
        "#[connect in microseconds, by the second]",
        "#[Histogram log format version 1.3]",
        "#[StartTime: 1800000000.000 (seconds since epoch), 2027-01-15T08:00:00Z]",
        '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"',
        "#[Clamped: 1 negatives, 0 overflows]",
        f"1800000003.000,1.000,1.500,{histogram.encode().decode()}",
    ]


def test_a_log_without_intervals_reads_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "trigger.hlog"
    write_hlog(path, "trigger", [], STARTED_NS)
    assert list(read_hlog(path)) == []
    reader = HistogramLogReader(str(path), HdrHistogram(1, 3_600_000_000, 3))
    assert reader.get_next_interval_histogram() is None
    reader.close()


def test_a_file_of_no_bytes_reads_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.hlog"
    path.write_bytes(b"")
    assert list(read_hlog(path)) == []


def test_a_tagged_interval_of_another_tool_is_read(tmp_path: Path) -> None:
    path = tmp_path / "other.hlog"
    path.write_text(f"Tag=A,12.5,1.0,2.769,{of(7_000).encode().decode()}\n\n", "ascii")
    [interval] = read_hlog(path)
    assert (interval.second, interval.histogram.counts) == (12, {7: 1})


def test_a_note_of_clamped_values_cannot_invent_any(tmp_path: Path) -> None:
    path = tmp_path / "edited.hlog"
    line = f"1.000,1.000,0.007,{of(0, 7_000).encode().decode()}"
    path.write_text(f"#[Clamped: 5 negatives, 5 overflows]\n{line}\n{line}\n", "ascii")
    first, second = read_hlog(path)
    assert first.histogram.counts == {-1: 1, 7: 1}
    assert second.histogram.counts == {1: 1, 7: 1}


@pytest.mark.parametrize(
    ("line", "problem"),
    [("1.000,1.000", "line 2 is not an interval of a histogram log"), ("1.0,1.0,1.0,AAAA", "line 2: not an HdrHist")],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: str, problem: str) -> None:
    path = tmp_path / "broken.hlog"
    path.write_text(f"#[Histogram log format version 1.3]\n{line}\n", "ascii")
    with pytest.raises(ValueError, match=problem):
        list(read_hlog(path))


def test_a_log_of_another_range_is_put_into_ours(tmp_path: Path) -> None:
    other = HdrHistogram(1, 60_000_000, 2)
    other.record_value(1_500)
    path = tmp_path / "delivery.hlog"
    path.write_bytes(b"100.000,1.000,1.500," + other.encode() + b"\n")
    (interval,) = read_hlog(path)
    assert interval.histogram.count == 1
    assert interval.sealed == seal(interval.histogram.counts)

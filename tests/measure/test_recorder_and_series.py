"""Recording in any number of processes and adding up gives the figures of one process."""

from __future__ import annotations

import json
from collections.abc import Iterable

import msgpack  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locust_eventsource.measure import series as series_module
from locust_eventsource.measure.recorder import Delta, Recorder
from locust_eventsource.measure.sealed import Sealed, seal
from locust_eventsource.measure.series import OTHER_TYPES, Series

SECOND = 1_000_000_000
samples = st.lists(
    st.tuples(
        st.sampled_from(["delivery", "connect"]),
        st.integers(-(10**9), 4 * 10**12),
        st.integers(0, 60).map(lambda second: second * SECOND + 17),
        st.sampled_from([None, "task.created", "task.updated"]),
    ),
    max_size=80,
)
Sample = tuple[str, int, int, str | None]


spread = st.one_of(st.just(0), st.integers(0, 5_000), st.integers(0, 10**10))
Bounded = tuple[str, tuple[int, int, int], int, str | None]
bounded = st.lists(
    st.tuples(
        st.sampled_from(["delivery", "connect"]),
        st.tuples(st.integers(-(10**9), 4 * 10**12), spread, spread).map(lambda t: (t[0] - t[1], t[0], t[0] + t[2])),
        st.integers(0, 60).map(lambda second: second * SECOND + 17),
        st.sampled_from([None, "task.created"]),
    ),
    max_size=60,
)


def added(deltas: Iterable[Delta]) -> Series:
    series = Series()
    for delta in deltas:
        series.add(delta)
    return series


def recorded(batch: Iterable[Sample]) -> Delta:
    recorder = Recorder()
    for metric, value_ns, at_ns, type_ in batch:
        recorder.record(metric, value_ns, at_ns, type_)
    return recorder.take()


def recorded_bounds(batch: Iterable[Bounded]) -> Delta:
    recorder = Recorder()
    for metric, bounds, at_ns, type_ in batch:
        recorder.record_bounds(metric, *bounds, at_ns, type_)
    return recorder.take()


def ends(series: Series) -> dict[object, object]:
    return {
        (metric, type_): [
            None if histogram is None else histogram.counts
            for histogram in (
                series.histogram(metric, type_),
                series.low(metric, type_),
                series.high(metric, type_),
            )
        ]
        for metric in series.metrics()
        for type_ in [None, *series.types(metric)]
    }


def everything(series: Series) -> dict[str, object]:
    return {
        metric: (
            {type_: _counts(series, metric, type_) for type_ in [None, *series.types(metric)]},
            [(second, histogram.counts) for second, histogram in series.intervals(metric)],
        )
        for metric in series.metrics()
    }


def _counts(series: Series, metric: str, type_: str | None) -> dict[int, int] | None:
    histogram = series.histogram(metric, type_)
    return None if histogram is None else histogram.counts


@settings(deadline=None)
@given(samples, st.lists(st.integers(0, 3), min_size=80, max_size=80))
def test_four_workers_add_up_to_the_counts_of_one(batch: list[Sample], owners: list[int]) -> None:
    owned = list(zip(batch, owners, strict=False))
    workers = [recorded(sample for sample, owner in owned if owner == worker) for worker in range(4)]
    assert everything(added(workers)) == everything(added([recorded(batch)]))


@settings(deadline=None)
@given(bounded, st.lists(st.integers(0, 3), min_size=60, max_size=60))
def test_four_workers_add_up_to_the_intervals_of_one(batch: list[Bounded], owners: list[int]) -> None:
    owned = list(zip(batch, owners, strict=False))
    workers = [recorded_bounds(sample for sample, owner in owned if owner == worker) for worker in range(4)]
    merged, whole = added(workers), added([recorded_bounds(batch)])
    assert ends(merged) == ends(whole)
    assert everything(merged) == everything(whole)


@settings(deadline=None)
@given(bounded)
def test_each_end_is_what_recording_that_end_alone_would_be(batch: list[Bounded]) -> None:
    series = added(recorded_bounds(batch[part::3]) for part in range(3))
    alone = [
        added([recorded((metric, bounds[end], at_ns, type_) for metric, bounds, at_ns, type_ in batch)])
        for end in (1, 0, 2)
    ]
    for metric, type_ in {(metric, type_) for metric, _, _, kind in batch for type_ in (None, kind)}:
        assert ends(series)[metric, type_] == [_counts(one, metric, type_) for one in alone]


@settings(deadline=None)
@given(bounded, st.floats(0.1, 100), st.integers(0, 5))
def test_low_value_and_high_are_in_order_percentile_by_percentile(
    batch: list[Bounded], percentile: float, lost: int
) -> None:
    series = added([recorded_bounds(batch)])
    for metric in series.metrics():
        value, low, high = series.histogram(metric), series.low(metric), series.high(metric)
        assert value and low and high
        assert value.count == low.count == high.count
        in_order = [ends.percentile_us(percentile, lost) for ends in (low, value, high)]
        assert in_order == sorted(in_order)


@settings(deadline=None)
@given(bounded)
def test_a_batch_of_intervals_counts_as_its_samples_one_by_one(batch: list[Bounded]) -> None:
    batched, single = Recorder(), Recorder()
    intervals = [bounds for _, bounds, _, _ in batch]
    batched.record_bounds_many("delivery", intervals, 5 * SECOND, "task.created")
    for bounds in intervals:
        single.record_bounds("delivery", *bounds, 5 * SECOND, "task.created")
    assert batched.take() == single.take()


@settings(deadline=None)
@given(bounded)
def test_a_delta_of_intervals_survives_messagepack(batch: list[Bounded]) -> None:
    delta = recorded_bounds(batch)
    assert msgpack.loads(msgpack.dumps(delta), strict_map_key=False) == delta


@pytest.mark.parametrize(
    ("bounds", "rest"),
    [
        ([(5_000, 5_000, 5_000), (7_900, 7_900, 7_900)], [{5: 1, 7: 1}, None, None]),
        ([(4_000, 5_000, 5_000)], [{5: 1}, {4: 1}, None]),
        ([(5_000, 5_000, 6_000)], [{5: 1}, None, {6: 1}]),
        ([(5_000, 5_400, 5_999)], [{5: 1}, None, None]),
        ([(4_000, 5_000, 6_000), (9_000, 9_000, 9_000)], [{5: 1, 9: 1}, {4: 1, 9: 1}, {6: 1, 9: 1}]),
    ],
)
def test_ends_that_count_as_the_values_do_are_left_out(bounds: list[tuple[int, int, int]], rest: list[object]) -> None:
    recorder = Recorder()
    recorder.record_bounds_many("connect", bounds, SECOND)
    assert recorder.take()["latencies"] == [["connect", None, 1, *rest]]


def test_exact_samples_and_intervals_share_a_second() -> None:
    recorder = Recorder()
    recorder.record("connect", 3_000, SECOND)
    recorder.record_bounds("connect", 2_000, 3_000, 4_000, SECOND)
    recorder.record("connect", 8_000, 2 * SECOND)
    recorder.record_bounds("connect", 9_000, 9_000, 9_000, SECOND)
    rows = sorted(recorder.take()["latencies"], key=lambda row: row[2])
    second_1 = ["connect", None, 1, {3: 2, 9: 1}, {2: 1, 3: 1, 9: 1}, {4: 1, 3: 1, 9: 1}]
    assert rows == [second_1, ["connect", None, 2, {8: 1}, None, None]]
    assert recorder.take() == {"latencies": [], "counters": []}


def test_no_samples_leave_no_trace() -> None:
    recorder = Recorder()
    recorder.record_many("connect", [], SECOND)
    recorder.record_bounds_many("connect", [], SECOND)
    assert recorder.take()["latencies"] == []


def test_the_ends_of_exact_samples_are_their_values() -> None:
    series = added([recorded([("connect", 1_000, 0, None)])])
    assert series.low("connect") is series.high("connect") is series.histogram("connect")
    assert series.low("delivery") is series.high("delivery") is None


@settings(deadline=None)
@given(samples, st.permutations(range(8)))
def test_the_order_in_which_deltas_come_does_not_matter(batch: list[Sample], order: list[int]) -> None:
    deltas = [recorded(batch[part::8]) for part in range(8)]
    assert everything(added(deltas[part] for part in order)) == everything(added(deltas))


@settings(deadline=None)
@given(samples)
def test_a_delta_survives_messagepack(batch: list[Sample]) -> None:
    delta = recorded(batch)
    assert msgpack.loads(msgpack.dumps(delta), strict_map_key=False) == delta


def test_a_delta_is_made_of_lists_and_dictionaries_only() -> None:
    recorder = Recorder()
    recorder.record("delivery", 5_000, 3 * SECOND, "task.created")
    recorder.count("deliveries")
    expected = {
        "latencies": [["delivery", "task.created", 3, {"5": 1}, None, None]],
        "counters": [["deliveries", None, 1]],
    }
    assert json.loads(json.dumps(recorder.take())) == expected


def test_each_sample_is_taken_once() -> None:
    recorder = Recorder()
    recorder.record("connect", 1_000, 0)
    recorder.count("failures")
    recorder.take()
    assert recorder.take() == {"latencies": [], "counters": []}


@settings(deadline=None)
@given(st.lists(st.integers(-1000, 10**10), max_size=30))
def test_a_batch_counts_as_its_samples_one_by_one(values: list[int]) -> None:
    batched, single = Recorder(), Recorder()
    batched.record_many("delivery", values, 5 * SECOND, "task.created")
    for value in values:
        single.record("delivery", value, 5 * SECOND, "task.created")
    assert batched.take() == single.take()


def test_one_record_stands_for_several_samples() -> None:
    recorder = Recorder()
    recorder.record("connect", 2_000, 0, count=3)
    recorder.record("connect", 2_000, 0, count=2)
    histogram = added([recorder.take()]).histogram("connect")
    assert histogram is not None
    assert histogram.counts == {2: 5}


def test_a_typed_sample_counts_for_its_type_and_for_the_metric() -> None:
    series = added([recorded([("delivery", 1_000, 0, "a"), ("delivery", 2_000, 0, "b"), ("delivery", 3_000, 0, None)])])
    counts = [_counts(series, "delivery", type_) for type_ in ("a", "b", None)]
    assert counts == [{1: 1}, {2: 1}, {1: 1, 2: 1, 3: 1}]
    assert series.types("delivery") == ["a", "b"]


def test_what_was_never_recorded_is_told_apart_from_zero() -> None:
    series = Series()
    assert series.histogram("delivery") is None
    assert list(series.intervals("delivery")) == []
    assert series.types("delivery") == []
    assert series.metrics() == []
    assert series.counter("lost") == 0


def test_counters_add_up_by_type_and_in_total() -> None:
    first, second = Recorder(), Recorder()
    first.count("lost", 2, "task.created")
    first.count("lost")
    second.count("lost", 3, "task.created")
    series = added([first.take(), second.take()])
    assert (series.counter("lost"), series.counter("lost", "task.created")) == (6, 5)


def test_intervals_come_in_order_by_the_second_of_arrival() -> None:
    batch: list[Sample] = [("connect", 1_000, at, None) for at in (9 * SECOND, 2 * SECOND, 2 * SECOND + 999_999_999)]
    intervals = list(added([recorded(batch)]).intervals("connect"))
    assert [(second, histogram.count) for second, histogram in intervals] == [(2, 2), (9, 1)]


def test_a_second_that_was_packed_still_takes_late_samples() -> None:
    batches: list[list[Sample]] = [[("connect", -1, second * SECOND, None)] for second in (100, 101, 200, 100, 300)]
    intervals = list(added(recorded(batch) for batch in batches).intervals("connect"))
    negatives = [(second, histogram.negatives) for second, histogram in intervals]
    assert negatives == [(100, 2), (101, 1), (200, 1), (300, 1)]


def test_a_late_sample_alone_does_not_keep_old_seconds_open(monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[dict[int, int]] = []
    pack = seal

    def noting(counts: dict[int, int]) -> Sealed:
        packed.append(dict(counts))
        return pack(counts)

    monkeypatch.setattr(series_module, "seal", noting)
    added(recorded([("connect", 1_000, second * SECOND, None)]) for second in (1, 50, 1))
    assert packed == [{1: 1}, {1: 2}]


def test_types_beyond_the_limit_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_module, "MAX_TYPES", 2)
    series = added(recorded([("delivery", 1_000, 0, type_)]) for type_ in ("a", "b", "c", "d", "a"))
    assert series.types("delivery") == [OTHER_TYPES, "a", "b"]
    assert _counts(series, "delivery", OTHER_TYPES) == {1: 2}
    assert _counts(series, "delivery", "a") == {1: 2}
    assert _counts(series, "delivery", None) == {1: 5}

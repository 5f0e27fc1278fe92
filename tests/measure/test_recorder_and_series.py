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
    expected = {"latencies": [["delivery", "task.created", 3, {"5": 1}]], "counters": [["deliveries", None, 1]]}
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
    assert series.intervals("delivery") == []
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
    intervals = added([recorded(batch)]).intervals("connect")
    assert [(second, histogram.count) for second, histogram in intervals] == [(2, 2), (9, 1)]


def test_a_second_that_was_packed_still_takes_late_samples() -> None:
    batches: list[list[Sample]] = [[("connect", -1, second * SECOND, None)] for second in (100, 101, 200, 100, 300)]
    intervals = added(recorded(batch) for batch in batches).intervals("connect")
    negatives = [(second, histogram.negatives) for second, histogram in intervals]
    assert negatives == [(100, 2), (101, 1), (200, 1), (300, 1)]


def test_a_late_sample_alone_does_not_keep_old_seconds_open(monkeypatch: pytest.MonkeyPatch) -> None:
    packed: list[dict[int, int]] = []
    pack = series_module._pack

    def noting(counts: dict[int, int]) -> bytes:
        packed.append(dict(counts))
        return pack(counts)

    monkeypatch.setattr(series_module, "_pack", noting)
    added(recorded([("connect", 1_000, second * SECOND, None)]) for second in (1, 50, 1))
    assert packed == [{1: 1}, {1: 2}]


def test_types_beyond_the_limit_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(series_module, "MAX_TYPES", 2)
    series = added(recorded([("delivery", 1_000, 0, type_)]) for type_ in ("a", "b", "c", "d", "a"))
    assert series.types("delivery") == [OTHER_TYPES, "a", "b"]
    assert _counts(series, "delivery", OTHER_TYPES) == {1: 2}
    assert _counts(series, "delivery", "a") == {1: 2}
    assert _counts(series, "delivery", None) == {1: 5}

"""Deliveries that wait until the clock's offset at their stamps is known, and are recorded then."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from functools import partial

from locust_eventsource.measure.clock_offset import OffsetEstimator
from locust_eventsource.measure.clock_stamps import StampClock
from locust_eventsource.measure.interval import Interval, delivery_bounds_many
from locust_eventsource.measure.recorder import Recorder

UNPLACED = "unplaced"
"""The counter, typed by metric, of samples whose moment no probe brackets."""
STAMP_SLOT_NS = 100_000_000
"""Samples stamped within this time share one offset; at 500 ppm it widens by 50 us over such a slot."""
_SECOND_NS = 1_000_000_000
_MAX_NS = 2**63 - 1

OnSettled = Callable[[str, str | None, Sequence[tuple[int, int, int]], int], None]
"""Called with metric, type, the (low, value, high) of each sample in ns, and the start of the second in which they
arrived (ns since 1970)."""


_Key = tuple[str, str | None, int, int, int]
"""Metric, type, resolution, slot of the stamp, second of the arrival."""


class PendingDeliveries:
    """Holds samples, 24 bytes each, and records each of them exactly once, or counts it as unplaced.

    A sample is settled once probes bracket its arrival. One that waits for two windows will not be bracketed any more:
    it is settled with the probes of one side, as at the end, so that the memory stays bounded whatever the probes do.
    """

    def __init__(self, estimator: OffsetEstimator, recorder: Recorder, on_settled: OnSettled | None = None) -> None:
        self._estimator = estimator
        self._clock = StampClock(estimator)
        self._recorder = recorder
        self._on_settled = on_settled
        self._held: defaultdict[_Key, array[int]] = defaultdict(partial(array, "q"))
        self.widest_ns = 0
        """The width of the widest offset that was used."""

    def __len__(self) -> int:
        return sum(len(samples) // 3 for samples in self._held.values())

    def held(self) -> dict[str, int]:
        """How many samples of each metric wait."""
        counts: Counter[str] = Counter()
        for (metric, *_), samples in self._held.items():
            counts[metric] += len(samples) // 3
        return dict(counts)

    def waits(self, metric: str, until_ns: int) -> bool:
        """Whether a sample of the metric still waits that arrived by then."""
        kept = (samples for (name, *_), samples in self._held.items() if name == metric)
        return any(min(samples[1::3]) <= until_ns for samples in kept)

    def add(
        self, metric: str, type: str | None, earliest_ns: int, received_ns: int, timestamp_ns: int, resolution_ns: int
    ) -> None:
        """Hold a sample; the arguments are those of ``delivery_bounds``.

        A timestamp beyond the range of 64 bits (the year 2262) cannot be a moment of this run; it counts as unplaced.
        """
        if -_MAX_NS <= timestamp_ns <= _MAX_NS:
            # One lookup and one call: this runs for every event.
            key = (metric, type, resolution_ns, timestamp_ns // STAMP_SLOT_NS, received_ns // _SECOND_NS)
            self._held[key].extend((earliest_ns, received_ns, timestamp_ns))
        else:
            self._recorder.count(UNPLACED, type=metric)

    def settle(self, final: bool = False, at_most: int | None = None) -> int:
        """Record what the clock brackets by now; with ``final`` everything: nothing is held afterwards.

        Returns how many samples were settled, the unplaced ones included. With ``at_most`` it stops once there were so
        many, at the end of a slot, so that a long backlog can be worked off without holding up the event loop: call
        again until it returns 0.
        """
        hopeless_ns = self._latest_ns() - 2 * self._estimator.window_ns
        settled = 0
        for (slot, second), keys in self._cells().items():
            one_sided = final or (second + 1) * _SECOND_NS < hopeless_ns
            offset = self._offset(slot, keys, one_sided)
            if offset is not None or one_sided:
                settled += sum(self._hand_on(key, self._held.pop(key), offset) for key in keys)
            if at_most is not None and settled >= at_most:
                break
        return settled

    def _latest_ns(self) -> int:
        """The latest moment that is known of, to the second."""
        latest = max((second for *_, second in self._held), default=0) * _SECOND_NS
        return max(latest, self._estimator.latest_bracket_ns() or 0)

    def _cells(self) -> dict[tuple[int, int], list[_Key]]:
        """What shares a slot of stamps and a second of arrival, and so an offset."""
        cells: dict[tuple[int, int], list[_Key]] = {}
        for key in self._held:
            cells.setdefault(key[3:], []).append(key)
        return cells

    def _offset(self, slot: int, keys: list[_Key], one_sided: bool) -> Interval | None:
        first = slot * STAMP_SLOT_NS
        last = first + STAMP_SLOT_NS - 1 + max(resolution for _, _, resolution, _, _ in keys)
        received = max(max(self._held[key][1::3]) for key in keys)
        return self._clock.offset(first, last, received, one_sided=one_sided)

    def _hand_on(self, key: _Key, samples: array[int], offset: Interval | None) -> int:
        metric, type_, resolution, _, second = key
        count = len(samples) // 3
        if offset is None:
            self._recorder.count(UNPLACED, count, type=metric)
            return count
        self.widest_ns = max(self.widest_ns, offset.width_ns)
        rows = zip(samples[0::3], samples[1::3], samples[2::3], strict=True)
        bounds = delivery_bounds_many(rows, resolution, offset)
        self._recorder.record_bounds_many(metric, bounds, second * _SECOND_NS, type_)
        if self._on_settled is not None:
            self._on_settled(metric, type_, bounds, second * _SECOND_NS)
        return count

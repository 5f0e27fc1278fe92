"""What one batch of arrivals says, gathered event by event before it is recorded.

A broadcast brings the same event on every stream, so what depends on the event alone is done once for all of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from locust_eventsource.measure.recorder import Recorder
from studio.contract import Envelope
from studio.trigger_clock import Trigger

if TYPE_CHECKING:
    from locust_eventsource.stream import Arrival

SECOND_NS: Final = 1_000_000_000

Times = tuple[int, int]
"""Between which moments an event arrived: the earliest and the stamp, which is the latest."""


@dataclass(frozen=True, slots=True, eq=False)
class KnownEvent:
    """A payload that was read: its envelope, and the trigger that caused it, if one of this process did."""

    envelope: Envelope
    trigger: Trigger | None
    is_large: bool = False
    """Its delivery is measured apart: what takes long because it is large says nothing of the others."""


class ArrivalBatch:
    """Adds up what a batch of arrivals says, and hands it to the recorder."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.delivered: defaultdict[KnownEvent, list[Times]] = defaultdict(list)
        """When each event came, on every stream that it came on for the first time."""
        self._lags: defaultdict[int, list[int]] = defaultdict(list)

    def stamp(self, arrival: Arrival) -> None:
        """Who stamped the arrival, whether the stamp is its own, and how late it was read."""
        _, _, received_ns, _, source, read_ns, last_in_read, _ = arrival
        if source != "kernel":
            self.counts["stamps_user"] += 1
        elif last_in_read:
            self._lags[read_ns // SECOND_NS].append(read_ns - received_ns)
        else:
            self.counts["stamps_kernel"] += 1
        if not last_in_read:
            self.counts["coalesced"] += 1

    def record(self, recorder: Recorder) -> None:
        """Hand everything to the recorder."""
        for second, lags in self._lags.items():
            recorder.record_many("lag", lags, second * SECOND_NS)
            self.counts["stamps_kernel"] += len(lags)
        for name, count in self.counts.items():
            recorder.count(name, count)
        for known, times in self.delivered.items():
            recorder.count("deliveries", len(times), known.envelope.type)
            if known.trigger is not None:
                _record_trigger(recorder, known.trigger, known.envelope.type, times)


def _record_trigger(recorder: Recorder, trigger: Trigger, event_type: str, times: list[Times]) -> None:
    for metric, from_ns in (("trigger", trigger.intended_ns), ("trigger_sent", trigger.sent_ns)):
        if from_ns is not None:
            for second, part in by_second(times):
                recorder.record_bounds_many(metric, _bounds(part, from_ns), second * SECOND_NS, event_type)


def _bounds(times: list[Times], from_ns: int) -> list[tuple[int, int, int]]:
    """The latencies since a moment; an event cannot have come before its cause, whatever the read before it says."""
    return [
        (latest - from_ns if earliest == latest else max(0, earliest - from_ns), latest - from_ns, latest - from_ns)
        for earliest, latest in times
    ]


def by_second(times: list[Times]) -> Iterable[tuple[int, list[Times]]]:
    """The times by the second of their stamps; nearly always all of them are in one."""
    stamps = [latest for _, latest in times]
    first = min(stamps) // SECOND_NS
    if max(stamps) // SECOND_NS == first:
        return [(first, times)]
    parts: defaultdict[int, list[Times]] = defaultdict(list)
    for pair in times:
        parts[pair[1] // SECOND_NS].append(pair)
    return parts.items()

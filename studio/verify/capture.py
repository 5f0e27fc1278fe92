"""What one process saw and did, recorded in a few microseconds an arrival and handed over in deltas."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Collection, Iterable
from itertools import islice
from typing import Any

from studio.contract import Envelope, EventKey
from studio.verify.actions import Action
from studio.verify.bitmaps import BitmapTable, to_bytes
from studio.verify.horizons import SECOND_NS, forget_after_ns
from studio.verify.slots import Group, SlotTable

WINDOW = 32
"""How many later events an overtaken one is compared with; those further away say the same."""

_READ_KEPT = 1_000
"""Tasks of which the last status that REST showed is remembered."""


class _Seen:
    """One event as this process saw it."""

    __slots__ = (
        "again",
        "again_mask",
        "again_ns",
        "dirty",
        "facts",
        "first_ns",
        "last_ns",
        "live_last_ns",
        "live_ns",
        "mask",
        "order",
        "replayed",
        "reported",
    )

    def __init__(self, envelope: Envelope, at_ns: int) -> None:
        key = envelope.key
        title = str(envelope.fields.get("title", ""))
        self.facts: list[Any] = [envelope.id, key.type, key.task_id, key.detail, title, envelope.timestamp_ns]
        self.order = (envelope.timestamp_ns, envelope.id)
        self.mask = self.reported = self.replayed = self.again_mask = 0
        self.again = self.again_ns = 0
        self.first_ns = self.last_ns = at_ns
        self.live_ns = self.live_last_ns = 0
        self.dirty = False

    def note(self, bit: int, at_ns: int, replayed: bool) -> None:
        self.first_ns = min(self.first_ns, at_ns)
        self.last_ns = max(self.last_ns, at_ns)
        if replayed:
            self.replayed |= bit
        else:
            self.live_ns = min(self.live_ns or at_ns, at_ns)
            self.live_last_ns = max(self.live_last_ns, at_ns)

    def repeat(self, bit: int, at_ns: int) -> None:
        self.again += 1
        self.again_mask |= bit
        self.again_ns = at_ns

    def take_row(self, sets: BitmapTable) -> list[Any]:
        fresh = sets.place(self.mask & ~self.reported)
        row = [*self.facts, self.first_ns, self.live_ns, self.live_last_ns, self.last_ns, fresh]
        if self.again or self.replayed:
            row += [sets.place(self.replayed), self.again, sets.place(self.again_mask), self.again_ns]
        self.reported = self.mask
        self.again = self.again_mask = self.replayed = 0
        self.dirty = False
        return row

    def clear(self, mask: int) -> None:
        self.mask &= ~mask
        self.reported &= ~mask
        self.replayed &= ~mask
        self.again_mask &= ~mask


class Capture:
    """Everything one process has to say about streams, arrivals and calls; streams are numbered by the caller.

    Events are kept for ``settle_ns`` (as the judge has it) and longer, and as long as they are among the last
    ``max_events``, so that a second arrival is recognised. A closed stream keeps its place until nothing that it could
    have had is judged any more, so that a reconnect finds what it had.
    """

    def __init__(self, *, settle_ns: int = 5 * SECOND_NS, max_events: int = 4096) -> None:
        self._keep_ns = 3 * settle_ns
        self._max_events = max_events
        self._slots = SlotTable(forget_after_ns(settle_ns))
        self._streams = self._slots.by_stream
        self._seen: dict[str, _Seen] = {}
        self._ordered: list[tuple[int, str]] = []
        self._dirty: list[_Seen] = []
        self._inversions: dict[tuple[str, str], int] = {}
        self._actions: list[Action] = []
        self._readings: list[list[Any]] = []
        self._last_read: dict[str, str] = {}
        self._replayed = 0
        self._released = 0

    def stream_opened(self, stream: int, at_ns: int, group: Group = None) -> None:
        """The stream is open: ``at_ns`` is the stamp of its response head, ``group`` its ``?task_ids=`` filter."""
        self._slots.open(stream, at_ns, group)

    def stream_closed(self, stream: int, at_ns: int) -> None:
        """The stream ended, broke or was closed; it may open again under the same number."""
        self._slots.close(stream, at_ns)

    def arrived(self, stream: int, envelope: Envelope, at_ns: int, *, replayed: bool) -> bool:
        """An event came on a stream; returns False when this stream had it already."""
        slot = self._streams.get(stream) or self._slots.stray(stream, at_ns)
        seen = self._seen.get(envelope.id)
        if seen is None:
            seen = self._admit(envelope, at_ns)
        if not seen.dirty:
            seen.dirty = True
            self._dirty.append(seen)
        if replayed:
            self._replayed += 1
        bit = slot.bit
        if seen.mask & bit:
            seen.repeat(bit, at_ns)
            return False
        seen.mask |= bit
        seen.note(bit, at_ns, replayed)
        if seen.order < slot.top:
            self._overtaken(seen, bit)
        else:
            slot.top = seen.order
        return True

    def lacking(self, key: EventKey, streams: Iterable[int]) -> tuple[str, list[int]]:
        """The id of the event that announces a fact, and which of the streams have not had it.

        Where no stream of the process had it the id is empty, and all of them lack it.
        """
        for seen in reversed(self._seen.values()):
            if tuple(seen.facts[1:4]) == (key.type, key.task_id, key.detail):
                return seen.facts[0], [stream for stream in streams if not self._has(stream, seen)]
        return "", list(streams)

    def outstanding(self, keys: Collection[EventKey], streams: Iterable[int]) -> Counter[str]:
        """How many pairs of an event that announces one of the facts and one of the streams have not come, by type."""
        asked = 0
        for stream in streams:
            slot = self._streams.get(stream)
            asked |= slot.bit if slot is not None else 0
        missing = dict.fromkeys(keys, asked)
        for seen in self._seen.values():
            key = EventKey(seen.facts[2], seen.facts[1], seen.facts[3])
            if key in missing:
                missing[key] &= ~seen.mask
        counts: Counter[str] = Counter()
        for key, mask in missing.items():
            counts[key.type] += mask.bit_count()
        return +counts

    def _has(self, stream: int, seen: _Seen) -> bool:
        slot = self._streams.get(stream)
        return slot is not None and bool(seen.mask & slot.bit)

    def acted(self, action: Action) -> None:
        """A REST call of the run was answered, or given up."""
        self._actions.append(action)

    def read(self, task_id: str, at_ns: int, status: str) -> None:
        """A GET showed a task's status; only what differs from the last one is told."""
        if self._last_read.get(task_id) != status:
            if len(self._last_read) >= _READ_KEPT:
                del self._last_read[next(iter(self._last_read))]
            self._last_read[task_id] = status
            self._readings.append([task_id, at_ns, status])

    def take(self, now_ns: int) -> dict[str, Any]:
        """What happened since the last call, as msgpack can carry it; give every delta, in order, to the judge."""
        sets = BitmapTable()
        delta = {
            "now_ns": now_ns,
            "released": to_bytes(self._released),
            "streams": self._slots.take_changes(),
            "events": [seen.take_row(sets) for seen in self._dirty],
            "inversions": [[*pair, sets.place(mask)] for pair, mask in self._inversions.items()],
            "actions": [action.to_row() for action in self._actions],
            "readings": self._readings,
            "replayed": self._replayed,
            "sets": sets.rows(),
        }
        self._dirty, self._inversions, self._actions, self._readings, self._replayed = [], {}, [], [], 0
        self._released = self._slots.release(now_ns)
        self._forget(now_ns)
        return delta

    @property
    def retained(self) -> int:
        """How many records are kept, for whoever watches the memory."""
        return len(self._seen) + len(self._streams)

    def _admit(self, envelope: Envelope, at_ns: int) -> _Seen:
        seen = self._seen[envelope.id] = _Seen(envelope, at_ns)
        insort(self._ordered, seen.order)
        return seen

    def _overtaken(self, seen: _Seen, bit: int) -> None:
        """Note which events of later date this stream had before: the judge lets all streams vote on each pair."""
        start = bisect_right(self._ordered, seen.order)
        for _, later_id in islice(self._ordered, start, start + WINDOW):
            if self._seen[later_id].mask & bit:
                pair = (seen.facts[0], later_id)
                self._inversions[pair] = self._inversions.get(pair, 0) | bit

    def _forget(self, now_ns: int) -> None:
        if self._released:
            for seen in self._seen.values():
                seen.clear(self._released)
        limit = now_ns - self._keep_ns
        surplus = max(0, len(self._seen) - self._max_events)
        old = [event_id for event_id, seen in islice(self._seen.items(), surplus) if seen.last_ns < limit]
        if old:
            for event_id in old:
                del self._seen[event_id]
            self._ordered = [order for order in self._ordered if order[1] in self._seen]

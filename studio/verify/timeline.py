"""Which streams were open when, as bitmaps over time: one timeline a worker, one track a filter."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any

from studio.verify.bitmaps import from_bytes, slots_of
from studio.verify.slots import Group


class _Track:
    """Openings and closings of the streams with one filter."""

    def __init__(self) -> None:
        self.members = 0
        self._base = 0
        self._base_ns = 0
        self._empty_ns = 0
        self._since: dict[int, int] = {}
        self._times: list[int] = []
        self._changes: list[tuple[int, bool]] = []
        self._masks: list[int] = []

    def add(self, bit: int, at_ns: int, opened: bool) -> None:
        self.members |= bit
        index = bisect_right(self._times, at_ns)
        self._times.insert(index, at_ns)
        self._changes.insert(index, (bit, opened))
        self._masks.insert(index, 0)
        self._recount(index)

    def open_through(self, low_ns: int, high_ns: int) -> int:
        """Streams that opened at ``low_ns`` or before and did not close up to and including ``high_ns``."""
        first = bisect_right(self._times, low_ns)
        mask = self._masks[first - 1] if first else self._base
        if low_ns < self._base_ns:
            mask = sum(1 << slot for slot in slots_of(mask) if self._since.get(1 << slot, low_ns) <= low_ns)
        for bit, opened in self._changes[first : bisect_right(self._times, high_ns)]:
            if not opened:
                mask &= ~bit
        return mask

    def covers(self, low_ns: int, high_ns: int) -> bool:
        """Whether at each moment of [low, high] a stream was open."""
        first = bisect_right(self._times, low_ns)
        mask = self._masks[first - 1] if first else self._base
        if not mask or low_ns < self._empty_ns:
            return False
        return all(self._masks[first : bisect_right(self._times, high_ns)])

    def forget(self, before_ns: int) -> None:
        """Fold what happened before into the base; who is open remembers since when."""
        count = bisect_left(self._times, before_ns)
        if not count:
            return
        for at_ns, mask, (bit, opened) in zip(self._times[:count], self._masks, self._changes, strict=False):
            self._empty_ns = self._empty_ns if mask and self._base else at_ns
            self._base = mask
            if opened:
                self._since[bit] = at_ns
            else:
                self._since.pop(bit, None)
        self._base_ns = before_ns
        del self._times[:count], self._changes[:count], self._masks[:count]

    def release(self, mask: int) -> None:
        self.members &= ~mask

    def _recount(self, index: int) -> None:
        mask = self._masks[index - 1] if index else self._base
        for position in range(index, len(self._changes)):
            bit, opened = self._changes[position]
            mask = mask | bit if opened else mask & ~bit
            self._masks[position] = mask

    def __len__(self) -> int:
        return len(self._times)


class Timeline:
    """One worker's streams over time, and how far its word reaches."""

    def __init__(self) -> None:
        self.heard_ns = 0
        """Time of the worker's last delta: nothing is known about its streams after it."""
        self.silent = False
        """The judge went on without this worker."""
        self.ended = False
        """The worker has come to its end in order."""
        self.lost = False
        """The worker is known to say no more, though it had not come to its end."""
        self.filtered = False
        """One of the streams, though it may be gone by now, had a filter."""
        self.streams: dict[int, int] = {}
        """Slot -> the stream's number as its worker knows it."""
        self._tracks: dict[Group, _Track] = {}

    def apply(self, changes: list[list[Any]], judged_ns: int = 0) -> int:
        """Add openings and closings: [slot, stream, at_ns, opened, task ids or None].

        Returns the streams that turn out to have ended before ``judged_ns``.
        """
        gone = 0
        for slot, stream, at_ns, opened, group in changes:
            self.streams[slot] = stream
            self.filtered = self.filtered or group is not None
            track = self._tracks.setdefault(None if group is None else frozenset(group), _Track())
            track.add(1 << slot, at_ns, opened)
            if not opened and at_ns < judged_ns:
                gone |= 1 << slot
        return gone

    def release(self, released: bytes) -> int:
        """Slots whose streams are gone for good and which may come back as others; returns their bitmap."""
        mask = from_bytes(released)
        for track in self._tracks.values():
            track.release(mask)
        for slot in slots_of(mask):
            self.streams.pop(slot, None)
        self._tracks = {group: track for group, track in self._tracks.items() if track.members}
        return mask

    def open_through(self, task_id: str, low_ns: int, high_ns: int) -> int:
        """Streams whose filter passes the task (what is about none passes) and that were open all over [low, high]."""
        mask = 0
        for group, track in self._tracks.items():
            if group is None or not task_id or task_id in group:
                mask |= track.open_through(low_ns, high_ns)
        return mask

    def excluded(self, task_id: str) -> int:
        """Streams whose filter keeps the task out."""
        return sum(track.members for group, track in self._tracks.items() if group is not None and task_id not in group)

    def covers(self, task_id: str, low_ns: int, high_ns: int) -> bool:
        """Whether at each moment of [low, high] one of the streams whose filter passes the task was open."""
        tracks = (track for group, track in self._tracks.items() if group is None or task_id in group)
        return high_ns <= self.heard_ns and any(track.covers(low_ns, high_ns) for track in tracks)

    def filter_of(self, slot: int) -> frozenset[str]:
        """The tasks that the filter of the stream in this slot names; empty where it has none."""
        groups = (group for group, track in self._tracks.items() if group and track.members & (1 << slot))
        return next(groups, frozenset())

    def forget(self, before_ns: int) -> None:
        """Drop the detail of what happened before."""
        for track in self._tracks.values():
            track.forget(before_ns)

    @property
    def retained(self) -> int:
        """How many changes and streams are kept."""
        return len(self.streams) + sum(len(track) for track in self._tracks.values())

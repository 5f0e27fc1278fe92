"""Streams to slots: each stream of a process holds one bit of the event bitmaps, reused when it is long gone."""

from __future__ import annotations

import heapq
from typing import Any

Group = frozenset[str] | None
"""What a stream sees: None everything, else the tasks that its ``?task_ids=`` filter names."""


class Slot:
    """One stream's place in the bitmaps; a stream that comes back with another filter gets another slot."""

    __slots__ = ("bit", "closed_ns", "group", "number", "stream", "top")

    def __init__(self, number: int, stream: int, group: Group) -> None:
        self.number = number
        self.bit = 1 << number
        self.stream = stream
        self.group = group
        self.closed_ns: int | None = None
        self.top: tuple[int, str] = (0, "")


class SlotTable:
    """Hands out slots, notes openings and closings, and takes back slots that were closed ``keep_ns`` ago."""

    def __init__(self, keep_ns: int) -> None:
        self._keep_ns = keep_ns
        self._retired: list[Slot] = []
        self._free: list[int] = []
        self._width = 0
        self._changes: list[list[Any]] = []
        self.by_stream: dict[int, Slot] = {}

    def open(self, stream: int, at_ns: int, group: Group) -> None:
        """The stream is open from ``at_ns`` on."""
        slot = self.by_stream.get(stream)
        if slot is not None and slot.group != group:
            self._retire(slot, at_ns)
            slot = None
        if slot is None:
            slot = self._allot(stream, group)
        slot.closed_ns = None
        self._note(slot, at_ns, True)

    def close(self, stream: int, at_ns: int) -> None:
        """The stream is closed from ``at_ns`` on; closing what is not open changes nothing."""
        slot = self.by_stream.get(stream)
        if slot is not None and slot.closed_ns is None:
            slot.closed_ns = at_ns
            self._note(slot, at_ns, False)

    def stray(self, stream: int, at_ns: int) -> Slot:
        """A slot for a stream that was never said to be open: what it gets, it gets without being owed it."""
        slot = self._allot(stream, None)
        slot.closed_ns = at_ns
        self._note(slot, at_ns, False)
        return slot

    def take_changes(self) -> list[list[Any]]:
        """Openings and closings since the last call: [slot, stream, at_ns, opened, task ids or None]."""
        changes, self._changes = self._changes, []
        return changes

    def release(self, now_ns: int) -> int:
        """Take back the slots of streams that are long closed; returns their bitmap."""
        limit = now_ns - self._keep_ns
        old = [s for s in (*self._retired, *self.by_stream.values()) if s.closed_ns is not None and s.closed_ns < limit]
        for slot in old:
            heapq.heappush(self._free, slot.number)
            if self.by_stream.get(slot.stream) is slot:
                del self.by_stream[slot.stream]
            else:
                self._retired.remove(slot)
        return sum(slot.bit for slot in old)

    def _allot(self, stream: int, group: Group) -> Slot:
        if self._free:
            number = heapq.heappop(self._free)
        else:
            number, self._width = self._width, self._width + 1
        slot = self.by_stream[stream] = Slot(number, stream, group)
        return slot

    def _retire(self, slot: Slot, at_ns: int) -> None:
        self.close(slot.stream, at_ns)
        self._retired.append(slot)

    def _note(self, slot: Slot, at_ns: int, opened: bool) -> None:
        group = None if slot.group is None else sorted(slot.group)
        self._changes.append([slot.number, slot.stream, at_ns, opened, group])

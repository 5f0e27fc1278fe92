"""Sets of streams as bitmaps: bit n of a Python integer stands for slot n of one worker's streams."""

from __future__ import annotations

from collections.abc import Iterator

Masks = dict[str, int]
"""Worker name -> bitmap of that worker's stream slots."""


def to_bytes(mask: int) -> bytes:
    """The bitmap as bytes, least significant first; no byte for the empty set."""
    return mask.to_bytes((mask.bit_length() + 7) // 8, "little")


def from_bytes(data: bytes) -> int:
    """The inverse of ``to_bytes``."""
    return int.from_bytes(data, "little")


class BitmapTable:
    """The distinct sets of a message, each written once: who has an event is then a number of one or two bytes.

    Mostly every stream has every event, so a delta holds a handful of sets whatever the number of its events.
    """

    def __init__(self) -> None:
        self._places: dict[int, int] = {}

    def place(self, mask: int) -> int:
        """Where the set stands in the table."""
        return self._places.setdefault(mask, len(self._places))

    def rows(self) -> list[bytes]:
        """The table for the message; ``[from_bytes(row) for row in rows]`` reads it."""
        return [to_bytes(mask) for mask in self._places]


def slots_of(mask: int) -> Iterator[int]:
    """The numbers of the set bits, ascending."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def total(masks: Masks) -> int:
    """How many streams the bitmaps hold, over all workers."""
    return sum(mask.bit_count() for mask in masks.values())


def overlap(left: Masks, right: Masks) -> Masks:
    """The streams that are in both, worker by worker."""
    common = {worker: mask & right.get(worker, 0) for worker, mask in left.items()}
    return {worker: mask for worker, mask in common.items() if mask}


def without(left: Masks, right: Masks) -> Masks:
    """The streams of ``left`` that are not in ``right``, worker by worker."""
    rest = {worker: mask & ~right.get(worker, 0) for worker, mask in left.items()}
    return {worker: mask for worker, mask in rest.items() if mask}

"""In the place of a capture when a run only measures: it takes everything in and keeps nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from studio.contract import Envelope, EventKey
from studio.verify.actions import Action
from studio.verify.capture import Capture
from studio.verify.slots import Group


class Unverified:
    """Has the methods of `Capture`; its deltas say that nothing happened, so the judge has nothing to judge."""

    def __init__(self) -> None:
        self._nothing = Capture()

    def stream_opened(self, stream: int, at_ns: int, group: Group = None) -> None:
        """As `Capture.stream_opened`."""

    def stream_closed(self, stream: int, at_ns: int) -> None:
        """As `Capture.stream_closed`."""

    def arrived(self, stream: int, envelope: Envelope, at_ns: int, *, replayed: bool) -> bool:
        """As `Capture.arrived`, for an event that nobody knows to have come before."""
        return True

    def lacking(self, key: EventKey, streams: Iterable[int]) -> tuple[str, list[int]]:
        """As `Capture.lacking`, as if each had what nobody noted."""
        return "", []

    def outstanding(self, keys: Collection[EventKey], streams: Iterable[int]) -> Counter[str]:
        """As `Capture.outstanding`, as if each had what nobody noted."""
        return Counter()

    def acted(self, action: Action) -> None:
        """As `Capture.acted`."""

    def read(self, task_id: str, at_ns: int, status: str) -> None:
        """As `Capture.read`."""

    def take(self, now_ns: int) -> dict[str, Any]:
        """As `Capture.take`."""
        return self._nothing.take(now_ns)

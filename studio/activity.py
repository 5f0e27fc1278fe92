"""One session's activity stream, followed until ``finished``."""

from __future__ import annotations

import json
from collections import Counter

from gevent.event import Event as Signal

from locust_eventsource.stream import Arrival

FINISHED = "finished"


class ActivityWatch:
    """What one reader of an activity stream has seen."""

    def __init__(self) -> None:
        self.types: Counter[str] = Counter()
        self.success: bool | None = None
        self.after_finished = 0
        self._finished = Signal()

    def saw(self, arrival: Arrival) -> None:
        """Take in one event."""
        if self._finished.is_set():
            self.after_finished += 1
        self.types[arrival.event.type] += 1
        if arrival.event.type == FINISHED:
            self.success = _success(arrival.event.data)
            self._finished.set()

    def wait_finished(self, timeout_s: float) -> bool:
        """Wait for ``finished``; False when it did not come in time."""
        return bool(self._finished.wait(timeout_s))

    def problem(self) -> str:
        """What is wrong with what came; empty when nothing is."""
        if not self._finished.is_set():
            return "the activity did not end with `finished`"
        if self.types.total() == 1:
            return "the activity held nothing but `finished`"
        if self.after_finished:
            return f"{self.after_finished} events came after `finished`"
        return ""


def _success(data: str) -> bool | None:
    try:
        return bool(json.loads(data)["success"])
    except (ValueError, KeyError, TypeError):
        return None

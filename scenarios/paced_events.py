"""Events at a steady rate, each from a call of its own."""

from __future__ import annotations

import time
from collections import deque
from typing import Final, NamedTuple

from gevent.pool import Group

from locust_eventsource.waiting import Signal
from scenarios.moved_task import MovedTask, RefusedCall
from scenarios.user import StudioUser
from studio.contract import EventKey

_TITLE: Final = "Paced"


class Pace(NamedTuple):
    """What had become of the events at the end of the load."""

    planned: int
    """Events that had been due."""
    begun: int
    """Calls that had been begun."""
    in_time: int
    """Events that had been acknowledged."""


class PacedEvents:
    """Makes events by creating and moving tasks.

    An open model: event number k is due k / rate seconds after the start, whatever became of those before it, and each
    call has a greenlet of its own. A task whose last call is not answered is not waited for; another takes its place.
    So a service that answers late is asked as often as one that does not.
    """

    def __init__(self, user: StudioUser) -> None:
        self._user = user
        self._idle: deque[MovedTask] = deque()
        self._calls = Group()
        self.owed: dict[EventKey, None] = {}
        """What acknowledged calls owe to every stream, since ``begin``."""
        self._begun = 0

    def begin(self) -> None:
        """Count anew."""
        self.owed = {}
        self._begun = 0

    def keep_up(self, per_s: float, seconds: float, over: Signal) -> Pace:
        """Make so many events a second for so long, or until it is ``over``; returns what became of them by then."""
        start, number = time.monotonic(), 0
        while (now := time.monotonic()) < start + seconds:
            due = start + number / per_s
            if over.wait(max(0.0, min(due, start + seconds) - now)):
                break
            if due < start + seconds:
                self._calls.spawn(self._make)
                number += 1
        lasted_s = min(seconds, time.monotonic() - start)
        return Pace(int(lasted_s * per_s), self._begun, len(self.owed))

    def answered(self, within_s: float) -> None:
        """Wait for the calls under way."""
        self._calls.join(timeout=within_s)

    def _make(self) -> None:
        self._begun += 1
        with self._user.load.busy():
            try:
                task = self._idle.popleft() if self._idle else None
                if task is None:
                    task = MovedTask(self._user, _TITLE)
                    self.owed[task.created] = None
                else:
                    self.owed[task.move()] = None
            except RefusedCall:
                # It stays a failure in the statistics, and an event that was planned and not caused.
                return
            if task.moves_left:
                self._idle.append(task)
            else:
                task.delete()

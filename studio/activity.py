"""One session's activity stream, followed until ``finished``."""

from __future__ import annotations

from gevent.event import Event as Signal

from locust_eventsource.stream import Arrival
from studio.verify.readings import FINISHED, Excerpts, Reading


class ActivityWatch:
    """What one reader of an activity stream has seen.

    A stream that lost its connection begins again with the first message, so each connection has a reading of its own.
    """

    def __init__(self, reader: str = "reader 1", excerpts: Excerpts | None = None) -> None:
        """``excerpts`` are shared by the readers of one session."""
        self._excerpts = excerpts or Excerpts()
        self.reading = Reading(reader, 0, self._excerpts)
        """What the latest connection has brought."""
        self.connected = False
        self._finished = Signal()
        self._awaited = 0
        self._reached = Signal()

    def joined(self, at_ns: int) -> None:
        """The stream is open, for the first time or again."""
        self.reading = Reading(self.reading.reader, at_ns, self._excerpts)
        self._finished.clear()
        self.connected = True

    def left(self) -> None:
        """The connection is over."""
        self.connected = False

    def saw(self, arrival: Arrival) -> None:
        """Take in one event."""
        event = arrival.event
        self.reading.took(event.type, event.last_event_id, event.data)
        if event.type == FINISHED:
            self._finished.set()
        if event.type == FINISHED or len(self.reading.digests) >= self._awaited:
            self._reached.set()

    def wait_finished(self, timeout_s: float) -> bool:
        """Wait for ``finished``; False when it did not come in time."""
        return bool(self._finished.wait(timeout_s))

    def wait_messages(self, count: int, timeout_s: float) -> bool:
        """Wait for so many messages; False when the activity ended before, or the time is over."""
        self._awaited = count
        self._reached.clear()
        if len(self.reading.digests) < count and not self.reading.finished:
            self._reached.wait(timeout_s)
        return len(self.reading.digests) >= count

"""One session's activity stream, followed until ``finished`` or read again after it."""

from __future__ import annotations

from typing import Final

import gevent
from gevent.event import Event as Signal

from locust_eventsource.stream import Arrival
from studio.verify.readings import FINISHED, Excerpts, Reading
from studio.wire_reader import WireReader

_OK: Final = 200
_BREATH_S: Final = 0.003
"""Pause after each read of a history. A process that computes without one is made to wait where others want the
processor as well, and its streams with it."""


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


def read_again(
    wire: WireReader, reader: str, excerpts: Excerpts, *, connect_timeout_s: float, patience_s: float
) -> Reading | None:
    """Read the activity of a session that is over, up to ``finished`` or until nothing comes for ``patience_s``.

    However large it is, other streams get their turn after every read of 64 KiB, and nothing of it is kept. None when
    no stream came about, or its connection was lost on the way.
    """
    try:
        with wire:
            wire.open(connect_timeout_s)
            if wire.head is None or wire.head.status != _OK:
                return None
            reading = Reading(reader, wire.opened_ns, excerpts)
            while not reading.finished and wire.read_until(lambda: bool(wire.events), patience_s):
                for event, _ in wire.events:
                    reading.took(event.type, event.last_event_id, event.data)
                wire.take()
                gevent.sleep(_BREATH_S)
    except OSError:
        return None
    return None if wire.end in ("cut", "reset", "malformed") else reading

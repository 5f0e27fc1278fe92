"""A stream read by hand in a greenlet of its own, event by event as the checker of replays knows them."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import gevent

from locust_eventsource.protocol.event import Event
from studio.contract import EventKey, EventType, parse_envelope
from studio.verify.replay import Notice, Seen
from studio.wire_reader import WireReader

_NO_KEY: Final = EventKey("", "", "")
_HOUR_S: Final = 3_600.0
_REMEMBERED_BELOW: Final = 16_384
_parsed: Final = lru_cache(maxsize=4_096)(parse_envelope)
"""A broadcast gives the same bytes to every stream, of which there may be hundreds."""


class StreamTail:
    """What one stream of the global events brings, from its opening on."""

    def __init__(self, reader: WireReader) -> None:
        self._reader = reader
        self._greenlet: gevent.Greenlet[..., None] | None = None
        self._seen: list[Seen] = []
        self._places: dict[EventKey, int] = {}
        self.port = 0
        """Local port of the connection; stays when it is closed."""
        self.notice: Notice | None = None
        """What the first event says, where it is ``replay.unavailable``."""

    def open(self, timeout_s: float) -> str:
        """Open and begin to read; returns why that failed, empty when it did not."""
        try:
            opened = self._reader.open(timeout_s)
        except OSError as error:
            return f"no connection came about: {error}"
        self.port = self._reader.port
        head = self._reader.head
        if not opened or head is None:
            return f"no answer came within {timeout_s:g} s"
        if head.status != 200:
            return f"the stream was refused with status {head.status}"
        self.read_on()
        return ""

    @property
    def ended(self) -> str:
        """How the stream ended; empty while it is open."""
        return "" if self._reader.end == "open" else self._reader.end

    @property
    def seen(self) -> list[Seen]:
        """The events so far."""
        for event, at_ns in self._reader.events[len(self._seen) :]:
            self._add(event, at_ns)
        return self._seen

    def has(self, key: EventKey) -> bool:
        """Whether an event that announces this fact has come."""
        return bool(self.seen) and key in self._places

    def until(self, key: EventKey) -> list[Seen]:
        """The events up to the first that announces this fact, and with it; all of them when none does."""
        seen = self.seen
        return seen[: self._places.get(key, len(seen)) + 1]

    def read_on(self) -> None:
        """Read in a greenlet."""
        self._greenlet = gevent.spawn(self._reader.read_for, _HOUR_S)

    def hold(self) -> None:
        """Read no more, and keep the connection."""
        if self._greenlet is not None:
            self._greenlet.kill()
            self._greenlet = None

    def stop_inside_event(self, timeout_s: float) -> bool:
        """Read no more, and no further than into an event; False when none began in time."""
        self.hold()
        return self._reader.stop_inside_event(timeout_s)

    def close(self) -> None:
        """Close in order."""
        self.hold()
        self._reader.close()

    def reset(self) -> None:
        """Close with a reset."""
        self.hold()
        self._reader.reset()

    def _add(self, event: Event, at_ns: int) -> None:
        key, fields = _NO_KEY, {}
        try:
            envelope = (_parsed if len(event.data) < _REMEMBERED_BELOW else parse_envelope)(event.data)
        except ValueError:
            # An event without a readable envelope still came, and counts by its id.
            seen = Seen(event.last_event_id, event.type, "", at_ns)
        else:
            key, fields = envelope.key, envelope.fields
            seen = Seen(event.last_event_id, envelope.type, envelope.task_id, at_ns)
        if not self._seen and seen.type == EventType.REPLAY_UNAVAILABLE:
            self.notice = Notice(str(fields.get("last_event_id", "")), str(fields.get("reason", "")))
        self._places.setdefault(key, len(self._seen))
        self._seen.append(seen)

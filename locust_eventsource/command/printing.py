"""What the command line prints for an event and for a change of state."""

from __future__ import annotations

import json
from datetime import datetime

from locust_eventsource.errors import EventSourceError
from locust_eventsource.stream_types import Arrival, StateChange

_NS_PER_S = 1_000_000_000
_NS_PER_US = 1_000


class JsonLines:
    """One JSON object a line, in ASCII, so that nothing in the data can break a line or an encoding."""

    def event(self, arrival: Arrival) -> str:
        """The line of an event."""
        event = arrival.event
        return _line(
            {
                "type": event.type,
                "data": event.data,
                "last_event_id": event.last_event_id,
                "received_ns": arrival.received_ns,
                "source": arrival.source,
            }
        )

    def state(self, change: StateChange) -> str:
        """The line of a change of state."""
        return _line(
            {
                "state": change.state,
                "status": change.status,
                "error": _reason(change.error),
                "retry_ms": change.retry_ms,
            }
        )


class Pretty:
    """Lines for people: local time, then what happened; data indented below its event."""

    def event(self, arrival: Arrival) -> str:
        """The lines of an event."""
        event = arrival.event
        marks = f"  id {event.last_event_id}" if event.last_event_id else ""
        if arrival.source == "user":
            marks += "  (stamped by the process)"
        data = "".join(f"    {_printable(line)}\n" for line in event.data.split("\n"))
        return f"{_clock(arrival.received_ns)}  {_printable(event.type + marks)}\n{data}"

    def state(self, change: StateChange) -> str:
        """The line of a change of state."""
        notes = [f"-- {change.state}"]
        if change.status is not None:
            notes.append(f"status {change.status}")
        if change.timing is not None:
            notes.append(f"{change.timing.address} in {change.timing.total_ns / 1e6:.2f} ms")
        if change.error is not None:
            notes.append(_printable(str(change.error)))
        if change.retry_ms is not None:
            notes.append(f"again in {change.retry_ms} ms")
        return f"{_clock(change.at_ns)}  {', '.join(notes)}\n"


def printer(pretty: bool) -> JsonLines | Pretty:
    """The form that was asked for."""
    return Pretty() if pretty else JsonLines()


def _line(fields: dict[str, object]) -> str:
    return json.dumps(fields) + "\n"


def _reason(error: EventSourceError | None) -> str | None:
    return None if error is None else f"{type(error).__name__}: {error}"


def _printable(text: str) -> str:
    # What a server sends must not be able to steer the terminal.
    return "".join(character if character.isprintable() or character == "\t" else "\ufffd" for character in text)


def _clock(at_ns: int) -> str:
    seconds, ns = divmod(at_ns, _NS_PER_S)
    return f"{datetime.fromtimestamp(seconds):%H:%M:%S}.{ns // _NS_PER_US:06d}"

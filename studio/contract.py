"""The service's contract: statuses, transitions, events and the envelope they travel in.

The global stream ``GET /api/events`` carries envelopes ``{"id", "timestamp", "event": {"type", ...}}``; the streams
``GET /api/sessions/{id}/activity`` carry ``{"type", ..., "timestamp"}`` without an envelope.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final, NamedTuple

EVENTS_PATH: Final = "/api/events"

REPLAY_BUFFER: Final = 1_000
"""Events that the service keeps for streams that come back."""


class Status(StrEnum):
    """A task's status."""

    TODO = "todo"
    PLANNING = "planning"
    PLANNING_REVIEW = "planning_review"
    IN_PROGRESS = "in_progress"
    AI_REVIEW = "ai_review"
    FIX = "fix"
    REVIEW = "review"
    DONE = "done"


class Phase(StrEnum):
    """What a session does."""

    PLANNING = "planning"
    IMPLEMENTATION = "implementation"
    REVIEW = "review"
    FIX = "fix"


class SessionStatus(StrEnum):
    """A session's status."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"


UNFINISHED: Final = frozenset({SessionStatus.PENDING, SessionStatus.RUNNING})
"""Statuses of a session that is not over."""


TRANSITIONS: Final[dict[Status, frozenset[Status]]] = {
    Status.TODO: frozenset({Status.PLANNING}),
    Status.PLANNING: frozenset({Status.PLANNING_REVIEW}),
    Status.PLANNING_REVIEW: frozenset({Status.IN_PROGRESS, Status.AI_REVIEW, Status.PLANNING}),
    Status.IN_PROGRESS: frozenset({Status.AI_REVIEW}),
    Status.AI_REVIEW: frozenset({Status.REVIEW, Status.FIX}),
    Status.FIX: frozenset({Status.AI_REVIEW}),
    Status.REVIEW: frozenset({Status.DONE, Status.FIX}),
    Status.DONE: frozenset(),
}
"""Status changes that a client may ask for, or that the end of a session brings about."""

REVERTS: Final = frozenset({(Status.PLANNING, Status.TODO), (Status.FIX, Status.AI_REVIEW)})
"""Status changes, as (from, to), by which the service takes back an execute that failed."""


class EventType(StrEnum):
    """Types on the global stream."""

    TASK_CREATED = "task.created"
    STATUS_CHANGED = "task.status_changed"
    SESSION_STARTED = "session.started"
    SESSION_ENDED = "session.ended"
    PHASE_COMPLETED = "phase.completed"
    PHASE_CONTINUING = "phase.continuing"
    WORKSPACE_CREATED = "workspace.created"
    PROJECT_OPENED = "project.opened"
    PROJECT_CLOSED = "project.closed"
    REPLAY_UNAVAILABLE = "replay.unavailable"


ALIASES: Final[dict[str, str]] = {"session.completed": EventType.SESSION_ENDED}
"""Other names under which an event type is known, from the service's plan."""


class EventKey(NamedTuple):
    """What makes two events of a task the same fact, whatever id the server gave them."""

    task_id: str
    type: str
    detail: str


class Envelope(NamedTuple):
    """One event of the global stream."""

    id: str
    type: str
    timestamp_ns: int
    """The server's clock, nanoseconds since the epoch."""
    resolution_ns: int
    """Weight of the timestamp's last digit, in nanoseconds."""
    fields: dict[str, Any]
    """The event's own fields, ``type`` included."""

    @property
    def task_id(self) -> str:
        """The task the event is about, empty for project events."""
        return str(self.fields.get("task_id", ""))

    @property
    def key(self) -> EventKey:
        """The fact this event announces."""
        return EventKey(self.task_id, self.type, _detail(self.type, self.fields))


def _detail(event_type: str, fields: dict[str, Any]) -> str:
    if event_type == EventType.STATUS_CHANGED:
        return f"{fields.get('from_status', '')}>{fields.get('to_status', '')}"
    if event_type in (EventType.SESSION_STARTED, EventType.SESSION_ENDED):
        return str(fields.get("session_id", ""))
    if event_type == EventType.PHASE_COMPLETED:
        return str(fields.get("phase_number", ""))
    if event_type == EventType.PHASE_CONTINUING:
        return str(fields.get("next_phase_number", ""))
    return ""


_TIMESTAMP: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z", re.ASCII)


@lru_cache(maxsize=64)
def _second_ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000_000


def parse_timestamp(text: str) -> tuple[int, int]:
    """Read an RFC 3339 UTC timestamp; return nanoseconds since the epoch and the weight of its last digit.

    Raises ``ValueError`` when the text is not a UTC timestamp with 0 to 9 fraction digits.
    """
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 UTC timestamp: {text!r}")
    second, fraction = match[1], match[2] or ""
    nanoseconds = int(fraction.ljust(9, "0"))
    try:
        return _second_ns(second) + nanoseconds, int(10 ** (9 - len(fraction)))
    except ValueError as error:
        raise ValueError(f"not an RFC 3339 UTC timestamp: {text!r}: {error}") from None


def parse_envelope(data: str) -> Envelope:
    """Read one event's data of the global stream; raises ``ValueError`` that says what is wrong with it."""
    document = json.loads(data)
    if not isinstance(document, dict) or not isinstance(document.get("event"), dict):
        raise ValueError("the data is not an envelope: an object with id, timestamp and event was expected")
    fields = document["event"]
    event_id, stamp, event_type = document.get("id"), document.get("timestamp"), fields.get("type")
    if not (isinstance(event_id, str) and isinstance(stamp, str) and isinstance(event_type, str)):
        raise ValueError("the envelope lacks id, timestamp or event.type as text")
    timestamp_ns, resolution_ns = parse_timestamp(stamp)
    return Envelope(event_id, ALIASES.get(event_type, event_type), timestamp_ns, resolution_ns, fields)

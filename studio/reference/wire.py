"""What goes over the wire: timestamps, JSON, event blocks and their chunks, byte for byte as the service sends them.

Every event block holds its fields in the order id, event, data with LF line ends (WHATWG HTML 9.2.5) and travels as
one HTTP/1.1 chunk (RFC 9112, 7.1) whose size is written in upper-case hexadecimal.
"""

from __future__ import annotations

import json
import time
import uuid
from email.utils import formatdate
from functools import lru_cache
from typing import Any, Final

NANOSECONDS: Final = 1_000_000_000
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def compact_json(value: object) -> bytes:
    """JSON without spaces, as UTF-8; raises ``UnicodeEncodeError`` on a lone surrogate."""
    return _encode(value).encode()


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def timestamp(at_ns: int, digits: int = 9) -> str:
    """RFC 3339 UTC timestamp of ``at_ns`` (nanoseconds since the epoch), cut to 0 to 9 fraction digits."""
    seconds, nanoseconds = divmod(at_ns, NANOSECONDS)
    if digits == 0:
        return f"{_second(seconds)}Z"
    return f"{_second(seconds)}.{nanoseconds:09d}"[: 20 + digits] + "Z"


@lru_cache(maxsize=4)
def _date(seconds: int) -> bytes:
    return formatdate(seconds, usegmt=True).encode()


def http_date(at_ns: int) -> bytes:
    """A time as the ``date`` header states it (RFC 9110, 6.6.1)."""
    return _date(at_ns // NANOSECONDS)


def chunk(body: bytes) -> bytes:
    """``body`` as one chunk."""
    return b"%X\r\n%b\r\n" % (len(body), body)


class Block:
    """Bytes that are sent together: as they are to HTTP/1.0 clients, as one chunk to all others."""

    __slots__ = ("body", "chunk")

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.chunk = chunk(body)


KEEP_ALIVE: Final = Block(b": keep-alive\n\n")


class Event(Block):
    """One event of the global stream, encoded once for all connections."""

    __slots__ = ("id", "task_id")

    def __init__(self, event_id: str, task_id: str | None, body: bytes) -> None:
        super().__init__(body)
        self.id = event_id
        self.task_id = task_id
        """The task it is about; None for what concerns no task, which every filter lets pass."""


def event(event_type: str, fields: dict[str, Any], at_ns: int) -> Event:
    """An event with a new id, stamped with ``at_ns``; ``fields`` follow the type in their order."""
    event_id = str(uuid.uuid4())
    data = {"id": event_id, "timestamp": timestamp(at_ns), "event": {"type": event_type, **fields}}
    body = b"id: %b\nevent: %b\ndata: %b\n\n" % (event_id.encode(), event_type.encode(), compact_json(data))
    return Event(event_id, fields.get("task_id"), body)


def activity_block(position: int, message_type: str, data: bytes) -> Block:
    """One message of an activity stream; ``position`` counts the session's messages from 0."""
    return Block(b"id: %d\nevent: %b\ndata: %b\n\n" % (position, message_type.encode(), data))

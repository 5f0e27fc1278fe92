"""Who is at fault is the type of the error.

EventSourceError
├── ProtocolError            the server sent what the standards forbid
│   ├── LimitExceeded        a line, an event or a head is larger than the limit
│   ├── BadFraming           the HTTP/1.1 message is malformed
│   ├── BadContentCoding     the body's gzip, deflate or br coding is malformed or unknown
│   └── RefusedResponse      an answer that is not an event stream (status, type or redirect)
├── NetworkError             the way to the server failed
│   ├── DialError            DNS, TCP or TLS did not come about
│   ├── ConnectionLost       the connection broke while it was in use
│   ├── IncompleteRead       the connection ended inside the message (RFC 9112 section 8)
│   ├── IdleTimeout          nothing came for longer than the idle limit
│   └── Dropped              the connection was let go on purpose
└── Misuse                   the caller asked for what cannot be done
"""

from __future__ import annotations

from typing import Literal

DialPhase = Literal["dns", "tcp", "tls"]


class EventSourceError(Exception):
    """Base of every error that this package raises or reports."""


class ProtocolError(EventSourceError):
    """The server sent what the standards forbid, or more than a limit allows."""


class LimitExceeded(ProtocolError):
    """A line, an event or a response head is larger than its limit.

    ``limit`` names the setting that raises it, ``allowed`` is its value in bytes.
    """

    def __init__(self, what: str, limit: str, allowed: int) -> None:
        super().__init__(f"{what} is larger than {limit} ({allowed} bytes)")
        self.limit = limit
        self.allowed = allowed


class BadFraming(ProtocolError):
    """The HTTP/1.1 message is malformed (RFC 9112)."""


class BadContentCoding(ProtocolError):
    """The body's content coding is malformed or not one that is understood (RFC 9110 section 8.4)."""


class RefusedResponse(ProtocolError):
    """The answer is not an event stream: another status, another type, or a redirect that cannot be followed."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class NetworkError(EventSourceError):
    """The way to the server failed."""


class DialError(NetworkError):
    """DNS, TCP or TLS did not come about; ``phase`` says which."""

    def __init__(self, message: str, phase: DialPhase) -> None:
        super().__init__(message)
        self.phase: DialPhase = phase


class ConnectionLost(NetworkError):
    """The connection broke while it was in use (a reset, for example)."""


class IncompleteRead(NetworkError):
    """The connection ended inside the message: not a clean end (RFC 9112 section 8)."""


class IdleTimeout(NetworkError):
    """Nothing came for longer than the idle limit: the connection may be half-open."""


class Dropped(NetworkError):
    """The connection was let go on purpose, as a network would lose it: no fault of the server."""


class Misuse(EventSourceError, ValueError):
    """The caller asked for what cannot be done; the message says what to change."""

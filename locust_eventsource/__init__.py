"""Server-Sent Events for Locust, and for the command line.

The names below are loaded when they are first used, so that importing the package costs nothing and does not import
Locust; only `EventSourceUser` and `events` do.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from locust_eventsource.errors import (
        BadContentCoding,
        BadFraming,
        ConnectionLost,
        DialError,
        EventSourceError,
        IdleTimeout,
        IncompleteRead,
        LimitExceeded,
        Misuse,
        NetworkError,
        ProtocolError,
        RefusedResponse,
    )
    from locust_eventsource.locust.event_hooks import events
    from locust_eventsource.locust.user import EventSourceUser
    from locust_eventsource.protocol.event import Event
    from locust_eventsource.protocol.reconnect import ReconnectPolicy
    from locust_eventsource.stream import EventStream
    from locust_eventsource.stream_types import Arrival, ConnectTiming, StateChange, StreamListener, StreamSettings

__version__ = "0.1.0"

__all__ = [
    "Arrival",
    "BadContentCoding",
    "BadFraming",
    "ConnectTiming",
    "ConnectionLost",
    "DialError",
    "Event",
    "EventSourceError",
    "EventSourceUser",
    "EventStream",
    "IdleTimeout",
    "IncompleteRead",
    "LimitExceeded",
    "Misuse",
    "NetworkError",
    "ProtocolError",
    "ReconnectPolicy",
    "RefusedResponse",
    "StateChange",
    "StreamListener",
    "StreamSettings",
    "events",
]

_HOMES = {
    "EventSourceUser": "locust.user",
    "Event": "protocol.event",
    "ReconnectPolicy": "protocol.reconnect",
    "EventStream": "stream",
    "Arrival": "stream_types",
    "ConnectTiming": "stream_types",
    "StateChange": "stream_types",
    "StreamListener": "stream_types",
    "StreamSettings": "stream_types",
    "events": "locust.event_hooks",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: object = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

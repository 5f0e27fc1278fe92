"""What a reader makes of the bytes: events that arrived, and handing them to who listens."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from locust_eventsource.protocol.event import Event
from locust_eventsource.transport.stamps import StampSource

if TYPE_CHECKING:
    from locust_eventsource.stream import EventStream
    from locust_eventsource.stream_types import StreamListener

_logger = logging.getLogger(__name__)


class Arrival(NamedTuple):
    """One event on one stream.

    It arrived between ``earliest_ns`` and ``received_ns``, both on ``CLOCK_REALTIME``. ``received_ns`` is when its
    read's last byte arrived, stamped by ``source``; ``read_ns`` is when this process read it. ``last_in_read`` is true
    where the event ends the read, so that the stamp is its own; the others in the same read came after the socket had
    last been seen empty, which is ``earliest_ns``. A kernel stamp of its own makes both ends equal. ``connection``
    numbers the stream's connections from 1.
    """

    stream: EventStream
    event: Event
    received_ns: int
    earliest_ns: int
    source: StampSource
    read_ns: int
    last_in_read: bool
    connection: int


def hand_out(listener: StreamListener, arrivals: list[Arrival]) -> None:
    """Tell ``listener``; what it raises is logged, so that no stream suffers for it."""
    try:
        listener.on_arrivals(arrivals)
    except Exception:
        _logger.exception("the listener of %s failed on arrivals", arrivals[0].stream.name)

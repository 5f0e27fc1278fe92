from collections.abc import Callable
from typing import Any

from locust_eventsource.protocol.event import Event
from locust_eventsource.protocol.event_stream import EventStreamDecoder
from locust_eventsource.protocol.fields import Block
from locust_eventsource.stream import EventStream
from locust_eventsource.stream_types import StreamListener
from locust_eventsource.transport.arrivals import Arrival
from locust_eventsource.transport.polled import PolledConnection

class CompiledCounts:
    bytes: int
    events: int
    last_activity_ns: int

class Channel:
    def read_once(self) -> None: ...
    def read_always(self) -> None: ...
    def read_blocks(
        self, stream: EventStream, decoder: EventStreamDecoder, number: int, chunked: bool, limit: int, small: int
    ) -> None: ...
    def close(self) -> None: ...
    @property
    def heard_ns(self) -> int: ...

class Poller:
    def __init__(
        self,
        arrival: type[Arrival],
        event: type[Event],
        decode_block: Callable[[bytes], Block],
        deliver: Callable[[StreamListener, list[Arrival]], Any],
    ) -> None: ...
    def fileno(self) -> int: ...
    def add(self, fd: int, always: bool, since_ns: int, receiver: PolledConnection) -> Channel: ...
    def abandon(self) -> None: ...
    def wake_me(self) -> bool: ...
    def drain(self) -> bool: ...

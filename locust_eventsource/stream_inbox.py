"""The reading side of a stream: greenlets that wait for events and for changes of state."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from gevent import Timeout
from gevent.event import Event as Signal

from locust_eventsource.errors import Misuse
from locust_eventsource.stream_types import Arrival


class Inbox:
    """Keeps what nobody has taken yet, once somebody listens, up to a limit."""

    __slots__ = ("_arrivals", "_limit", "_overflowed", "_sleepers")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._arrivals: deque[Arrival] | None = None
        self._overflowed = False
        self._sleepers: list[Signal] = []

    def listen(self) -> None:
        """Keep events from now on."""
        if self._arrivals is None:
            self._arrivals = deque()

    def put(self, arrivals: list[Arrival]) -> None:
        """Keep ``arrivals`` and wake who waits; past the limit everything kept is dropped and `take` says so."""
        if self._arrivals is None:
            return
        self._arrivals += arrivals
        if len(self._arrivals) > self._limit:
            self._arrivals.clear()
            self._overflowed = True
        self.wake()

    def wake(self) -> None:
        """Let everyone who waits look again."""
        for sleeper in self._sleepers:
            sleeper.set()

    def has_news(self) -> bool:
        """Whether `take` would give or raise something."""
        return bool(self._arrivals) or self._overflowed

    def take(self) -> Arrival | None:
        """The oldest event kept. Raises `Misuse` once after events had to be dropped."""
        if self._overflowed:
            self._overflowed = False
            raise Misuse(
                f"the reader of the stream fell more than buffer_events ({self._limit}) behind and events were "
                "dropped: read faster, raise StreamSettings.buffer_events, or use a listener"
            )
        return self._arrivals.popleft() if self._arrivals else None

    def wait_until(self, ready: Callable[[], bool], timeout: float | None) -> bool:
        """Let the calling greenlet sleep until ``ready`` (looked at on each `wake`) or for ``timeout`` seconds."""
        if ready():
            return True
        signal = Signal()
        self._sleepers.append(signal)
        limit = Timeout.start_new(timeout)
        try:
            while not ready():
                signal.wait()
                signal.clear()
        except Timeout as fired:
            if fired is not limit:
                raise
            return False
        finally:
            limit.close()
            self._sleepers.remove(signal)
        return True

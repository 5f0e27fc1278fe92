"""A signal that any number of greenlets may wait for, each with a timeout of its own."""

from __future__ import annotations

from gevent.event import Event


class Signal:
    """As ``gevent.event.Event`` without ``clear``, and safe for several waiters with timeouts.

    With gevent 26.9.0, of several greenlets that wait on one ``Event`` with short timeouts one may never wake up: not
    at ``set``, and not when its own time is over. So each waiter here has an event of its own.
    """

    __slots__ = ("_is_set", "_waiting")

    def __init__(self) -> None:
        self._is_set = False
        self._waiting: set[Event] = set()

    def is_set(self) -> bool:
        """Whether it was given."""
        return self._is_set

    def set(self) -> None:
        """Give it: everybody who waits goes on, and nobody will wait any more."""
        self._is_set = True
        for own in tuple(self._waiting):
            own.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is given, or for ``timeout`` seconds; returns whether it is given."""
        if self._is_set:
            return True
        own = Event()
        self._waiting.add(own)
        try:
            own.wait(timeout)
        finally:
            self._waiting.discard(own)
        return self._is_set

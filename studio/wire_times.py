"""When a request really leaves and its answer is really there: seen where the HTTP client meets the socket.

Between the call of Locust's client and the first byte lie a millisecond of preparing and, on a busy tester, whatever
else runs; the same again after the answer. That is the tester's time, not the service's, and would widen every probe
of the clock.
"""

from __future__ import annotations

from locust.clients import LocustHttpAdapter

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

from studio.trigger_clock import Trigger


@dataclass(slots=True)
class WireTimes:
    """The times of one request, nanoseconds since the epoch; None until they are known."""

    trigger: Trigger | None = None
    """Told of the time of sending before the first byte leaves."""
    sent_ns: int | None = None
    """Just before the first byte was handed to the kernel."""
    answered_ns: int | None = None
    """Just after the head of the answer had been read."""

    def sending(self) -> None:
        """The first byte leaves now; what is sent after it, such as the body, changes nothing."""
        if self.sent_ns is None:
            self.sent_ns = time.time_ns()
            if self.trigger is not None:
                self.trigger.sent_ns = self.sent_ns


_watching: ContextVar[WireTimes | None] = ContextVar("wire_times", default=None)


@contextmanager
def watching(trigger: Trigger | None) -> Iterator[WireTimes]:
    """Watch the request that the caller makes in this block, on a session with ``TimingAdapter``."""
    times = WireTimes(trigger)
    before = _watching.set(times)
    try:
        yield times
    finally:
        _watching.reset(before)


class _Timed(HTTPConnection):
    """Notes both times for whoever watches."""

    def send(self, data: Any) -> None:  # noqa: ANN401 - http.client's own signature
        """Send, and note when; connecting before that is not part of it."""
        times = _watching.get()
        if times is not None:
            if self.sock is None and self.auto_open:
                self.connect()
            times.sending()
        super().send(data)

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as in urllib3
        """Read the head of the answer, and note when it was there."""
        response = super().getresponse()
        times = _watching.get()
        if times is not None:
            times.answered_ns = time.time_ns()
        return response


class _TimedTls(_Timed, HTTPSConnection):
    """The same through TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Timed


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TimedTls


class TimingAdapter(LocustHttpAdapter):
    """Locust's adapter with connections that can be watched."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - the adapter's own signature
        """Make the pools, of watched connections unless the user brought pools of their own."""
        brought = self.poolmanager is not None
        super().init_poolmanager(*args, **kwargs)  # type: ignore[no-untyped-call]
        if not brought:
            self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

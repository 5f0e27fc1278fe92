"""Which of the two readers serves this process: the compiled poller where it was built, else Python's own."""

from __future__ import annotations

import _socket
import os
from functools import cache
from typing import TYPE_CHECKING, Literal

from locust_eventsource.errors import Misuse
from locust_eventsource.transport.connection import Connection, Receiver
from locust_eventsource.transport.counts import Counts, PlainCounts

if TYPE_CHECKING:
    from locust_eventsource.transport.tls import TlsChannel

VARIABLE = "LOCUST_EVENTSOURCE_READER"
"""Environment variable: ``python`` or ``compiled`` insists on one; else it is the compiled one if it is there."""

ReaderName = Literal["compiled", "python"]


@cache
def reader_name() -> ReaderName:
    """The reader in use. Raises `Misuse` when the environment asks for one that is not there."""
    asked = os.environ.get(VARIABLE, "")
    if asked not in ("", "python", "compiled"):
        raise Misuse(f"{VARIABLE} must be python or compiled, not {asked!r}")
    if asked == "python":
        return "python"
    try:
        from locust_eventsource.transport.compiled import binding, fields  # noqa: F401
    except ImportError as error:
        if asked == "compiled":
            raise Misuse(f"the compiled reader is not there ({error}): python setup.py build_ext --inplace") from error
        return "python"
    return "compiled"


def new_counts() -> Counts:
    """Counts for a stream, of the kind that the reader counts up fastest."""
    if reader_name() == "compiled":
        from locust_eventsource.transport.compiled.binding import CompiledCounts

        return CompiledCounts()
    return PlainCounts()


def open_connection(
    sock: _socket.socket, tls: TlsChannel | None, receiver: Receiver, *, idle_timeout_s: float, since_ns: int
) -> Connection:
    """Read ``sock``, which brings nothing older than ``since_ns``. Raises OSError when no more can be watched."""
    if reader_name() == "compiled":
        from locust_eventsource.transport.polled import PolledConnection

        return PolledConnection(sock, tls, receiver, idle_timeout_s=idle_timeout_s, since_ns=since_ns)
    from locust_eventsource.transport.watched import WatchedConnection

    return WatchedConnection(sock, tls, receiver, idle_timeout_s=idle_timeout_s, since_ns=since_ns)


def catch_up() -> None:
    """Hand out what was read ahead of the loop, before a connection is let go on purpose.

    Python's own reader reads in the loop itself and is never ahead of it.
    """
    if reader_name() == "compiled":
        from locust_eventsource.transport import polled

        polled.catch_up()

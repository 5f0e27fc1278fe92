"""Reading in the gevent loop: a readiness callback for each socket. Needs no compiler and runs anywhere."""

from __future__ import annotations

import _socket
import time
from typing import TYPE_CHECKING

import gevent

from locust_eventsource.transport.connection import Connection, Receiver
from locust_eventsource.transport.socket_facts import has_ended
from locust_eventsource.transport.stamps import ANCILLARY_BYTES, Stamp, kernel_stamp

if TYPE_CHECKING:
    from locust_eventsource.transport.tls import TlsChannel

_READ = 1
_BUFFER = bytearray(65536)
_VIEW = memoryview(_BUFFER)
# A buffer for all connections is enough: what a callback reads is copied out before the next callback runs.
_BUFFERS = [_BUFFER]

_time_ns = time.time_ns
_monotonic_ns = time.monotonic_ns


class WatchedConnection(Connection):
    """Reads at most one buffer (64 KiB) a callback.

    A callback that finds more leaves it for the loop's next round, so one busy stream cannot starve the others.
    """

    __slots__ = ("_empty_ns", "_heard_ns", "_watcher")

    def __init__(
        self,
        sock: _socket.socket,
        tls: TlsChannel | None,
        receiver: Receiver,
        *,
        idle_timeout_s: float,
        since_ns: int,
    ) -> None:
        super().__init__(sock, tls, receiver, idle_timeout_s=idle_timeout_s)
        self._heard_ns = _monotonic_ns()
        self._empty_ns = since_ns
        self._watcher = gevent.get_hub().loop.io(sock.fileno(), _READ)
        self._watcher.start(self._readable)

    @property
    def heard_ns(self) -> int:
        """When bytes came last, in ns of the monotonic clock."""
        return self._heard_ns

    def _stop_reading(self) -> None:
        self._watcher.stop()
        self._watcher.close()

    def _readable(self) -> None:
        sock = self._socket
        if sock is None:
            return
        before_ns, empty_ns = _time_ns(), self._empty_ns
        try:
            size, ancillary, _, _ = sock.recvmsg_into(_BUFFERS, ANCILLARY_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._fail(error.errno or 0)
            return
        read_ns = _time_ns()
        self._heard_ns = _monotonic_ns()
        if not size:
            self._end(clean=self._tls is None)
            return
        if size < len(_BUFFER):
            # What comes while the call runs may or may not be in it, so the socket was empty before the call at least.
            self._empty_ns = before_ns
        at_ns = kernel_stamp(ancillary)
        data = bytes(_VIEW[:size])
        # Bytes beyond a full read, and the peer's end, may have merged with the last bytes, and their stamps too.
        own = size < len(_BUFFER) and not has_ended(sock)
        if at_ns is None:
            self._pass_on(data, Stamp(read_ns, min(empty_ns, read_ns), "user", read_ns, own))
        else:
            self._pass_on(data, Stamp(at_ns, min(empty_ns, at_ns), "kernel", read_ns, own))

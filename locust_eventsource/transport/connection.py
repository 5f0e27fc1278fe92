"""One open connection, driven by readiness callbacks in the gevent loop: no greenlet of its own."""

from __future__ import annotations

import _socket
import os
import time
from typing import TYPE_CHECKING, Protocol

import gevent

from locust_eventsource.errors import ConnectionLost, IdleTimeout, NetworkError
from locust_eventsource.transport.stamps import ANCILLARY_BYTES, StampSource, kernel_stamp
from locust_eventsource.transport.sweep import current_sweep

if TYPE_CHECKING:
    from locust_eventsource.transport.tls import TlsChannel

_READ = 1
_BUFFER = bytearray(65536)
_VIEW = memoryview(_BUFFER)
# A buffer for all connections is enough: what a callback reads is copied out before the next callback runs.
_BUFFERS = [_BUFFER]
_NS_PER_S = 1_000_000_000

_time_ns = time.time_ns
_monotonic_ns = time.monotonic_ns


class Receiver(Protocol):
    """Who gets what a connection receives. All calls come from the gevent hub and must not block."""

    def received(self, data: bytes, at_ns: int, source: StampSource, read_ns: int) -> None:
        """Bytes came: ``at_ns`` is their arrival after ``source``, ``read_ns`` when this process read them."""

    def ended(self, clean: bool) -> None:
        """The peer closed; not ``clean`` when TLS lacks its closing alert (RFC 8446 section 6.1)."""

    def broke(self, error: NetworkError) -> None:
        """The connection broke or was silent for longer than its idle limit."""


class Connection:
    """Reads a connected socket whenever it is readable, at most one buffer (64 KiB) a callback.

    A callback that finds more leaves it for the loop's next round, so one busy stream cannot starve the others.
    After ``ended`` or ``broke`` the socket is already closed.
    """

    __slots__ = ("_receiver", "_socket", "_sweep", "_tls", "_watcher", "heard_ns", "idle_limit_ns")

    def __init__(
        self, sock: _socket.socket, tls: TlsChannel | None, receiver: Receiver, *, idle_timeout_s: float
    ) -> None:
        self._socket: _socket.socket | None = sock
        self._tls = tls
        self._receiver = receiver
        self.heard_ns = _monotonic_ns()
        self.idle_limit_ns = int(idle_timeout_s * _NS_PER_S)
        self._sweep = current_sweep()
        self._sweep.add(self)
        self._watcher = gevent.get_hub().loop.io(sock.fileno(), _READ)
        self._watcher.start(self._readable)

    def close(self) -> None:
        """Close the socket at once; may be called again. The receiver hears nothing more."""
        sock, self._socket = self._socket, None
        if sock is not None:
            self._sweep.discard(self)
            self._watcher.stop()
            self._watcher.close()
            sock.close()

    def went_idle(self) -> None:
        """Give up on a silent peer, unless bytes wait that this process was too busy to read."""
        if self._socket is None or self._has_bytes_waiting(self._socket):
            return
        seconds = self.idle_limit_ns / _NS_PER_S
        self._break(IdleTimeout(f"nothing came for longer than {seconds:g} s: the connection may be half-open"))

    @staticmethod
    def _has_bytes_waiting(sock: _socket.socket) -> bool:
        try:
            sock.recv(1, _socket.MSG_PEEK)
        except (BlockingIOError, InterruptedError):
            return False
        except OSError:
            return True
        return True

    def _readable(self) -> None:
        sock = self._socket
        if sock is None:
            return
        try:
            size, ancillary, _, _ = sock.recvmsg_into(_BUFFERS, ANCILLARY_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._break(ConnectionLost(f"the connection broke: {os.strerror(error.errno or 0)}"))
            return
        read_ns = _time_ns()
        self.heard_ns = _monotonic_ns()
        if not size:
            self._end(clean=self._tls is None)
            return
        at_ns = kernel_stamp(ancillary)
        data = bytes(_VIEW[:size])
        if at_ns is None:
            self._pass_on(data, read_ns, "user", read_ns)
        else:
            self._pass_on(data, at_ns, "kernel", read_ns)

    def _pass_on(self, data: bytes, at_ns: int, source: StampSource, read_ns: int) -> None:
        tls = self._tls
        if tls is None:
            self._receiver.received(data, at_ns, source, read_ns)
            return
        plain = tls.decrypt(data)
        self._answer(tls.to_send())
        if plain:
            self._receiver.received(plain, at_ns, source, read_ns)
        if self._socket is None:
            return
        if tls.error is not None:
            self._break(tls.error)
        elif tls.closed:
            self._end(clean=True)

    def _answer(self, records: bytes) -> None:
        # Key updates and alerts are a few bytes on a connection that otherwise only reads: where even those do not
        # fit or the peer has gone, the next read says so.
        if records and self._socket is not None:
            try:
                self._socket.send(records)
            except OSError:
                return

    def _end(self, *, clean: bool) -> None:
        self.close()
        self._receiver.ended(clean)

    def _break(self, error: NetworkError) -> None:
        self.close()
        self._receiver.broke(error)

"""One open connection: who hears of it, and what both ways of reading have in common."""

from __future__ import annotations

import _socket
import os
import struct
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from locust_eventsource.errors import ConnectionLost, IdleTimeout, NetworkError
from locust_eventsource.transport.socket_facts import SocketFacts, facts_of
from locust_eventsource.transport.stamps import Stamp
from locust_eventsource.transport.sweep import current_sweep

if TYPE_CHECKING:
    from locust_eventsource.protocol.body_framing import ChunkState
    from locust_eventsource.protocol.event_stream import EventStreamDecoder
    from locust_eventsource.stream import EventStream
    from locust_eventsource.transport.tls import TlsChannel

_NS_PER_S = 1_000_000_000
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Cut(NamedTuple):
    """How a reader that can may cut the body into blocks itself from now on (see `Receiver.how_to_read`).

    ``decoder`` gets every block of more than ``small`` bytes, and the settings of all others; blocks of more than
    ``limit`` bytes are handed over.
    """

    stream: EventStream
    decoder: EventStreamDecoder
    connection: int
    chunked: bool
    limit: int
    small: int


class Receiver(Protocol):
    """Who gets what a connection receives. All calls come from the gevent hub and must not block."""

    def received(self, data: bytes, stamp: Stamp) -> None:
        """Bytes came, in one read."""

    def how_to_read(self) -> Cut | Literal["once", "always"]:
        """Asked after `received`: how to go on. ``once`` asks again after the next read."""

    def handed_over(
        self, block: bytes, state: tuple[ChunkState, int] | None, rest: bytes, fresh: int, stamp: Stamp
    ) -> None:
        """Cutting is over: ``block`` has begun and ``rest`` is not yet de-framed; ``fresh`` more bytes were read.

        ``state`` is where the chunked framing stands, with the bytes that the chunk still has.
        """

    def failed(self, error: Exception) -> None:
        """The decoder raised ``error`` for a block."""

    def ended(self, clean: bool) -> None:
        """The peer closed; not ``clean`` when TLS lacks its closing alert (RFC 8446 section 6.1)."""

    def broke(self, error: NetworkError) -> None:
        """The connection broke or was silent for longer than its idle limit."""


class Connection:
    """A connected socket that is read as soon as it is readable, by a subclass.

    After ``ended`` or ``broke`` the socket is already closed.
    """

    __slots__ = ("_receiver", "_socket", "_sweep", "_tls", "idle_limit_ns")

    def __init__(
        self, sock: _socket.socket, tls: TlsChannel | None, receiver: Receiver, *, idle_timeout_s: float
    ) -> None:
        self._socket: _socket.socket | None = sock
        self._tls = tls
        self._receiver = receiver
        self.idle_limit_ns = int(idle_timeout_s * _NS_PER_S)
        self._sweep = current_sweep()
        self._sweep.add(self)

    @property
    def heard_ns(self) -> int:
        """When bytes came last, in ns of the monotonic clock."""
        raise NotImplementedError

    def close(self, *, reset: bool = False) -> None:
        """Close the socket at once; may be called again. The receiver hears nothing more.

        With ``reset`` the peer gets an RST: ``SO_LINGER`` of no time (socket(7)).
        """
        sock, self._socket = self._socket, None
        if sock is not None:
            self._sweep.discard(self)
            self._stop_reading()
            if reset:
                sock.setsockopt(_socket.SOL_SOCKET, _socket.SO_LINGER, _RESET_ON_CLOSE)
            sock.close()

    def facts(self) -> SocketFacts | None:
        """What the kernel knows of the connection; None when it is closed or the system does not tell."""
        return None if self._socket is None else facts_of(self._socket)

    def went_idle(self) -> None:
        """Give up on a silent peer, unless bytes wait that this process was too busy to read."""
        if self._socket is None or _has_bytes_waiting(self._socket):
            return
        seconds = self.idle_limit_ns / _NS_PER_S
        self._break(IdleTimeout(f"nothing came for longer than {seconds:g} s: the connection may be half-open"))

    def _stop_reading(self) -> None:
        raise NotImplementedError

    def _pass_on(self, data: bytes, stamp: Stamp) -> None:
        tls = self._tls
        if tls is None:
            self._receiver.received(data, stamp)
            return
        plain = tls.decrypt(data)
        self._answer(tls.to_send())
        if plain:
            ends_here = not (tls.inside_record or tls.closed or tls.error)
            self._receiver.received(plain, stamp._replace(own=stamp.own and ends_here))
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

    def _fail(self, code: int) -> None:
        self._break(ConnectionLost(f"the connection broke: {os.strerror(code)}"))

    def _end(self, *, clean: bool) -> None:
        self.close()
        self._receiver.ended(clean)

    def _break(self, error: NetworkError) -> None:
        self.close()
        self._receiver.broke(error)


def _has_bytes_waiting(sock: _socket.socket) -> bool:
    try:
        sock.recv(1, _socket.MSG_PEEK)
    except (BlockingIOError, InterruptedError):
        return False
    except OSError:
        return True
    return True

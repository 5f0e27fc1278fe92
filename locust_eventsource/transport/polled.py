"""Reading by the compiled poller: one thread and one wake-up of the gevent loop for all sockets of the loop."""

from __future__ import annotations

import _socket
import os
import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import gevent

from locust_eventsource.protocol.body_framing import ChunkState
from locust_eventsource.protocol.event import Event
from locust_eventsource.transport.arrivals import Arrival, hand_out
from locust_eventsource.transport.connection import Connection, Receiver
from locust_eventsource.transport.stamps import Stamp, StampSource

if TYPE_CHECKING:
    from gevent.hub import Hub

    from locust_eventsource.transport.compiled.binding import Channel, Poller
    from locust_eventsource.transport.tls import TlsChannel

HOLD_OFF_S = 0.01
"""While events keep coming, how long they gather before the loop looks; after a pause the first is seen at once."""

_READ = 1


class Polling:
    """The poller of one gevent loop, which it keeps alive while there are connections."""

    def __init__(self, hub: Hub) -> None:
        from locust_eventsource.transport.compiled.binding import Poller
        from locust_eventsource.transport.compiled.fields import decode_block

        self._poller: Poller = Poller(Arrival, Event, decode_block, hand_out)
        self._connections = 0
        # gevent's watchers have more attributes than their type stubs know.
        self._watcher: Any = hub.loop.io(self._poller.fileno(), _READ)
        self._timer: Any = hub.loop.timer(HOLD_OFF_S, HOLD_OFF_S)

    def open(self, sock: _socket.socket, always: bool, since_ns: int, receiver: PolledConnection) -> Channel:
        """Begin to read ``sock``. Raises OSError when the system has no room for another."""
        channel = self._poller.add(sock.fileno(), always, since_ns, receiver)
        self._connections += 1
        if not self._watcher.active:
            self._watcher.start(self._woken)
        return channel

    def closed(self) -> None:
        """One of the connections is closed."""
        self._connections -= 1

    def abandon(self) -> None:
        """This process was forked from the poller's."""
        self._poller.abandon()
        self._watcher.stop()
        self._timer.stop()

    def catch_up(self) -> None:
        """Hand out what the poller has read by now; within a hand-out that is under way, nothing."""
        # Taking the poller's queue also takes back the word that it shall wake the loop: `_look_again` gives it anew.
        self._woken()

    def _woken(self) -> None:
        self._drain()
        if not self._timer.active:
            self._timer.start(self._look_again)

    def _look_again(self) -> None:
        if not self._drain() and self._poller.wake_me():
            self._timer.stop()
            if not self._connections:
                self._watcher.stop()

    def _drain(self) -> bool:
        try:
            return self._poller.drain()
        except BaseException:
            # Whatever a listener raises: gevent stops a watcher whose callback raises, and with it every stream.
            gevent.get_hub().handle_error(self, *sys.exc_info())
            return True


_pollings: WeakKeyDictionary[Hub, Polling] = WeakKeyDictionary()


def _forget_after_fork() -> None:
    for polling in list(_pollings.values()):
        polling.abandon()
    _pollings.clear()


os.register_at_fork(after_in_child=_forget_after_fork)


def _current_polling() -> Polling:
    hub = gevent.get_hub()
    polling = _pollings.get(hub)
    if polling is None:
        polling = _pollings[hub] = Polling(hub)
    return polling


def catch_up() -> None:
    """Hand out what the poller of the current loop has read by now."""
    polling = _pollings.get(gevent.get_hub())
    if polling is not None:
        polling.catch_up()


class PolledConnection(Connection):
    """Asks its receiver after each read how to go on, and leaves the reading of blocks to the poller."""

    __slots__ = ("_channel", "_once", "_polling")

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
        self._once = tls is None
        self._polling = _current_polling()
        self._channel = self._polling.open(sock, not self._once, since_ns, self)

    @property
    def heard_ns(self) -> int:
        """When bytes came last, in ns of the monotonic clock."""
        return self._channel.heard_ns

    def _stop_reading(self) -> None:
        self._channel.close()
        self._polling.closed()

    def read(self, data: bytes, at_ns: int, earliest_ns: int, source: StampSource, read_ns: int, own: bool) -> None:
        """The poller's word: the bytes of one read."""
        try:
            self._pass_on(data, Stamp(at_ns, earliest_ns, source, read_ns, own))
        finally:
            if self._once and self._socket is not None:
                self._go_on()

    def handed_over(
        self,
        block: bytes,
        state: tuple[int, int] | None,
        rest: bytes,
        fresh: int,
        stamp: tuple[int, int, StampSource, int, bool],
    ) -> None:
        """The poller's word: it cuts no more blocks; ``block`` has begun, ``rest`` is not yet de-framed."""
        chunk = None if state is None else (ChunkState(state[0]), state[1])
        self._receiver.handed_over(block, chunk, rest, fresh, Stamp(*stamp))

    def failed(self, error: Exception) -> None:
        """The poller's word: the decoder refused a block."""
        self._receiver.failed(error)

    def peer_closed(self) -> None:
        """The poller's word: the peer closed."""
        self._end(clean=self._tls is None)

    def socket_failed(self, code: int) -> None:
        """The poller's word: reading failed with this errno."""
        self._fail(code)

    def _go_on(self) -> None:
        how = self._receiver.how_to_read()
        if how == "once":
            self._channel.read_once()
            return
        self._once = False
        if how == "always":
            self._channel.read_always()
        else:
            self._channel.read_blocks(*how)

"""An event source in a process of its own: plain sockets and epoll, every event stamped as it is written.

Prints its port, waits for all connections, prints that they are open, sends when it reads ``start``, and prints how
that went. It ends when its standard input is closed, and its connections with it.
"""

from __future__ import annotations

import argparse
import mmap
import os
import re
import select
import socket
import sys
import time
from pathlib import Path

from benchmarks.messages import MODES, PATTERNS, START, SourceReport, report, say
from benchmarks.payload import as_chunk, event_block
from benchmarks.resources import pin

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
_HEADS = {
    "chunked": _HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
    "identity": _HEAD + b"Connection: close\r\n\r\n",
}
_NS_PER_S = 1_000_000_000
_SLEEPABLE_NS = 2_000_000
_LOOK_EVERY_NS = 50_000_000


class StandardInputClosed(Exception):
    """Whoever started the source has gone."""


class Peer:
    """One connection, with what did not fit its socket yet."""

    __slots__ = ("pending", "socket", "written")

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = sock
        self.pending = b""
        self.written = 0

    def send(self, data: bytes) -> bool:
        """Write ``data`` behind what still waits; False when something has to wait."""
        self.pending += data
        try:
            self.pending = self.pending[self.socket.send(self.pending) :]
        except BlockingIOError:
            return False
        return not self.pending


class Source:
    """Serves ``connections`` connections round robin, so that each gets ``events`` at the same rate.

    ``even``: every write has its own place in time, so that the whole rate is even. ``fan-out``: all connections are
    written to one right after the other, as a server does that sends an event to all its subscribers.
    """

    def __init__(
        self, connections: int, events: int, rate: float, body: str, pattern: str, mode: str, truth: Path | None
    ) -> None:
        self._connections = connections
        self._events = events
        self._gap_ns = _NS_PER_S / rate
        self._head = _HEADS[body]
        self._even = pattern == "even"
        self._chunked = body == "chunked"
        self._mode = mode
        self._peers: list[Peer] = []
        self._placed: dict[int, Peer] = {}
        self._truth: memoryview | None = None
        if truth is not None and events:
            size = connections * events * 16
            with truth.open("w+b") as file:
                file.truncate(size)
                self._truth = memoryview(mmap.mmap(file.fileno(), size)).cast("q")
        self._by_fd: dict[int, Peer] = {}
        self._blocked = 0
        self._behind_ns: list[int] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._epoll = select.epoll()
        self._epoll.register(sys.stdin.fileno(), select.EPOLLIN)

    def run(self) -> None:
        """Do everything; raises `StandardInputClosed` at the end."""
        say(port=self._listener.getsockname()[1])
        self._accept_all()
        say(open=len(self._peers))
        while self._look(None) != START:
            continue
        if not self._events:
            return
        seconds = self._send_all()
        while any(peer.pending for peer in self._peers):
            self._look(None)
        report(self._result(seconds))
        while True:
            self._look(None)

    def _accept_all(self) -> None:
        self._listener.setblocking(False)
        self._epoll.register(self._listener.fileno(), select.EPOLLIN)
        while len(self._placed) < self._connections:
            self._look(None)
        self._epoll.unregister(self._listener.fileno())
        self._peers = [self._placed[place] for place in range(self._connections)]

    def _look(self, timeout_s: float | None) -> bytes:
        """See to whoever is ready; returns what standard input said."""
        said = b""
        for fd, events in self._epoll.poll(timeout_s):
            if fd == sys.stdin.fileno():
                said = os.read(fd, 4096)
                if not said:
                    raise StandardInputClosed
            elif fd == self._listener.fileno():
                self._accept()
            elif events & select.EPOLLOUT:
                self._unblock(fd)
            else:
                self._greet(fd)
        return said

    def _accept(self) -> None:
        peer = Peer(self._listener.accept()[0])
        self._by_fd[peer.socket.fileno()] = peer
        self._epoll.register(peer.socket.fileno(), select.EPOLLIN)

    def _greet(self, fd: int) -> None:
        # A GET without a body of its own fits one segment, so one read is the whole request.
        peer = self._by_fd[fd]
        request = peer.socket.recv(65536)
        place = re.search(rb"[?&]c=(\d+)", request)
        if not request.endswith(b"\r\n\r\n") or place is None:
            raise ValueError("a reader sent no plain GET request")
        peer.send(self._head)
        self._placed[int(place[1])] = peer
        self._epoll.unregister(fd)

    def _unblock(self, fd: int) -> None:
        peer = self._by_fd[fd]
        if peer.send(b""):
            self._epoll.unregister(fd)

    def _send_all(self) -> float:
        started_ns = time.monotonic_ns()
        looked_ns = now_ns = started_ns
        for sequence in range(self._events):
            self._first_ns = time.time_ns()
            for connection, peer in enumerate(self._peers):
                if self._even or not connection:
                    number = sequence * self._connections + connection
                    now_ns = self._wait_until(started_ns + int(number * self._gap_ns))
                self._write(peer, connection, sequence)
                if now_ns - looked_ns > _LOOK_EVERY_NS:
                    self._look(0)
                    looked_ns = now_ns
        return (time.monotonic_ns() - started_ns) / _NS_PER_S

    def _wait_until(self, due_ns: int) -> int:
        # Sleeping overshoots by a tenth of a millisecond and more, so the last stretch is spent looking at the clock.
        while (now_ns := time.monotonic_ns()) < due_ns:
            if due_ns - now_ns > _SLEEPABLE_NS:
                time.sleep((due_ns - now_ns - _SLEEPABLE_NS) / _NS_PER_S)
            else:
                os.sched_yield()
        self._behind_ns.append(now_ns - due_ns)
        return now_ns

    def _write(self, peer: Peer, connection: int, sequence: int) -> None:
        was_blocked = bool(peer.pending)
        before_ns = time.time_ns()
        if self._mode == "distinct":
            block = event_block(connection, sequence, before_ns)
        else:
            block = event_block(None, sequence, self._first_ns)
        before_ns = time.time_ns()
        if not peer.send(as_chunk(block) if self._chunked else block):
            self._blocked += 1
            if not was_blocked:
                self._epoll.register(peer.socket.fileno(), select.EPOLLOUT)
        peer.written += 1
        if self._truth is not None:
            place = (connection * self._events + sequence) * 2
            self._truth[place] = before_ns
            self._truth[place + 1] = time.time_ns()

    def _result(self, seconds: float) -> SourceReport:
        behind_ns = sorted(self._behind_ns)
        return SourceReport(
            written=sum(peer.written for peer in self._peers),
            written_min=min(peer.written for peer in self._peers),
            written_max=max(peer.written for peer in self._peers),
            blocked=self._blocked,
            behind_p99_ms=behind_ns[len(behind_ns) * 99 // 100] / 1e6,
            behind_max_ms=behind_ns[-1] / 1e6,
            seconds=seconds,
        )


def main() -> None:
    """Serve one run as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.source", description=__doc__)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--events", type=int, required=True, help="events for each connection")
    parser.add_argument("--rate", type=float, required=True, help="events a second over all connections")
    parser.add_argument("--body", choices=sorted(_HEADS), required=True)
    parser.add_argument("--pattern", choices=PATTERNS, required=True)
    parser.add_argument("--mode", choices=MODES, default="distinct")
    parser.add_argument("--truth", type=Path)
    parser.add_argument("--core", type=int, help="the core to run on")
    options = parser.parse_args()
    pin(options.core)
    try:
        Source(
            options.connections,
            options.events,
            options.rate,
            options.body,
            options.pattern,
            options.mode,
            options.truth,
        ).run()
    except (StandardInputClosed, KeyboardInterrupt):
        return
    except ConnectionError:
        sys.exit("the reader closed a connection before the end of the run")


if __name__ == "__main__":
    main()

"""One stream from the first connect to the exit code."""

from __future__ import annotations

import os
import select
import stat
import sys
from collections.abc import Callable, Sequence

import gevent
from gevent.event import Event as Signal

from locust_eventsource.command.options import Options, parse_options
from locust_eventsource.command.printing import printer
from locust_eventsource.errors import Misuse
from locust_eventsource.stream import EventStream
from locust_eventsource.stream_types import Arrival, StateChange

OK, FAILED, USAGE = 0, 1, 2
_STDOUT = 1
_READ = 1


class Session:
    """Prints a stream and knows when it is over. ``write`` gets whole lines and writes them at once."""

    def __init__(self, options: Options, write: Callable[[bytes], None]) -> None:
        self._printer = printer(options.pretty)
        self._write = write
        self._left = options.events
        self._done = Signal()
        self.code = OK
        self.stream = EventStream(options.request, listener=self, settings=options.settings)

    def run(self, duration_s: float | None) -> int:
        """Run until the stream is over, or for ``duration_s`` seconds, and return the exit code."""
        try:
            self.stream.start()
            self._done.wait(duration_s)
        finally:
            self.stream.close()
        return self.code

    def stop(self) -> None:
        """End as asked, without another line."""
        self._write = _nowhere
        self._done.set()

    def on_arrivals(self, arrivals: list[Arrival]) -> None:
        """Print the events, no more than asked for."""
        if self._done.is_set():
            return
        wanted = arrivals if self._left is None else arrivals[: self._left]
        self._print("".join(self._printer.event(arrival) for arrival in wanted))
        if self._left is not None:
            self._left -= len(wanted)
            if not self._left:
                self._done.set()
                self.stream.close()

    def on_state(self, stream: EventStream, change: StateChange) -> None:
        """Print the change; the last one ends the command."""
        self._print(self._printer.state(change))
        if change.state == "failed":
            self.code = FAILED
        if change.state in ("closed", "failed"):
            self._done.set()

    def _print(self, text: str) -> None:
        try:
            self._write(text.encode())
        except BrokenPipeError:
            self.stop()
        except OSError as error:
            self.stop()
            self.code = FAILED
            print(f"python -m locust_eventsource: cannot write: {error.strerror}", file=sys.stderr)


def main(arguments: Sequence[str]) -> int:
    """The command line; returns its exit code."""
    try:
        options = parse_options(arguments)
        session = Session(options, _write_stdout)
    except Misuse as error:
        print(f"python -m locust_eventsource: {error}", file=sys.stderr)
        return USAGE
    _end_with_reader(session)
    return session.run(options.duration_s)


def _end_with_reader(session: Session) -> None:
    # A pipe without a reader reports an error, which wakes a watcher, before anything is written to it.
    try:
        is_pipe = stat.S_ISFIFO(os.fstat(_STDOUT).st_mode)
    except OSError:
        return
    if is_pipe:
        watcher = gevent.get_hub().loop.io(_STDOUT, _READ, ref=False)
        watcher.start(_reader_gone, session, watcher)


def _reader_gone(session: Session, watcher: object) -> None:
    session.stop()


def _write_stdout(data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(_STDOUT, rest) :]
        except BlockingIOError:
            select.select([], [_STDOUT], [])


def _nowhere(data: bytes) -> None:
    return

"""EventStreams in one gevent process: kernel receive stamps, no greenlet a stream."""

from __future__ import annotations

import time
from array import array

from benchmarks.accounting import FROM_KERNEL, LAST_IN_READ
from benchmarks.payload import sequence_of
from benchmarks.readers.running import Options, Run, read_options
from locust_eventsource.protocol.event import Event
from locust_eventsource.stream import Arrival, EventStream, StateChange, StreamSettings
from locust_eventsource.transport.reader import reader_name

_OPEN_WITHIN_S = 60.0


class Listener:
    """Accounts for every arrival of every stream: the order and the stamp, as every reader does."""

    def __init__(self, run: Run) -> None:
        self._account = run.account
        self._rows: dict[EventStream, array[int]] = {}
        self._event: Event | None = None
        self._sequence = 0
        self.broken = 0

    def follow(self, stream: EventStream, row: array[int]) -> None:
        """Keep what comes on ``stream`` in ``row``."""
        self._rows[stream] = row

    def on_state(self, stream: EventStream, change: StateChange) -> None:
        """Count the streams that ended before their events did."""
        if change.state in ("closed", "failed"):
            self.broken += 1

    def on_arrivals(self, arrivals: list[Arrival]) -> None:
        """Account for events: ``received_ns`` is what a reader reports."""
        rows, known, sequence = self._rows, self._event, self._sequence
        for stream, event, received_ns, _, _, _, _, _ in arrivals:
            if event is not known:
                known, sequence = event, sequence_of(event.data)
            row = rows[stream]
            if sequence == len(row):
                row.append(received_ns)
            else:
                self._account.take_odd(row, sequence, received_ns)
        self._event, self._sequence = known, sequence


class DetailedListener(Listener):
    """Keeps the interval in which each event arrived, and the time of reading."""

    def on_arrivals(self, arrivals: list[Arrival]) -> None:
        """Account for events with all that is known of their time."""
        for stream, event, received_ns, earliest_ns, source, read_ns, last_in_read, _ in arrivals:
            sequence = sequence_of(event.data)
            row = self._rows[stream]
            flags = (LAST_IN_READ if last_in_read else 0) | (FROM_KERNEL if source == "kernel" else 0)
            numbers = (earliest_ns, received_ns, read_ns, flags)
            if sequence * 4 == len(row):
                row.extend(numbers)
            else:
                self._account.take_odd(row, sequence, *numbers)


class SlowListener(DetailedListener):
    """Keeps the loop busy for a while, again and again, as a user's own slow code would."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self._block_ns = int(run.options.block_ms * 1e6)
        self._every_ns = int(run.options.block_every_ms * 1e6)
        self._next_ns = 0

    def on_arrivals(self, arrivals: list[Arrival]) -> None:
        """Account for events, and block when it is time to."""
        super().on_arrivals(arrivals)
        now_ns = time.monotonic_ns()
        if now_ns < self._next_ns:
            return
        self._next_ns = now_ns + self._every_ns
        while time.monotonic_ns() < now_ns + self._block_ns:
            continue


def _listener(run: Run) -> Listener:
    if run.options.block_ms:
        return SlowListener(run)
    return DetailedListener(run) if run.options.detail else Listener(run)


def _open_all(options: Options, run: Run, listener: Listener) -> list[EventStream]:
    settings = StreamSettings(reconnect=False, ca=options.ca, idle_timeout_s=600, connect_timeout_s=_OPEN_WITHIN_S)
    streams = []
    for connection, row in enumerate(run.rows):
        stream = EventStream(options.url_of(connection), listener=listener, settings=settings)
        listener.follow(stream, row)
        streams.append(stream)
    for stream in streams:
        stream.start()
    for stream in streams:
        stream.wait_open(_OPEN_WITHIN_S)
    return streams


def main() -> None:
    """Read one run as the command line says."""
    options = read_options("ours")
    run = Run(options)
    listener = _listener(run)
    streams = _open_all(options, run, listener)
    run.opened()
    run.wait(lambda: listener.broken == len(streams))
    run.report(broken=listener.broken, implementation=reader_name())
    run.hold()
    for stream in streams:
        stream.close()


if __name__ == "__main__":
    main()

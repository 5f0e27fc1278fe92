"""EventStreams in one gevent process: readiness callbacks, kernel receive stamps, no greenlet a stream."""

from __future__ import annotations

import gevent

from benchmarks.ledger import Ledger
from benchmarks.readers.running import announce_open, read_options, report_run, usage, wait_for_events
from locust_eventsource.stream import Arrival, EventStream, StateChange, StreamSettings

_OPEN_WITHIN_S = 60.0


class Listener:
    """Accounts for every arrival of every stream."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.broken = self.kernel_stamps = self.coalesced = 0

    def on_state(self, stream: EventStream, change: StateChange) -> None:
        """Count the streams that ended before their events did."""
        if change.state in ("closed", "failed"):
            self.broken += 1

    def on_arrivals(self, arrivals: list[Arrival]) -> None:
        """Account for the events of one read."""
        take = self._ledger.take
        for _, event, received_ns, _, source, read_ns, last_in_read, _ in arrivals:
            take(event.data, received_ns, read_ns)
            if source == "kernel":
                self.kernel_stamps += 1
            if not last_in_read:
                self.coalesced += 1


def main() -> None:
    """Read one run as the command line says."""
    options = read_options("ours")
    ledger = Ledger(options.connections, options.events)
    listener = Listener(ledger)
    idle = usage()
    settings = StreamSettings(reconnect=False)
    streams = [EventStream(options.url, listener=listener, settings=settings) for _ in range(options.connections)]
    for stream in streams:
        stream.start()
    for stream in streams:
        stream.wait_open(_OPEN_WITHIN_S)
    opened = usage()
    announce_open(len(streams))
    wait_for_events(ledger, lambda: listener.broken == len(streams), gevent.sleep)
    ended, broken = usage(), listener.broken
    report_run(
        "ours",
        options,
        ledger,
        (idle, opened, ended),
        broken=broken,
        kernel_stamps=listener.kernel_stamps,
        coalesced=listener.coalesced,
    )
    for stream in streams:
        stream.close()


if __name__ == "__main__":
    main()

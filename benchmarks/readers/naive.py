"""requests and sseclient-py, a greenlet a connection under gevent's monkey patching: what people do today."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import time  # noqa: E402

import gevent  # noqa: E402
import requests  # noqa: E402
import sseclient  # noqa: E402

from benchmarks.ledger import Ledger  # noqa: E402
from benchmarks.readers.running import announce_open, read_options, report_run, usage, wait_for_events  # noqa: E402


class Reader:
    """One greenlet's work on each of its connections."""

    def __init__(self, url: str, ledger: Ledger) -> None:
        self._url = url
        self._ledger = ledger
        self.open = self.broken = 0

    def read(self) -> None:
        """Open a connection and account for its events, stamped where they come out."""
        client = sseclient.SSEClient(requests.get(self._url, stream=True))  # type: ignore[arg-type]
        self.open += 1
        try:
            for event in client.events():
                now_ns = time.time_ns()
                self._ledger.take(event.data, now_ns, now_ns)
        finally:
            self.broken += 1


def main() -> None:
    """Read one run as the command line says."""
    options = read_options("naive")
    ledger = Ledger(options.connections, options.events)
    reader = Reader(options.url, ledger)
    idle = usage()
    greenlets = [gevent.spawn(reader.read) for _ in range(options.connections)]
    while reader.open < options.connections:
        if any(greenlet.ready() for greenlet in greenlets):
            raise SystemExit("a connection could not be opened")
        gevent.sleep(0.1)
    opened = usage()
    announce_open(reader.open)
    wait_for_events(ledger, lambda: reader.broken == reader.open, gevent.sleep)
    ended, broken = usage(), reader.broken
    report_run("naive", options, ledger, (idle, opened, ended), broken=broken)
    gevent.killall(greenlets)


if __name__ == "__main__":
    main()

"""requests and sseclient-py, a greenlet a connection under gevent's monkey patching: what people do today."""

from __future__ import annotations

from gevent import monkey

monkey.patch_all()

import time  # noqa: E402
from array import array  # noqa: E402

import gevent  # noqa: E402
import requests  # noqa: E402
import sseclient  # noqa: E402

from benchmarks.payload import sequence_of  # noqa: E402
from benchmarks.readers.running import Run, read_options  # noqa: E402


class Reader:
    """What the greenlets share."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.open = self.broken = 0

    def read(self, connection: int, row: array[int]) -> None:
        """Open a connection and account for its events, stamped where they come out."""
        client = sseclient.SSEClient(requests.get(self._run.options.url_of(connection), stream=True))  # type: ignore[arg-type]
        self.open += 1
        account = self._run.account
        try:
            for event in client.events():
                now_ns = time.time_ns()
                sequence = sequence_of(event.data)
                if sequence == len(row):
                    row.append(now_ns)
                else:
                    account.take_odd(row, sequence, now_ns)
        finally:
            self.broken += 1


def main() -> None:
    """Read one run as the command line says."""
    options = read_options("naive")
    run = Run(options)
    reader = Reader(run)
    greenlets = [gevent.spawn(reader.read, connection, row) for connection, row in enumerate(run.rows)]
    while reader.open < options.connections:
        if any(greenlet.ready() for greenlet in greenlets):
            raise SystemExit("a connection could not be opened")
        gevent.sleep(0.01)
    run.opened()
    run.wait(lambda: reader.broken == reader.open)
    run.report(broken=reader.broken)
    run.hold()
    gevent.killall(greenlets)


if __name__ == "__main__":
    main()

"""What every reader does alike: options, the end of a run, the report."""

from __future__ import annotations

import argparse
import gc
import sys
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import gevent
from gevent.os import tp_read

from benchmarks.accounting import DETAIL, STAMP, Account
from benchmarks.messages import ReaderReport, report, say
from benchmarks.resources import cpu_ns, pin, resident_kib

LOOK_EVERY_S = 0.2
_QUIET_S = 3.0
"""A reader that fell behind is given time as long as events come; after this much silence the rest is lost."""


class Options(NamedTuple):
    """What a reader is asked to do. ``events`` of 0: open the connections and hold them."""

    url: str
    connections: int
    events: int
    stamps: Path | None
    detail: bool
    block_ms: float
    block_every_ms: float
    ca: str | None

    def url_of(self, connection: int) -> str:
        """Where the source serves this connection."""
        return f"{self.url}?c={connection}"


class Usage(NamedTuple):
    """What a process had used at a moment."""

    cpu_ns: int
    resident_kib: float
    at_ns: int


def read_options(name: str) -> Options:
    """The command line of a reader; pins the process."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.readers.{name}")
    parser.add_argument("--url", required=True, help="of the source; connection INDEX is opened as URL?c=INDEX")
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--events", type=int, required=True, help="events for each connection; 0: only hold them")
    parser.add_argument("--stamps", type=Path, help="file for the stamps of all events")
    parser.add_argument("--detail", action="store_true", help="keep the interval and the time of reading too")
    parser.add_argument("--block-ms", type=float, default=0, help="a listener that keeps the loop busy this long ...")
    parser.add_argument("--block-every-ms", type=float, default=200, help="... this often")
    parser.add_argument("--ca", help="authority to trust for https")
    parser.add_argument("--core", type=int, help="the core to run on")
    options = vars(parser.parse_args())
    pin(options.pop("core"))
    return Options(**options)


def usage() -> Usage:
    """What this process has used so far."""
    return Usage(cpu_ns(), resident_kib(), time.monotonic_ns())


class Run:
    """One reader's run: account, marks of what the process had used, and the report."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.account = Account(options.connections, options.events, DETAIL if options.detail else STAMP)
        self.rows: list[array[int]] = self.account.rows
        self._idle = usage()
        self._opened = self._idle
        self._open_s = 0.0

    def opened(self) -> None:
        """Tell the driver that every connection is open."""
        self._open_s = (time.monotonic_ns() - self._idle.at_ns) / 1e9
        gc.collect()
        self._opened = usage()
        say(open=self.options.connections)

    def wait(self, over: Callable[[], bool]) -> None:
        """Return when all events have come, when no connection is left, or when events have stopped coming."""
        account, delivered, heard = self.account, 0, time.monotonic()
        expected = self.options.connections * self.options.events
        while expected > (now := account.delivered) and not over():
            if now != delivered or not delivered:
                delivered, heard = now, time.monotonic()
            elif time.monotonic() - heard > _QUIET_S:
                return
            gevent.sleep(LOOK_EVERY_S)

    def report(self, *, broken: int, implementation: str | None = None) -> None:
        """Write the stamps and print the report."""
        ended, account = usage(), self.account
        idle, opened = self._idle, self._opened
        if self.options.stamps is not None:
            account.write(self.options.stamps)
        report(
            ReaderReport(
                delivered=account.delivered,
                lost=account.lost,
                duplicated=account.duplicated,
                reordered=account.reordered,
                broken=broken,
                cpu_us=(ended.cpu_ns - opened.cpu_ns) / 1e3 / max(account.delivered, 1),
                memory_mib=ended.resident_kib / 1024,
                connection_kib=(opened.resident_kib - idle.resident_kib) / self.options.connections,
                open_s=self._open_s,
                implementation=implementation,
            )
        )

    def hold(self) -> None:
        """Keep the connections until the driver closes standard input."""
        while tp_read(sys.stdin.fileno(), 1):
            continue

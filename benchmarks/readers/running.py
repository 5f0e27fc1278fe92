"""What every reader does alike: options, the end of a run, the report."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import NamedTuple

from benchmarks.ledger import Ledger
from benchmarks.messages import ReaderReport, report, say
from benchmarks.resources import cpu_ns, pin, resident_kib, waited_ns

_LOOK_EVERY_S = 0.1
_QUIET_S = 3.0
"""A reader that fell behind is given time as long as events come; after this much silence the rest is lost."""


class Options(NamedTuple):
    """What a reader is asked to do."""

    url: str
    connections: int
    events: int


class Usage(NamedTuple):
    """What a process had used at a moment."""

    cpu_ns: int
    waited_ns: int
    resident_kib: float
    at_ns: int


def read_options(name: str) -> Options:
    """The command line of a reader; pins the process."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.readers.{name}")
    parser.add_argument("--url", required=True)
    parser.add_argument("--connections", type=int, required=True)
    parser.add_argument("--events", type=int, required=True, help="events for each connection")
    parser.add_argument("--core", type=int, help="the core to run on")
    options = parser.parse_args()
    pin(options.core)
    return Options(options.url, options.connections, options.events)


def usage() -> Usage:
    """What this process has used so far."""
    return Usage(cpu_ns(), waited_ns(), resident_kib(), time.monotonic_ns())


def announce_open(connections: int) -> None:
    """Tell the driver that every connection is open."""
    say(open=connections)


def wait_for_events(ledger: Ledger, over: Callable[[], bool], sleep: Callable[[float], object]) -> None:
    """Return when all events have come, when no connection is left, or when events have stopped coming."""
    delivered, heard = 0, time.monotonic()
    while ledger.lost and not over():
        sleep(_LOOK_EVERY_S)
        if ledger.delivered != delivered or not delivered:
            delivered, heard = ledger.delivered, time.monotonic()
        elif time.monotonic() - heard > _QUIET_S:
            return


def report_run(
    name: str,
    options: Options,
    ledger: Ledger,
    marks: tuple[Usage, Usage, Usage],
    *,
    broken: int,
    kernel_stamps: int = 0,
    coalesced: int | None = None,
) -> None:
    """Print the report. ``marks``: before connecting, before the first event, after the last."""
    idle, opened, ended = marks
    reported, user_space = ledger.reported.histogram(), ledger.user_space.histogram()
    p50_us, p99_us = reported.percentiles_us([50, 99], ledger.lost)
    user_p50_us, user_p99_us = user_space.percentiles_us([50, 99], ledger.lost)
    report(
        ReaderReport(
            name=name,
            p50_ms=p50_us / 1e3,
            p99_ms=p99_us / 1e3,
            max_ms=reported.max_us / 1e3,
            user_p50_ms=user_p50_us / 1e3,
            user_p99_ms=user_p99_us / 1e3,
            delivered=ledger.delivered,
            lost=ledger.lost,
            duplicated=ledger.duplicated,
            reordered=ledger.reordered,
            broken=broken,
            cpu_us=(ended.cpu_ns - opened.cpu_ns) / 1e3 / max(ledger.delivered, 1),
            waited=(ended.waited_ns - opened.waited_ns) / (ended.at_ns - opened.at_ns),
            memory_mib=ended.resident_kib / 1024,
            connection_kib=(opened.resident_kib - idle.resident_kib) / options.connections,
            kernel_stamps=kernel_stamps,
            coalesced=coalesced,
        )
    )

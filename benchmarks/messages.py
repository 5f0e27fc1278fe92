"""What the processes of a benchmark tell each other: one JSON object a line."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

PATTERNS = ("fan-out", "even")
"""How the source spreads the rate over time: to all connections at once, or each write in a place of its own."""
MODES = ("broadcast", "distinct")
"""What the source writes: the same bytes to all connections, or each event stamped at its own write."""
START = b"start\n"
"""The line that makes the source send."""


@dataclass(frozen=True, slots=True)
class SourceReport:
    """How the source's run went.

    ``written``: events in all; ``written_min`` and ``written_max``: of one connection. ``behind_p99_ms`` and
    ``behind_max_ms``: how late writes (of a fan-out the first) came after their place in the schedule. ``blocked``:
    writes that did not fit the socket at once. ``seconds``: first to last write. ``cpu_us``: how long the source was at
    work, per event.
    """

    written: int
    written_min: int
    written_max: int
    blocked: int
    behind_p99_ms: float
    behind_max_ms: float
    seconds: float
    cpu_us: float


@dataclass(frozen=True, slots=True)
class ReaderReport:
    """How a reader's run went; what a reader does not tell is None.

    ``cpu_us``: user and system time of the reader's process, all threads, per event, from the start of sending to the
    last event. ``memory_mib``: its resident set at the end; ``connection_kib``: the growth for each open connection
    before the first event; ``open_s``: from the first connect until all were open; ``broken``: connections that
    ended early. ``implementation``: which read path served. The percentiles are those of readers that write no stamps
    file: their own stamp minus the one in the event.
    """

    delivered: int
    lost: int
    duplicated: int
    reordered: int
    cpu_us: float
    memory_mib: float
    connection_kib: float
    broken: int = 0
    open_s: float | None = None
    implementation: str | None = None
    p50_ms: float | None = None
    p99_ms: float | None = None
    max_ms: float | None = None


def say(**message: object) -> None:
    """Write one message to standard output."""
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def report(result: SourceReport | ReaderReport) -> None:
    """Write a report to standard output."""
    say(report=asdict(result))


def parse(line: str) -> dict[str, Any]:
    """One message. Raises ValueError when the line is none."""
    message = json.loads(line)
    if not isinstance(message, dict):
        raise ValueError(f"not a message: {line!r}")
    return message


def source_report(message: Mapping[str, Any]) -> SourceReport:
    """A source's report. Raises TypeError when something that every source tells is missing."""
    return SourceReport(**_known(SourceReport, message))


def reader_report(message: Mapping[str, Any]) -> ReaderReport:
    """A reader's report. Raises TypeError when something that every reader tells is missing."""
    return ReaderReport(**_known(ReaderReport, message))


def _known(kind: type[SourceReport] | type[ReaderReport], message: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in message.items() if name in names}

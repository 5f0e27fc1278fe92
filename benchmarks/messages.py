"""What the processes of a benchmark tell each other: one JSON object a line."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

PATTERNS = ("fan-out", "even")
"""How the source spreads the rate over time; see `benchmarks.source.Source`."""
START = b"start\n"
"""The line that makes the source send."""


@dataclass(frozen=True, slots=True)
class SourceReport:
    """How the source's run went.

    ``behind_p99_ms`` and ``behind_max_ms``: how late writes (of a fan-out the first) came after their place in the
    schedule. ``blocked``: writes that did not fit the socket at once. ``seconds``: first to last write.
    """

    written: list[int]
    blocked: int
    behind_p99_ms: float
    behind_max_ms: float
    seconds: float


@dataclass(frozen=True, slots=True)
class ReaderReport:
    """How a reader's run went. Lost events rank as infinitely late in the percentiles.

    ``cpu_us``: user and system time of the reader's process per event, from the start of sending to the last event.
    ``memory_mib``: its resident set at the end, ``connection_kib``: the growth for each open connection before the
    first event. ``kernel_stamps``: how many of the reported stamps were the kernel's. ``coalesced``: how many events
    were not the last of their read (None where the reader cannot tell). ``waited``: the share of the run in which the
    reader was ready to run while others used its core; ``broken``: connections that ended before their events had come.
    """

    name: str
    p50_ms: float
    p99_ms: float
    max_ms: float
    user_p50_ms: float
    user_p99_ms: float
    delivered: int
    lost: int
    duplicated: int
    reordered: int
    broken: int
    cpu_us: float
    waited: float
    memory_mib: float
    connection_kib: float
    kernel_stamps: int
    coalesced: int | None


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

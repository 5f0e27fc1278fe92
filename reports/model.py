"""result.json, schema version 1: everything that the reports say, in one file (docs/result-schema.md).

Latency over time is not here: it is read from the ``.hlog`` files that lie beside it. The records about the tester
itself (clock, health, network) are in ``reports.tester``. Times ``*_s`` are seconds since the start of the run, metrics
are in microseconds.
"""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from reports.capacity import Capacity
from reports.codec import CodecError, from_json, to_json
from reports.lives import Pace, TaskStory
from reports.tester import Clock, Health, Network, Uncertainty

SCHEMA = "locust-eventsource/result"
SCHEMA_VERSION = 1
RESULT_FILE = "result.json"


class ResultError(Exception):
    """The result cannot be read; the message is one line that says which file and why."""


@dataclass(frozen=True, slots=True)
class Run:
    """The run's facts. ``started`` and ``ended`` are RFC 3339 in UTC; ``options`` are those that differ or matter."""

    id: str
    started: str
    ended: str
    duration_s: float
    host: str
    embedded: bool
    embedded_options: str | None = None
    locust: str = ""
    package: str = ""
    python: str = ""
    platform: str = ""
    users: int | None = None
    spawn_rate: float | None = None
    run_time: str | None = None
    processes: int = 1
    user_classes: list[str] = field(default_factory=list)
    options: dict[str, object] = field(default_factory=dict)
    command: str = ""
    """The line that repeats the run, without credentials."""

    @property
    def started_ns(self) -> int:
        """The start in nanoseconds since 1970; 0 when ``started`` is not a date."""
        try:
            return round(datetime.fromisoformat(self.started).timestamp() * 1_000_000) * 1000
        except ValueError:
            return 0


@dataclass(frozen=True, slots=True)
class VerdictOfRun:
    """The verdict, the exit code that carries it, and the reason in a sentence.

    ``result`` is ``pass``, ``fail``, ``inconclusive``, ``internal error``, or ``not asked`` when nothing was judged
    and Locust decides the exit code (``exit_code`` is then null).
    """

    result: str
    exit_code: int | None
    summary: str


@dataclass(frozen=True, slots=True)
class RowRecord:
    """One target against what was measured (fields as in ``measure.verdicts.Row``)."""

    expression: str
    metric: str
    type: str | None
    aggregation: str
    measured_text: str
    margin_text: str
    samples: int
    verdict: str
    reason: str
    origin: str
    measured: float | None
    limit: float
    unit: str
    low: float | None
    high: float | None
    confidence: list[float] | None
    too_few: bool


@dataclass(frozen=True, slots=True)
class CheckRecord:
    """One check of the deliveries with its first offenders (fields as in ``studio.verify.judge.CheckResult``)."""

    name: str
    verdict: str
    summary: str
    counts: dict[str, int] = field(default_factory=dict)
    offenders: list[dict[str, object]] = field(default_factory=list)
    noticed_s: float | None = None
    """When the running test first said that it failed; None where it did not fail."""


@dataclass(frozen=True, slots=True)
class Bound:
    """How far a figure can be trusted, in microseconds.

    The figure of the true values is in [``low``, ``high``]. ``confidence`` is the 95 % confidence interval of a
    percentile: 0 and infinity where no sample bounds it on that side, None where none bounds it at all, and for a
    minimum or maximum. ``too_few``: n(1 - p) < 10.
    """

    low: float
    high: float
    confidence: list[float] | None
    too_few: bool


@dataclass(frozen=True, slots=True)
class Figures:
    """A latency metric in microseconds. Lost events count as infinitely late, so a percentile may be infinite.

    ``samples`` is n, the samples that the percentiles rank: those that came, and the lost. ``bounds`` is keyed by the
    names of the figures: ``min``, ``p50`` to ``p999``, ``max``.
    """

    count: int
    samples: int
    min: float
    mean: float
    p50: float
    p90: float
    p95: float
    p99: float
    p999: float
    max: float
    unit: str = "us"
    negatives: int = 0
    overflows: int = 0
    bounds: dict[str, Bound] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Metric(Figures):
    """A latency metric in total and, where events have types, per event type.

    ``curve`` is empty for a metric whose every value is exact; otherwise rows of [percentile, low, value, high].
    """

    types: dict[str, Figures] = field(default_factory=dict)
    curve: list[list[float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Every event of the run on every stream that must have it: ``expected == delivered + lost``."""

    expected: int = 0
    delivered: int = 0
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    unexpected: int = 0
    foreign: int = 0
    late: int = 0
    replayed: int = 0
    optional: int = 0
    unknown: int = 0
    other: int = 0
    foreign_expected: int = 0
    foreign_missed: int = 0
    misdirected: int = 0
    arrivals: int = 0
    history: int = 0
    replay_unavailable: int = 0
    coalesced: int = 0
    kernel_stamps: int = 0
    user_stamps: int = 0
    unplaced: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """A stream without a connection, in seconds since the start; ``to_s`` is null when it never came back."""

    stream: str
    from_s: float
    to_s: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How often something went wrong for the same reason."""

    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Connections:
    """The streams' connections; ``open_over_time`` is a list of [seconds since the start, streams open]."""

    opened: int = 0
    failed: int = 0
    reconnects: int = 0
    dropped: int = 0
    """Connections that the tester let go on purpose."""
    peak: int = 0
    open_at_end: int = 0
    gaps: list[Gap] = field(default_factory=list)
    open_over_time: list[list[float]] = field(default_factory=list)
    errors: list[ReasonCount] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A line of Locust's own table: one per connection and trigger, never per delivered event. Milliseconds."""

    method: str
    name: str
    count: int
    failures: int
    p50_ms: float | None
    p99_ms: float | None
    max_ms: float | None


@dataclass(frozen=True, slots=True)
class RequestError:
    """A line of Locust's own table of failures."""

    method: str
    name: str
    error: str
    count: int


@dataclass(frozen=True, slots=True)
class Cleanup:
    """What the run removed from the server, and what it could not remove."""

    deleted: int = 0
    left: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Result:
    """One run, whole."""

    run: Run
    verdict: VerdictOfRun
    rows: list[RowRecord] = field(default_factory=list)
    checks: list[CheckRecord] = field(default_factory=list)
    metrics: dict[str, Metric] = field(default_factory=dict)
    deliveries: Deliveries = field(default_factory=Deliveries)
    connections: Connections = field(default_factory=Connections)
    requests: list[RequestRecord] = field(default_factory=list)
    errors: list[RequestError] = field(default_factory=list)
    health: Health = field(default_factory=Health)
    clock: Clock = field(default_factory=Clock)
    uncertainty: Uncertainty = field(default_factory=Uncertainty)
    network: Network = field(default_factory=Network)
    cleanup: Cleanup = field(default_factory=Cleanup)
    capacity: Capacity | None = None
    pace: Pace = field(default_factory=Pace)
    tasks: list[TaskStory] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    schema: str = SCHEMA
    schema_version: int = SCHEMA_VERSION


class _HasFields(Protocol):
    def _asdict(self) -> dict[str, object]: ...


def row_record(row: _HasFields) -> RowRecord:
    """A ``measure.verdicts.Row`` as it stands in the result."""
    return from_json(RowRecord, to_json(row._asdict()), "row")


def check_record(check: _HasFields, noticed_s: float | None = None) -> CheckRecord:
    """A ``studio.verify.judge.CheckResult`` as it stands in the result, and when it was noticed to have failed."""
    return replace(from_json(CheckRecord, to_json(check._asdict()), "check"), noticed_s=noticed_s)


def dumps(result: Result) -> str:
    """The result as the text of result.json."""
    document = to_json(result)
    assert isinstance(document, dict)
    head = {key: document.pop(key) for key in ("schema", "schema_version")}
    return json.dumps(head | document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def save(path: Path, result: Result) -> None:
    """Write result.json; a reader sees the old file or the new one, never half of one. Raises OSError."""
    write_atomically(path, dumps(result))


def load(path: Path) -> Result:
    """Read result.json. Raises ResultError in one line: unreadable, another schema or another version."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ResultError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ResultError(f"{path}: not JSON in UTF-8: {error}") from error
    _check_schema(path, document)
    try:
        return from_json(Result, document, "result")
    except CodecError as error:
        raise ResultError(f"{path}: {error}") from error


def _check_schema(path: Path, document: object) -> None:
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise ResultError(f'{path}: not a result of this tool: "schema" must be "{SCHEMA}", not {schema!r}')
    assert isinstance(document, dict)
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise ResultError(
            f"{path}: schema version {version!r}, and this program reads version {SCHEMA_VERSION}: "
            "render it with the version of the package that wrote it"
        )


def write_atomically(path: Path, text: str) -> None:
    """Write through a temporary file in the same folder, then rename over the target. Raises OSError."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        # A payload may hold a lone surrogate, which UTF-8 cannot write.
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.write(text)
        # mkstemp makes the file private; a report is handed round.
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise

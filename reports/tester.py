"""The part of result.json about the instrument: the tester's clock, its health, the network it saw, what is uncertain.

Times ``*_s`` are seconds since the start of the run, times ``*_us`` microseconds. ``docs/result-schema.md`` has every
key. An *offset* is the server's clock minus the tester's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SAME_CLOCK = "same clock"
ESTIMATED = "estimated"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ClockStepRecord:
    """A jump of the offset: it happened between ``after_s`` and ``before_s``, by ``low_us`` to ``high_us``."""

    after_s: float
    before_s: float
    low_us: float
    high_us: float


@dataclass(frozen=True, slots=True)
class ClockOfProcess:
    """The offset as one process of the tester knows it.

    ``mode`` is ``same clock`` (one machine, and every probe allows an offset of 0: it counts as exactly 0),
    ``estimated``, or ``unknown`` (no answer of the service carried a time). ``worst_bound_us`` is half the widest
    interval that a latency was judged with, that is the n of "offset ± n"; None where there is none. ``windows`` are
    [seconds, lowest offset, highest offset in microseconds] in order of time.
    """

    name: str
    mode: str
    probes: int
    worst_bound_us: float | None
    windows: list[list[float]] = field(default_factory=list)
    steps: list[ClockStepRecord] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Clock:
    """The offset between the service's clock and the tester's, for each process that runs users."""

    processes: list[ClockOfProcess] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """Why the delivery's intervals are as wide as they are.

    ``text`` says it in words (``measure.verdicts.Figures.uncertainty``). The parts of a sample's width high - low:
    ``clock_us`` from the clock at worst, ``resolution_us`` from the last digit of the server's timestamps, ``batch_*``
    from events that shared a read, over all deliveries. None where a part is not known.
    """

    text: str = ""
    clock_us: float | None = None
    resolution_us: float | None = None
    batch_p50_us: float | None = None
    batch_p99_us: float | None = None


@dataclass(frozen=True, slots=True)
class Network:
    """What the kernel says of the streams' TCP connections; None where it was not asked. RTT is the metric ``rtt``."""

    retransmits: int | None = None
    out_of_order: int | None = None


@dataclass(frozen=True, slots=True)
class Health:
    """The tester's own state, and whether it could keep up: ``verdict`` and ``reason`` are those of ``tester:fit``.

    None where something was not measured. ``stamps`` counts the arrivals that should carry a kernel stamp, and
    ``stamps_missing`` those of them that do not.
    """

    cpu_percent_max: float | None = None
    file_limit: int | None = None
    warnings: list[str] = field(default_factory=list)
    lag_p99_us: float | None = None
    loop_lag_p99_us: float | None = None
    unread_peak_bytes: int | None = None
    stamps: int = 0
    stamps_missing: int = 0
    verdict: str = "not asked"
    reason: str = ""

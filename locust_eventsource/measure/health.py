"""Whether the tester itself could keep up: the verdict row ``tester:fit``.

A tester that was overloaded says nothing wrong about the service, and nothing right either: its row is inconclusive,
never failed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from locust_eventsource.measure.verdict_text import latency_text, rate_text, size_text
from locust_eventsource.measure.verdict_types import Row, Verdict

METRIC: Final = "tester"
EXPRESSION: Final = "tester:fit"

CPU_LIMIT_PERCENT: Final = 90.0
"""Of one core: Locust warns there too, and a queue in front of a server that is busy 90 % of the time is nine long."""
LOOP_LAG_LIMIT_US: Final = 50_000.0
"""Timers and requests run by the event loop; later than this, they are off by as much as the target for delivery."""
LAG_LIMIT_US: Final = 25_000.0
"""Kernel stamps stay right while they wait, but events that queue for this long share reads, and their stamps."""
MISSING_STAMPS_LIMIT: Final = 0.001
"""As a share: up to here, samples stamped in user space cannot move a p(99) by more than a tenth of its rank."""

_FEWER_USERS: Final = "run fewer users in each process, or more processes on more cores (--processes)"
_OTHER_LOAD: Final = "take other load off this machine or run fewer users in each process"
_STAMPS: Final = "run it on Linux, where the kernel stamps what it receives"


class TesterFacts(NamedTuple):
    """What was measured of the tester, the worst of all its processes; None where something was not measured.

    Lags are 99th percentiles. ``cpu_percent`` is of one core. ``unread_peak_bytes`` is the most that waited in one
    stream's receive queue. ``stamps`` counts the arrivals that should carry a kernel stamp, ``stamps_missing`` those of
    them that do not. ``processes`` is how many ran users.
    """

    lag_p99_us: float | None = None
    loop_lag_p99_us: float | None = None
    cpu_percent: float | None = None
    unread_peak_bytes: int | None = None
    stamps: int = 0
    stamps_missing: int = 0
    processes: int = 1


def overload(facts: TesterFacts) -> str | None:
    """What of the tester was overloaded, in words; None when it kept up."""
    found = _overloads(facts)
    return f"the tester was overloaded: {' and '.join(what for what, _ in found)}" if found else None


def judge_health(facts: TesterFacts) -> Row:
    """The row ``tester:fit``. ``measured`` is how many of its limits the tester is beyond."""
    text = measured_text(facts)
    beyond = [*_overloads(facts), *_without_stamps(facts)]
    if not text:
        return _row(facts, Verdict.NOT_ASKED, "nothing was measured of the tester", text, None)
    if not beyond:
        return _row(facts, Verdict.PASS, "", text, 0)
    problem = " and ".join(what for what, _ in beyond)
    advice = "; ".join(dict.fromkeys(what_to_do for _, what_to_do in beyond))
    return _row(facts, Verdict.INCONCLUSIVE, f"{problem}: {advice}", text, len(beyond))


def measured_text(facts: TesterFacts) -> str:
    """Everything that was measured of the tester, on one line; empty when nothing was."""
    parts = [
        "" if facts.lag_p99_us is None else f"read lag p99 {latency_text(facts.lag_p99_us)}",
        "" if facts.loop_lag_p99_us is None else f"loop lag p99 {latency_text(facts.loop_lag_p99_us)}",
        "" if facts.cpu_percent is None else f"CPU {facts.cpu_percent:.0f} %",
        "" if facts.unread_peak_bytes is None else f"unread at most {size_text(facts.unread_peak_bytes)}",
        f"{facts.stamps_missing:,} of {facts.stamps:,} stamps missing" if facts.stamps else "",
    ]
    found = ", ".join(part for part in parts if part)
    return f"{found}; the worst of {facts.processes} processes" if found and facts.processes > 1 else found


def _overloads(facts: TesterFacts) -> list[tuple[str, str]]:
    """Each limit that the tester is at or beyond: what was overloaded, and what to do."""
    found = []
    if facts.cpu_percent is not None and facts.cpu_percent >= CPU_LIMIT_PERCENT:
        found.append((f"a process used {facts.cpu_percent:.0f} % of a core", _FEWER_USERS))
    if facts.loop_lag_p99_us is not None and facts.loop_lag_p99_us >= LOOP_LAG_LIMIT_US:
        found.append((f"its event loop ran {latency_text(facts.loop_lag_p99_us)} late (p99)", _OTHER_LOAD))
    if facts.lag_p99_us is not None and facts.lag_p99_us >= LAG_LIMIT_US:
        found.append((f"it read events {latency_text(facts.lag_p99_us)} after they came (p99)", _OTHER_LOAD))
    return found


def _without_stamps(facts: TesterFacts) -> list[tuple[str, str]]:
    if facts.stamps_missing <= MISSING_STAMPS_LIMIT * facts.stamps:
        return []
    share = rate_text(facts.stamps_missing, facts.stamps)
    return [(f"the kernel's stamp was missing from {share} of the events", _STAMPS)]


def _row(facts: TesterFacts, verdict: Verdict, reason: str, text: str, beyond: int | None) -> Row:
    measured = None if beyond is None else float(beyond)
    return Row(
        expression=EXPRESSION,
        metric=METRIC,
        type=None,
        aggregation="fit",
        measured_text=text,
        margin_text="",
        samples=facts.stamps,
        verdict=verdict,
        reason=reason,
        origin="default",
        measured=measured,
        limit=0.0,
        unit="",
        low=measured,
        high=measured,
        confidence=None,
        too_few=False,
    )

"""One run after another: a fresh source and one reader each time, each on a core of its own."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.child import Child
from benchmarks.messages import START, ReaderReport, SourceReport
from benchmarks.resources import cores
from locust_eventsource.measure.exit_codes import FAILED, INCONCLUSIVE, PASS

READERS = ("naive", "ours")
LATE_MS = 100.0
"""A source that fell further behind its schedule than this did not offer the load that was asked for."""
MOST_WAITED = 0.1
"""A reader that waited longer than this share of its run for a core shows the machine, not itself."""

_START_WITHIN_S = 30.0
_OPEN_WITHIN_S = 120.0
_BACKLOG_WITHIN_S = 120.0


class Plan(NamedTuple):
    """What is asked of every reader alike."""

    connections: int
    rate: float
    seconds: float
    body: str
    pattern: str

    @property
    def events(self) -> int:
        """Events for each connection."""
        return round(self.rate * self.seconds / self.connections)


class Run(NamedTuple):
    """One reader's run and the source that fed it."""

    reader: ReaderReport
    source: SourceReport


class Part(NamedTuple):
    """One plan and the runs that carried it out."""

    plan: Plan
    runs: list[Run]


class Cores(NamedTuple):
    """Which core each process is pinned to; None where they share."""

    source: int | None
    reader: int | None


def share_cores() -> Cores:
    """One core for the source and another for the reader, where there are two."""
    usable = cores()
    return Cores(usable[0], usable[1]) if len(usable) > 1 else Cores(None, None)


def run(plan: Plan, name: str, on: Cores) -> Run:
    """One reader against a fresh source. Raises `benchmarks.child.ChildFailed`."""
    common = {"connections": plan.connections, "events": plan.events}
    load = {"rate": plan.rate, "body": plan.body, "pattern": plan.pattern}
    with Child("benchmarks.source", **common, **load, core=on.source) as source:
        url = f"http://127.0.0.1:{source.hear('port', _START_WITHIN_S)}/events"
        with Child(f"benchmarks.readers.{name}", **common, url=url, core=on.reader) as reader:
            reader.hear("open", _OPEN_WITHIN_S)
            source.hear("open", _OPEN_WITHIN_S)
            source.tell(START)
            within_s = plan.seconds * 2 + _BACKLOG_WITHIN_S
            return Run(
                source=SourceReport(**source.hear("report", within_s)),
                reader=ReaderReport(**reader.hear("report", within_s)),
            )


def doubts(result: Run, plan: Plan) -> list[str]:
    """Why the run's figures do not answer the question: the load was not as asked, or the machine was busy."""
    source, waited, found = result.source, result.reader.waited, []
    if source.blocked:
        found.append(f"{source.blocked} writes did not fit the socket: the reader was too slow for this rate")
    if source.behind_max_ms > LATE_MS:
        found.append(f"the source fell {source.behind_max_ms:.0f} ms behind its schedule: use a quieter machine")
    if waited > MOST_WAITED:
        found.append(f"the reader waited {waited:.0%} of the run for its core: other processes were using it")
    if set(source.written) != {plan.events}:
        found.append("the source did not write every event")
    return found


def faults(result: Run) -> list[str]:
    """What the reader did not hand out as it was sent, in words."""
    reader = result.reader
    counts = {"lost": reader.lost, "duplicated": reader.duplicated, "reordered": reader.reordered}
    return [f"{count} {word}" for word, count in counts.items() if count]


def exit_code(parts: list[Part]) -> int:
    """3 when a reader lost, duplicated or reordered events, 4 when there are `doubts`, else 0."""
    if any(faults(result) for part in parts for result in part.runs):
        return FAILED
    if any(doubts(result, part.plan) for part in parts for result in part.runs):
        return INCONCLUSIVE
    return PASS

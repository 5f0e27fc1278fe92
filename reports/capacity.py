"""The part of result.json about a climb: how much the service holds within its targets, and what gives first.

Times ``*_s`` are seconds since the start of the run, times ``*_us`` microseconds. ``docs/result-schema.md`` has every
key.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from locust_eventsource.measure.climb import TRIES

__all__ = [
    "TRIES",
    "Capacity",
    "ClimbLoad",
    "ClimbStep",
    "end_of",
    "load_text",
    "rate_text",
    "summary_of",
    "verdict_of",
]

HELD: Final = "held"
_NOTHING: Final = "Not even the first load was held."
MISSED: Final = "missed"
TESTER: Final = "tester"


@dataclass(frozen=True, slots=True)
class ClimbLoad:
    """So many open streams, and so many events a second on each of them."""

    streams: int
    events_per_s: float
    deliveries_per_s: float


@dataclass(frozen=True, slots=True)
class ClimbStep:
    """One step: what was asked, what it came to, and what was measured in it alone.

    ``outcome`` is ``held``, ``missed`` (the service missed a target), ``tester`` (a target was missed or open while the
    tester was overloaded) or ``unclear``; ``reasons`` say why it is not ``held``. A percentile is infinite where its
    rank falls among lost events and None where nothing was measured.
    """

    at_s: float
    lasted_s: float
    load: ClimbLoad
    outcome: str
    reasons: list[str] = field(default_factory=list)
    events: int = 0
    """Events that the service acknowledged."""
    delivery_p50_us: float | None = None
    delivery_p99_us: float | None = None
    connect_p99_us: float | None = None
    lost: int = 0
    errors: int = 0
    requests: int = 0
    cpu_percent: float | None = None
    """Of one core, by the tester."""
    tester: str = ""
    """What of the tester was overloaded; empty when it kept up."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a climb found.

    ``held`` is the largest load that was held, ``gave`` the smallest that was not; ``limit`` says what stood against it
    (an ``outcome`` of its steps; empty where every load was held) and ``gives_first`` why. ``complete`` is false where
    the run ended before the climb did.
    """

    held: ClimbLoad | None = None
    gave: ClimbLoad | None = None
    limit: str = ""
    gives_first: list[str] = field(default_factory=list)
    complete: bool = False
    summary: str = ""
    steps: list[ClimbStep] = field(default_factory=list)


def verdict_of(step: ClimbStep) -> str:
    """The outcome of a step as a verdict."""
    return {HELD: "pass", MISSED: "fail"}.get(step.outcome, "inconclusive")


def load_text(load: ClimbLoad) -> str:
    """A load in words."""
    return (
        f"{load.streams:,} streams at {rate_text(load.events_per_s)} events a second each "
        f"({load.deliveries_per_s:,.0f} deliveries a second)"
    )


def rate_text(per_s: float) -> str:
    """Events per second, to three digits where they are few."""
    return f"{per_s:,.0f}" if per_s >= 100 else f"{per_s:.3g}"


def summary_of(found: Capacity) -> str:
    """The answer in two or three sentences."""
    if not found.complete:
        so_far = f"this was held: {load_text(found.held)}" if found.held else "nothing was shown to be held"
        return f"{end_of(found)} So far {so_far}."
    held = f"The service holds {load_text(found.held)} within its targets." if found.held else _NOTHING
    return f"{held} {end_of(found)}"


def end_of(found: Capacity) -> str:
    """Why the climb went no further."""
    if not found.complete:
        return "The run ended before the climb did."
    if found.gave is None:
        return "That was the last load asked for; it may hold more."
    why = "; ".join(found.gives_first)
    at = load_text(found.gave)
    if found.limit == MISSED:
        return f"At {at} this gives first: {why}. The tester kept up, so the limit is the service's."
    if found.limit == TESTER:
        return f"At {at} the limit was the tester's ({why}), so the service may hold more."
    return f"At {at} the evidence carries no verdict: {why}."

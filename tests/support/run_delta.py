"""What a process of a small run tells the ledger."""

from __future__ import annotations

from locust.stats import RequestStats

from argparse import Namespace
from typing import Any

from locust_eventsource.measure.clock_offset import Probe
from locust_eventsource.measure.recorder import Recorder
from run.clocks import ProcessClock
from run.ledger import Ledger
from run.outcome.figures import RunFigures
from studio.check_log import CheckLog
from studio.contract import Envelope, EventKey
from studio.delivery_spread import DeliverySpread
from studio.verify.actions import Action
from studio.verify.capture import Capture

SECOND = 1_000_000_000
MS = 1_000_000


def options(**changes: object) -> Namespace:
    """The options of a run, as far as a ledger looks at them."""
    defaults = {"run_id": "lt-1", "settle": 5.0, "stuck_after": 60.0, "replay": None, "measure_only": False}
    return Namespace(**({"threshold": None} | defaults | changes))


def figures(
    ledger: Ledger, *, executes: bool = True, delivery_asked: bool = True, stats: RequestStats | None = None
) -> RunFigures:
    """The figures of a ledger."""
    return RunFigures(ledger, stats or RequestStats(), executes=executes, delivery_asked=delivery_asked)


def clock_facts(*, skew_ns: int = 0, probes: int = 2, problem: str = "") -> dict[str, Any]:
    """What a process on another machine knows after some probes, each 2 ms long."""
    clock = ProcessClock("https://studio.example", 5)
    for number in range(probes):
        at_ns = (10 + number) * SECOND
        clock.add(Probe(at_ns, at_ns + 2 * MS, at_ns + MS + skew_ns, 1))
    return clock.facts(2 * MS, problem)


def delta(run_id: str = "lt-1", *, lose: bool = False) -> dict[str, Any]:
    """One created task on two streams, of which the second may lose it."""
    recorder, capture = Recorder(), Capture()
    for stream in range(2):
        capture.stream_opened(stream, 0)
    event = Envelope("e1", "task.created", 10 * SECOND, 1, {"type": "task.created", "task_id": "t", "title": ""})
    for stream in range(1 if lose else 2):
        capture.arrived(stream, event, 10 * SECOND + 5_000_000, replayed=False)
        recorder.record("delivery", 5_000_000, 10 * SECOND, "task.created")
        recorder.count("deliveries", type="task.created")
    key = EventKey("t", "task.created", "")
    capture.acted(Action("create", "t", "", 10 * SECOND, 10 * SECOND + 9_000_000, True, key, ""))
    return {
        "run": run_id,
        "ended": True,
        "measures": recorder.take(),
        "due": [],
        "events": capture.take(60 * SECOND),
        "checks": CheckLog().take(),
        "connections": {
            "counts": {"opened": 2},
            "errors": {},
            "gaps": [],
            "samples": {},
            "open": 2,
            "peak": 2,
            "unrepaired": [],
        },
        "clock": clock_facts(),
        "spread": DeliverySpread().take(),
        "held": {},
        "unread_peak": None,
        "cpu_percent": 5.0,
        "internal_error": False,
        "deleted": 1,
        "left": [],
        "remarks": [],
        "climb": None,
    }

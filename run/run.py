"""One run as one process sees it: its measures, its captured events, its checks and its tasks."""

from __future__ import annotations

from locust import log as locust_log

import os
import time
from argparse import Namespace
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import gevent

from config.options import delivery_asked
from locust_eventsource.locust.connection_log import ConnectionLog
from locust_eventsource.locust.pump import pump_of
from locust_eventsource.locust.socket_sampler import SocketSampler
from locust_eventsource.locust.stats_table import add_deliveries
from locust_eventsource.measure.pending import PendingDeliveries
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.tap import Tap
from locust_eventsource.waiting import Signal
from run.clocks import ProcessClock
from run.interference import ForgivingRequests, Interference
from studio.check_log import CheckLog
from studio.clock_probe import ClockProbe
from studio.contract import Envelope, EventType
from studio.embedded import EmbeddedStudio
from studio.marks import mark_of, marked
from studio.observer import StudioObserver
from studio.stream_lives import StreamLives
from studio.task_board import TaskBoard
from studio.trigger_clock import TriggerClock
from studio.verify.actions import Action
from studio.verify.big_events import BigEvents
from studio.verify.capture import Capture
from studio.verify.unverified import Unverified

if TYPE_CHECKING:
    from locust.env import Environment

_SECOND_NS = 1_000_000_000

_CPU_OVER_S = 5
"""Processor time is averaged over so long: a peak of a second, as when users are spawned, overloads nobody."""

_LOOK_EVERY_S = 0.005

_SETTLED_AT_ONCE = 5_000
"""Latencies that are recorded before others may run: some 10 ms of work."""


class Run:
    """What one process gathers during one test run."""

    def __init__(self, environment: Environment, options: Namespace) -> None:
        self.environment = environment
        self.options = options
        self.mark = mark_of(options.run_id, os.getpid())
        self.recorder = Recorder()
        self.tap = Tap(self.recorder)
        """For whoever looks at a part of the run by itself."""
        self.capture = Unverified() if options.measure_only else Capture(settle_ns=int(options.settle * 1e9))
        self.interference = Interference()
        self.checks = CheckLog(self.interference.doubt)
        self.triggers = TriggerClock()
        self.big_events = BigEvents()
        self.board = TaskBoard()
        self.connections = ConnectionLog(
            self.recorder,
            excuses_loss=self.interference.excuses_loss,
            excuses_failure=self.interference.excuses_failure,
        )
        self.lives = StreamLives(self.checks, self.interference.was_away_at)
        self.requests = ForgivingRequests(environment.events.request, self.interference)
        pump_of(environment).requests = self.requests
        self.sockets = SocketSampler(self.recorder)
        self.clock = ProcessClock(str(environment.host), options.clock_probe)
        self.pending = PendingDeliveries(self.clock.estimator, self.recorder, self._settled)
        self.probe: ClockProbe | None = None
        """What probes the service's clock, where this process does."""
        self.observer = StudioObserver(
            self.recorder,
            self.capture,
            self.checks,
            self.triggers,
            self.big_events,
            self.pending,
            aliases=dict(alias.split("=", 1) for alias in options.event_alias or ()),
            delivery_asked=delivery_asked(options),
            offset_at=self.clock.offset_at,
            first_sight=self._first_sight,
        )
        self.studio: EmbeddedStudio | None = None
        """The service, where the run started it itself and in this process."""
        self.stopping = Signal()
        self._titles = count(1)
        self._busy = 0
        self._cpu_percent: float | None = None
        self._began = time.monotonic()
        self._cpu_times = deque([(time.monotonic_ns(), time.process_time_ns())], maxlen=_CPU_OVER_S + 1)
        self.is_clean = False
        """The end of the run has deleted what this process created."""
        self.left: list[dict[str, str]] = []
        self.deleted = 0
        self._remarks: list[str] = []
        self._climb: dict[str, Any] | None = None

    def title(self, title: str) -> str:
        """The title with the run's mark, unique in the run."""
        return marked(title, self.mark, next(self._titles))

    def acted(self, action: Action) -> None:
        """A REST call was answered, or was not."""
        self.capture.acted(action)
        if action.kind == "create" and action.acknowledged:
            self.board.adopt(action.task_id, action.title)
        elif action.kind == "delete" and action.acknowledged:
            self.deleted_task(action.task_id)

    def deleted_task(self, task_id: str) -> None:
        """A task of the run is gone from the server."""
        self.board.forget(task_id)
        self.deleted += 1

    def _first_sight(self, envelope: Envelope, earliest_ns: int, latest_ns: int) -> None:
        title = str(envelope.fields.get("title", ""))
        if envelope.type == EventType.TASK_CREATED and self.mark in title:
            self.board.adopt(envelope.task_id, title)
        self.board.update(envelope, earliest_ns, latest_ns)

    def remark(self, sentence: str) -> None:
        """Say something of the run that its result is to say as well."""
        self._remarks.append(sentence)

    def climbed(self, so_far: dict[str, Any]) -> None:
        """A climb has come so far; replaces what was said of it before."""
        self._climb = so_far

    @contextmanager
    def busy(self) -> Iterator[None]:
        """A trigger or an execution is under way: the end of the run waits for it."""
        self._busy += 1
        try:
            yield
        finally:
            self._busy -= 1

    def wait_until(self, holds: Callable[[], bool], timeout_s: float) -> bool:
        """Wait until it holds; False when it does not in time, or when the run ends first."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() >= deadline or self.stopping.wait(_LOOK_EVERY_S):
                return False
        return True

    @property
    def lasted_s(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self._began

    @property
    def idle(self) -> bool:
        """True when no trigger and no execution is under way."""
        return self._busy == 0

    def _settled(self, metric: str, type_: str | None, bounds: Sequence[tuple[int, int, int]], at_ns: int) -> None:
        if metric == "delivery":
            self.observer.spread.settled(bounds)
        values = [value for _, value, _ in bounds]
        add_deliveries(self.environment.stats, f"{metric} {type_}", values, at_ns // _SECOND_NS)

    def end(self) -> None:
        """Nothing more will come: what waits for the service's clock is settled with what is known of it."""
        self.lives.end()
        self.clock.estimator.finish()
        self.settle(final=True)

    def settle(self, *, final: bool = False) -> None:
        """Record the latencies for which the clock is known by now, in pieces between which others run."""
        while self.pending.settle(final=final, at_most=_SETTLED_AT_ONCE):
            gevent.sleep(0)

    def sample(self) -> None:
        """Once a second: open connections, what the kernel says of them, and the processor time."""
        at_ns = time.time_ns()
        self.connections.sample(at_ns // _SECOND_NS, pump_of(self.environment).states)
        self.sockets.sample(self.connections.open_streams, at_ns)
        self.settle()
        self._cpu_times.append((time.monotonic_ns(), time.process_time_ns()))
        if len(self._cpu_times) == self._cpu_times.maxlen:
            self._cpu_percent = max(self._cpu_percent or 0.0, self._cpu_now())

    def _cpu_now(self) -> float:
        """Processor time of this process since the oldest look that is kept, in per cent of one core."""
        (since_ns, used_before_ns), (now_ns, used_ns) = self._cpu_times[0], self._cpu_times[-1]
        return 100 * (used_ns - used_before_ns) / (now_ns - since_ns) if now_ns > since_ns else 0.0

    def take(self) -> dict[str, Any]:
        """What has come since the last call, fit for a message between processes."""
        deleted, self.deleted = self.deleted, 0
        left, self.left = self.left, []
        remarks, self._remarks = self._remarks, []
        climb, self._climb = self._climb, None
        return {
            "run": self.options.run_id,
            "ended": self.is_clean,
            "measures": self.tap.take(),
            "due": self.triggers.take_due(),
            "events": self.capture.take(time.time_ns()),
            "checks": self.checks.take(),
            "connections": self.connections.take(),
            "clock": self.clock.facts(self.pending.widest_ns, self.probe.problem if self.probe else ""),
            "spread": self.observer.spread.take(),
            "held": self.pending.held(),
            "unread_peak": self.sockets.unread_peak,
            "cpu_percent": self._cpu_now() if self._cpu_percent is None else self._cpu_percent,
            "internal_error": locust_log.unhandled_greenlet_exception,
            "deleted": deleted,
            "left": left,
            "remarks": remarks,
            "climb": climb,
        }


_runs: WeakKeyDictionary[Environment, Run] = WeakKeyDictionary()


def begin(environment: Environment, options: Namespace) -> Run:
    """Start a new run in this process; it replaces the one before."""
    run = _runs[environment] = Run(environment, options)
    return run


def run_of(environment: Environment) -> Run:
    """The process's run; users call this, so a test has been started."""
    return _runs[environment]


def last_run(environment: Environment) -> Run | None:
    """The process's run, or None before the first test."""
    return _runs.get(environment)

"""The user that climbs: how many streams at how many events a second does the service hold, and what gives first?

It is a user and not a ``LoadTestShape``. A shape only says how many users there are; it would count users where the
climb counts streams and events, one shape in a locustfile takes over every run of it, and it decides in the master,
which hears of a step seconds after it was made. A user opens and closes its streams and paces its events by itself,
sees at once how they fare, and can end a step that is lost before the service has piled up a backlog. The price is that
the climb has one process: where that is not enough, the answer says that the tester was the limit.
"""

from __future__ import annotations

from locust import task

import logging
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import gevent

from config.values import load_of
from locust_eventsource.measure.climb import KINDS, Climb, Course, Load, Outcome
from locust_eventsource.measure.climb_step import judged_by_step
from locust_eventsource.measure.pending import STAMP_SLOT_NS
from locust_eventsource.stream import EventStream
from locust_eventsource.waiting import Signal
from reports.capacity import Capacity, ClimbStep, load_text
from reports.codec import to_json
from run.outcome.climbing import NAME
from run.outcome.rows import thresholds
from scenarios.climb_measure import StepMeasure, as_record
from scenarios.crowd import CrowdUser, has_settled
from scenarios.paced_events import Pace, PacedEvents

logger = logging.getLogger(__name__)

_OPEN_EVERY_S: Final = 0.005
"""Streams are opened one after the other: a rush is another question (scenario spike)."""
_VISIT_EVERY_S: Final = 0.2
"""While the load lasts a further stream is opened and closed this often, so that connecting is measured under load."""
_WATCH_EVERY_S: Final = 0.2
_LOOK_EVERY_S: Final = 0.05
_BACKLOG_WITHIN_S: Final = 60.0
"""How long a step that was not held may leave the service with what it owes, before the next begins."""
_PLACED_WITHIN_S: Final = 10.0
"""How long latencies may wait for the service's clock."""


class CapacityUser(CrowdUser):
    """Climbs once, with streams of its own, and has the service to itself. The run ends when the climb does."""

    scenario = NAME
    fixed_count = 1
    owes_events = True
    alone = True

    def on_start(self) -> None:
        """Hold nothing yet: all streams are the climb's."""

    @task
    def climb(self) -> None:
        """Climb; then wait for the end of the run."""
        with self.load.busy():
            Ascent(self).run()
        gevent.sleep(3_600)


class Ascent:
    """One climb of one user."""

    def __init__(self, user: CapacityUser) -> None:
        options = user.load.options
        first, last = Load(*load_of(options.climb_from)), Load(*load_of(options.climb_to))
        kind = next(kind for kind in KINDS if kind == options.climb)
        self._user = user
        self._load = user.load
        self._climb = Climb(Course(kind, first, last), growth=options.climb_growth)
        self._measure = StepMeasure(user, [each for each in thresholds(options, 1) if judged_by_step(each)])
        self._events = PacedEvents(user)
        self._streams: list[EventStream] = []
        self._steps: list[ClimbStep] = []
        self._over = Signal()
        self._certain: list[str] = []

    def run(self) -> None:
        """Step after step, until the climb or the run is over."""
        self._report()
        while (load := self._climb.load) is not None:
            outcome = self._step(load)
            if self._load.stopping.is_set():
                return
            self._climb.add(outcome)
            self._report()
            self._rest()

    def _step(self, load: Load) -> Outcome:
        """Make one step."""
        self._measure.begin()
        self._events.begin()
        self._hold(load.streams)
        before = {stream: stream.connections for stream in self._streams if stream.state == "open"}
        pace = self._keep_up(load)
        self._events.answered(self._load.options.settle)
        steady = [stream for stream, number in before.items() if self._lasted(stream, number)]
        lost = self._lost(steady)
        self._place()
        verdict, record = self._measure.judge(load, pace, len(steady), len(self._events.owed), lost, self._certain)
        if not self._load.stopping.is_set():
            self._note(record)
        return verdict.outcome

    def _hold(self, streams: int) -> None:
        """Have so many streams open."""
        surplus = self._streams[streams:]
        del self._streams[streams:]
        self._user.leave(surplus)
        while len(self._streams) < streams and not self._load.stopping.wait(_OPEN_EVERY_S):
            self._streams.append(self._user.open_global())
        self._user.wait_open(self._streams)

    def _keep_up(self, load: Load) -> Pace:
        """Keep the load up for the time of a step, or until nothing can save it."""
        seconds = self._load.options.step_time
        self._over, self._certain = Signal(), []
        watch = gevent.spawn(self._watch, round(load.deliveries_per_s * seconds))
        visits = gevent.spawn(self._visit)
        self._measure.load_begins()
        pace = self._events.keep_up(load.events_per_s, seconds, self._over)
        self._measure.load_ends()
        self._over.set()
        watch.join()
        visits.join()
        return pace

    def _watch(self, planned: int) -> None:
        """End the load when the run ends, and when a target cannot be met any more."""
        while self._goes_on(_WATCH_EVERY_S):
            self._certain = self._measure.doomed(planned)
            if self._certain or self._load.stopping.is_set():
                self._over.set()

    def _goes_on(self, after_s: float) -> bool:
        """Whether the load still lasts some time later. The end is waited for by one greenlet alone, the one that paces
        the events: with several that time out all the time gevent's event has been seen to forget one."""
        gevent.sleep(after_s)
        return not self._over.is_set()

    def _visit(self) -> None:
        """Connect now and then."""
        while self._goes_on(_VISIT_EVERY_S):
            stream = self._user.open_global()
            self._load.wait_until(partial(has_settled, stream), self._load.options.connect_timeout)
            self._user.leave([stream])

    @staticmethod
    def _lasted(stream: EventStream, connection: int) -> bool:
        return stream.state == "open" and stream.connections == connection

    def _lost(self, streams: Sequence[EventStream]) -> Counter[str]:
        """Wait for what the streams are owed; what has not come when an event's time to settle is over, by type."""
        return self._wait_for_owed(streams, self._load.options.settle)

    def _wait_for_owed(self, streams: Sequence[EventStream], within_s: float) -> Counter[str]:
        deadline = time.monotonic() + within_s
        while missing := self._load.observer.outstanding(self._events.owed, streams):
            if time.monotonic() >= deadline or self._load.stopping.wait(_LOOK_EVERY_S):
                break
        return missing

    def _place(self) -> None:
        """Let every latency of the step find its offset: a probe after the last event brackets it."""
        until_ns = time.time_ns()
        # Samples that were stamped at about the same time share an offset, so the probe's own must be apart.
        self._load.stopping.wait(2 * STAMP_SLOT_NS / 1e9)
        if self._load.probe is not None:
            self._load.probe.probe()
        deadline = time.monotonic() + _PLACED_WITHIN_S
        while self._load.pending.waits("delivery", until_ns) and time.monotonic() < deadline:
            self._measure.series()
            if self._load.stopping.wait(_LOOK_EVERY_S):
                break

    def _rest(self) -> None:
        """What a step that was not held has left behind must not weigh upon the next."""
        if self._steps[-1].outcome != Outcome.HELD:
            self._wait_for_owed([each for each in self._streams if each.state == "open"], _BACKLOG_WITHIN_S)

    def _note(self, record: ClimbStep) -> None:
        self._steps.append(record)
        told = f" ({'; '.join(record.reasons)})" if record.reasons else ""
        logger.info("Step %d of the climb, %s: %s%s", len(self._steps), load_text(record.load), record.outcome, told)

    def _report(self) -> None:
        """Tell the run how far the climb has come."""
        answer = self._climb.answer()
        found = Capacity(
            held=as_record(answer.held) if answer.held else None,
            gave=as_record(answer.gave) if answer.gave else None,
            limit=str(answer.limit or ""),
            complete=answer.complete,
        )
        against = [step for step in self._steps if (step.load, step.outcome) == (found.gave, found.limit)]
        found = replace(found, gives_first=against[-1].reasons if against else [], steps=self._steps)
        self._load.climbed(to_json(found))  # type: ignore[arg-type]

"""What one step of a climb measured by itself, as the targets ask for it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from locust_eventsource.locust.pump import pump_of
from locust_eventsource.measure.climb import Load
from locust_eventsource.measure.climb_step import StepFacts, StepVerdict, doomed, judge_step
from locust_eventsource.measure.health import overload
from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.series import Series
from locust_eventsource.measure.thresholds import Threshold
from locust_eventsource.measure.verdicts import judge
from reports.capacity import ClimbLoad, ClimbStep
from run.outcome.figures import clock_doubt
from run.outcome.tester import facts_of
from run.run import Run
from scenarios.paced_events import Pace
from scenarios.user import StudioUser


class StepFigures:
    """Implements ``measure.verdicts.Figures`` over the samples of one step."""

    def __init__(
        self, series: Series, lost: Counter[str], owed: int, requests: tuple[int, int], cpu_percent: float
    ) -> None:
        """``lost`` are the deliveries that did not come, by type, of the ``owed``; ``requests`` are (failed, all)."""
        self._series = series
        self._lost = lost
        self._owed = owed
        self._requests = requests
        self._cpu_percent = cpu_percent

    def histogram(self, metric: str, type: str | None = None) -> LatencyHistogram | None:
        """The latencies of a metric, of one event type if given."""
        return self._series.histogram(metric, type)

    def bounds(self, metric: str, type: str | None = None) -> tuple[LatencyHistogram, LatencyHistogram] | None:
        """The same latencies, each as the least and as the most that it can be in truth."""
        low, high = self._series.low(metric, type), self._series.high(metric, type)
        return None if low is None or high is None else (low, high)

    def count(self, metric: str, type: str | None = None) -> int | None:
        """Lost deliveries; None for any other count, which no step takes."""
        return self.lost("delivery", type) if metric == "lost" and self._owed else None

    def out_of(self, metric: str, type: str | None = None) -> int | None:
        """How many deliveries were owed."""
        return self._owed if metric == "lost" and type is None else None

    def rate(self, metric: str) -> tuple[int, int] | None:
        """Failed requests and all requests."""
        return self._requests if self._requests[1] else None

    def gauge(self, metric: str) -> float | None:
        """None: a step has no gauges."""
        return None

    def lost(self, metric: str, type: str | None = None) -> int:
        """Deliveries that did not come within ``--settle``."""
        if metric != "delivery":
            return 0
        return self._lost.total() if type is None else self._lost[type]

    def doubt(self, metric: str) -> str | None:
        """Why a metric's figures cannot carry a verdict, if they cannot."""
        return clock_doubt(self._series, metric, "see --clock-probe") if metric == "delivery" else None

    def uncertainty(self, metric: str) -> str | None:
        """None: the run's own rows say why the samples are intervals."""
        return None

    def overloaded(self) -> str | None:
        """What of the tester was overloaded in the step."""
        return overload(facts_of(self._series, self._cpu_percent))

    def asked(self, metric: str) -> bool:
        """What a step did not measure stands against nothing."""
        return self.histogram(metric) is not None or metric in ("lost", "errors")

    def percentile(self, metric: str, percentile: float) -> float | None:
        """A percentile for people, in microseconds."""
        found = self._series.histogram(metric)
        return None if found is None else found.percentile_us(percentile, self.lost(metric))


class StepMeasure:
    """Gathers what belongs to the step under way."""

    def __init__(self, user: StudioUser, thresholds: Sequence[Threshold]) -> None:
        """``thresholds`` are the targets that are judged by step."""
        self._load: Run = user.load
        self._pump = pump_of(user.environment)
        self._thresholds = thresholds
        self._deliveries = [each for each in thresholds if each.metric == "delivery" and each.type is None]
        self._failed = self._requests = 0
        self._began_ns = self._at_ns = self._used_ns = 0
        self.cpu_percent = 0.0
        user.environment.events.request.add_listener(self._request)

    def _request(self, exception: object = None, **_kwargs: object) -> None:
        self._requests += 1
        self._failed += exception is not None

    def begin(self) -> None:
        """The step begins: what happened before does not belong to it."""
        self._pump.flush()
        self._load.tap.begin()
        self._failed = self._requests = 0
        self._began_ns = time.time_ns()

    def load_begins(self) -> None:
        """From now on the tester's own effort is looked at."""
        self._at_ns, self._used_ns = time.monotonic_ns(), time.process_time_ns()

    def load_ends(self) -> None:
        """Until now."""
        self.cpu_percent = 100 * (time.process_time_ns() - self._used_ns) / max(1, time.monotonic_ns() - self._at_ns)

    def series(self) -> Series:
        """Everything by now, as far as the service's clock is known."""
        self._pump.flush()
        self._load.settle()
        return self._load.tap.read()

    def doomed(self, planned: int) -> list[str]:
        """Targets on delivery that the step misses whatever comes, of so many planned deliveries."""
        lows = self.series().low("delivery")
        return doomed(self._deliveries, lows, planned) if lows is not None else []

    def judge(
        self, asked: Load, pace: Pace, streams_open: int, caused: int, lost: Counter[str], certain: Sequence[str]
    ) -> tuple[StepVerdict, ClimbStep]:
        """The verdict on the step, and its record. ``caused`` are the events that were acknowledged, early or late."""
        owed, requests = caused * streams_open, (self._failed, self._requests)
        figures = StepFigures(self.series(), lost, owed, requests, self.cpu_percent)
        overloaded = figures.overloaded() or ""
        rows = judge(self._thresholds, figures)
        verdict = judge_step(StepFacts(asked, rows, streams_open, *pace, certain, overloaded))
        record = ClimbStep(
            at_s=self._began_ns / 1e9,
            lasted_s=round((time.time_ns() - self._began_ns) / 1e9, 1),
            load=as_record(asked),
            outcome=verdict.outcome,
            reasons=verdict.reasons,
            events=caused,
            delivery_p50_us=figures.percentile("delivery", 50),
            delivery_p99_us=figures.percentile("delivery", 99),
            connect_p99_us=figures.percentile("connect", 99),
            lost=lost.total(),
            errors=self._failed,
            requests=self._requests,
            cpu_percent=round(self.cpu_percent, 1),
            tester=overloaded,
        )
        return verdict, record


def as_record(load: Load) -> ClimbLoad:
    """A load as it stands in the result."""
    return ClimbLoad(load.streams, round(load.events_per_s, 3), round(load.deliveries_per_s, 1))

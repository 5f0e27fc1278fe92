"""A rich result with its series, the same on every call: what a run with losses, a restarted server and a clock that
jumps leaves."""

from __future__ import annotations

import random
from dataclasses import replace

from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series
from reports.lives import Moment, Pace, TaskStory
from reports.measured import metrics_of
from reports.model import (
    CheckRecord,
    Cleanup,
    Connections,
    Deliveries,
    Gap,
    ReasonCount,
    RequestError,
    RequestRecord,
    Result,
    Run,
    VerdictOfRun,
)
from reports.tester import ClockOfProcess, ClockStepRecord, Uncertainty
from tests.support.sample_rows import rows_in_order, sample_rows
from tests.support.sample_tester import (
    BATCH_US,
    CLOCK_US,
    STEP_S,
    STEP_US,
    estimated_clock,
    same_clock,
    sample_health,
    sample_network,
    sample_uncertainty,
)

HOSTILE = "</script><b>|`*_@everyone\x1b[31m\u202e"
STARTED = "2026-11-23T16:30:00.250000Z"
STARTED_S = 1795451400
DURATION_S = 62
STREAMS = 24

_TYPES = ("task.created", "task.status_changed", "session.started", "session.ended", "task.updated")
_SLOW = ("delivery", "trigger", "trigger_sent", "activity")
_MEDIANS_MS = {
    "delivery": 1.4,
    "activity": 2.2,
    "trigger": 6.5,
    "trigger_sent": 6.4,
    "execute": 41.0,
    "lag": 0.03,
    "loop_lag": 0.2,
    "skew": 0.6,
    "rtt": 0.09,
}


def sample_series(*, one_clock: bool = False) -> Series:
    """A minute of latencies: log-normal, slow around the second 40, with connects at the start.

    Deliveries carry the intervals of an estimated clock that jumps, or with ``one_clock`` those of shared reads alone.
    """
    chance = random.Random(7)
    recorder = Recorder()
    for second in range(DURATION_S):
        at_ns = (STARTED_S + second) * 10**9
        for metric, median_ms in _MEDIANS_MS.items():
            slow = 12.0 if second in (40, 41, 42) and metric in _SLOW else 1.0
            for sample in range(60 if metric == "delivery" else 4):
                value_ns = int(median_ms * 1e6 * slow * chance.lognormvariate(0, 0.45))
                kind = _TYPES[sample % len(_TYPES)] if metric in ("delivery", "activity") else None
                clock = metric in ("delivery", "activity") and not one_clock
                batch_us = BATCH_US if metric == "delivery" and sample % 18 == 0 else 0.0
                recorder.record_bounds(metric, *_bounds(value_ns, second, batch_us, clock=clock), at_ns, kind)
        if second < 3 or second == 41:
            for _ in range(8):
                connect_ns = int(8e6 * chance.lognormvariate(0, 0.3))
                recorder.record_bounds("connect", connect_ns - 60_000, connect_ns, connect_ns, at_ns)
                for part, share in (("connect_dns", 0.02), ("connect_tcp", 0.15), ("connect_wait", 0.83)):
                    recorder.record(part, int(connect_ns * share), at_ns)
                recorder.record("first_event", int(60e6 * chance.lognormvariate(0, 0.5)), at_ns)
    series = Series()
    series.add(recorder.take())
    return series


def _bounds(truth_ns: int, second: int, batch_us: float, *, clock: bool) -> tuple[int, int, int]:
    """Low, value and high of a sample; while the clock jumps, the middle of what is known is half the step off."""
    if not clock:
        return max(0, truth_ns - int(batch_us * 1000)), truth_ns, truth_ns
    half_ns, step_ns = int(CLOCK_US * 1000), int(STEP_US * 1000) if second == STEP_S else 0
    low_ns = max(0, truth_ns - half_ns - int(batch_us * 1000))
    return low_ns, truth_ns + step_ns // 2, truth_ns + step_ns + half_ns


def sample_result(series: Series | None = None) -> Result:
    """The result of a run that fails: 3 events lost out of thousands, and a target missed."""
    series = series or sample_series()
    tally = sample_deliveries()
    metrics = metrics_of(series, {"delivery": tally.lost})
    summary = "Failed: 3 of 3,723 deliveries were lost and delivery p(99) is over its limit."
    return Result(
        run=_run(),
        verdict=VerdictOfRun("fail", 3, summary),
        rows=sample_rows(),
        checks=_checks(),
        metrics=metrics,
        deliveries=tally,
        connections=_connections(),
        requests=_requests(),
        errors=[RequestError("POST", "/api/tasks", "HTTP 503: the server is starting", 2)],
        health=sample_health(["1 of 2 processes used more than 90 % of a core for 2 s"]),
        clock=estimated_clock(DURATION_S),
        uncertainty=sample_uncertainty(),
        network=sample_network(),
        cleanup=Cleanup(118, ["task 7f3e: HTTP 503 on DELETE"]),
        pace=_pace(),
        tasks=[_task("failed", 4.0), _task("slowest", 9.5), _task("median", 20.25)],
        notes=["The embedded Studio was started with --seed 1."],
    )


def _pace() -> Pace:
    steady = [[float(at), 8.0] for at in range(DURATION_S)]
    return Pace(1, intended=steady, sent=steady, events=[[at, 2 * n] for at, n in steady], lost=[[41.0, 3.0]])


def _task(picked: str, at_s: float) -> TaskStory:
    moments = [
        Moment("call", "create", at_s, at_s + 0.002),
        Moment("stream status", "todo", at_s + 0.001, at_s + 0.03),
        Moment("REST status", "todo", at_s + 0.002, at_s + 0.024),
        Moment("call", "execute", at_s + 0.02, at_s + 0.04, picked != "failed"),
        Moment("session", "s-1", at_s + 0.025, None),
        Moment("stream status", "planning", at_s + 0.03),
    ]
    return TaskStory(f"task-{picked}", f"a {picked} task", picked, 0.02, moments)


def passing_result() -> Result:
    """The same run with everything in order, on one machine."""
    series = sample_series(one_clock=True)
    result = replace(sample_result(), metrics=metrics_of(series, {}))
    rows = [replace(row, verdict="pass", reason="") for row in rows_in_order()]
    tally = replace(result.deliveries, delivered=3723, lost=0, duplicated=0, unexpected=0)
    return replace(
        result,
        verdict=VerdictOfRun("pass", 0, "Every target was met and all 3,723 deliveries came."),
        rows=rows,
        checks=[replace(check, verdict="pass", summary="none", offenders=[]) for check in result.checks],
        deliveries=tally,
        connections=replace(result.connections, gaps=[], errors=[], reconnects=0),
        health=replace(result.health, warnings=[]),
        cleanup=Cleanup(119, []),
        errors=[],
        clock=same_clock(),
        uncertainty=Uncertainty("batching: 5.6 % of the events shared a read", 0.0, 1.0, 0.0, BATCH_US),
    )


def hostile_result() -> Result:
    """The sample with text in every free place that tries to break out of it."""
    result = sample_result()
    offenders: list[dict[str, object]] = [{"what": HOSTILE, HOSTILE: [HOSTILE, {"a": HOSTILE}]}]
    metric = replace(result.metrics["delivery"], types={HOSTILE: result.metrics["delivery"].types[_TYPES[0]]})
    rows = [replace(row, expression=HOSTILE, reason=HOSTILE, measured_text=HOSTILE) for row in result.rows]
    return replace(
        result,
        run=replace(result.run, host=HOSTILE, user_classes=[HOSTILE], options={HOSTILE: HOSTILE}),
        verdict=VerdictOfRun("fail", 3, HOSTILE),
        rows=rows,
        checks=[CheckRecord(HOSTILE, "fail", HOSTILE, {HOSTILE: 1}, offenders)],
        metrics=result.metrics | {HOSTILE: metric},
        connections=replace(
            result.connections, gaps=[Gap(HOSTILE, 1.0, None, HOSTILE)], errors=[ReasonCount(HOSTILE, 1)]
        ),
        requests=[RequestRecord(HOSTILE, HOSTILE, 1, 1, None, None, None)],
        errors=[RequestError(HOSTILE, HOSTILE, HOSTILE, 1)],
        health=replace(result.health, warnings=[HOSTILE], verdict=HOSTILE, reason=HOSTILE),
        clock=replace(result.clock, processes=[*result.clock.processes, _hostile_clock()]),
        uncertainty=replace(result.uncertainty, text=HOSTILE),
        cleanup=Cleanup(0, [HOSTILE]),
        notes=[HOSTILE],
    )


def _hostile_clock() -> ClockOfProcess:
    steps = [ClockStepRecord(3.0, 4.0, 0.0, 1.0)]
    return ClockOfProcess(HOSTILE, HOSTILE, 1, None, [[0.0, -1.0, 1.0]], steps, HOSTILE)


def sample_deliveries() -> Deliveries:
    """A tally that keeps the identity expected = delivered + lost."""
    return Deliveries(
        expected=3723,
        delivered=3720,
        lost=3,
        duplicated=1,
        unexpected=1,
        foreign=18,
        late=2,
        replayed=40,
        optional=24,
        coalesced=212,
        kernel_stamps=3760,
        user_stamps=0,
    )


def _run() -> Run:
    return Run(
        id="20261123-163000-7f3e",
        started=STARTED,
        ended="2026-11-23T16:31:02.410000Z",
        duration_s=62.16,
        host="http://127.0.0.1:41873",
        embedded=True,
        embedded_options="--turn-ms 200 --fault drop:0.1%",
        locust="2.47.0",
        package="0.1.0",
        python="3.11.7",
        platform="Linux 6.1 x86_64, 2 CPUs",
        users=26,
        spawn_rate=10.0,
        run_time="60s",
        processes=2,
        user_classes=["StreamUser", "TriggerUser", "ExecutionUser"],
        options={"task_rate": 2.0, "streams_per_user": 1, "executions": 1, "config": "config/target.toml"},
    )


def _checks() -> list[CheckRecord]:
    at_ns = STARTED_S * 10**9 + 40_512_000_000
    lost: list[dict[str, object]] = [
        {
            "what": "lost",
            "again": 'curl -N "$HOST/api/events"',
            "event_id": f"evt-{1840 + at}",
            "type": "task.status_changed",
            "task_id": f"task-{at}c41",
            "title": "Fix the flaky login test [run 7f3e]",
            "streams": [f"w1/{stream}" for stream in range(3 + 9 * at)],
            "sent_ns": at_ns,
            "first_arrival_ns": at_ns + 4_100_000,
        }
        for at in range(3)
    ]
    twice: list[dict[str, object]] = [
        {"what": "duplicated", "event_id": "evt-77", "type": "task.created", "streams": ["w2/4"], "at_ns": at_ns}
    ]
    return [
        CheckRecord("delivery.lost", "fail", "3 deliveries of 3 events never came.", {"lost": 3}, lost),
        CheckRecord("delivery.duplicated", "fail", "1 event came twice on one stream.", {"duplicated": 1}, twice),
        CheckRecord("delivery.reordered", "pass", "Every stream saw the events in the same order.", {"reordered": 0}),
        CheckRecord(
            "lifecycle.transitions", "unknown", "Worker 2 stopped reporting 3 s before the end.", {"unknown": 12}
        ),
    ]


def _connections() -> Connections:
    steps = [(at * 0.12, at + 1) for at in range(STREAMS)]
    gap = [(38.4, 0), *((40.9 + at * 0.05, at + 1) for at in range(STREAMS)), (61.0, STREAMS)]
    reason = "connection ended inside the message"
    return Connections(
        opened=50,
        failed=2,
        reconnects=STREAMS,
        peak=STREAMS,
        open_at_end=STREAMS,
        gaps=[Gap(f"w{1 + at % 2}/{at}", 38.4, 40.9 + at * 0.05, reason) for at in range(STREAMS)],
        open_over_time=[[float(at), float(n)] for at, n in (*steps, *gap)],
        errors=[ReasonCount("tcp: connection refused", 2), ReasonCount(reason, STREAMS)],
    )


def _requests() -> list[RequestRecord]:
    return [
        RequestRecord("SSE", "/api/events", 50, 2, 8.0, 14.0, 14.2),
        RequestRecord("POST", "/api/tasks", 120, 2, 5.0, 21.0, 24.9),
        RequestRecord("POST", "/api/tasks/{id}/execute", 31, 0, 41.0, 110.0, 112.0),
        RequestRecord("DELETE", "/api/tasks/{id}", 118, 0, 4.0, 9.0, 12.0),
    ]

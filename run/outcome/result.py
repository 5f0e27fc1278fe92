"""The run as ``result.json`` has it (docs/result-schema.md)."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from config.options import chosen, command_line, delivery_asked, without_credentials
from locust_eventsource.locust.stats_table import METHOD as EVENT_METHOD
from locust_eventsource.measure.exit_codes import FAILED, INCONCLUSIVE, INTERNAL_ERROR, PASS, exit_code, outcome
from locust_eventsource.measure.health import METRIC as TESTER
from locust_eventsource.measure.verdicts import Row, Verdict
from reports.capacity import Capacity
from reports.intervals import step_s
from reports.lives import Moment, Pace, TaskStory
from reports.measured import metrics_of
from reports.model import (
    Cleanup,
    Connections,
    Deliveries,
    Gap,
    ReasonCount,
    RequestError,
    RequestRecord,
    Result,
    VerdictOfRun,
    check_record,
    row_record,
)
from reports.model import Run as FactsOfRun
from run.ledger import Ledger
from run.outcome import climbing, tester
from run.outcome.facts import RunFacts
from run.outcome.figures import RunFigures
from run.outcome.notes import notes
from run.outcome.rows import rows
from studio.verify.checks import CheckResult
from studio.verify.pace import steps
from studio.verify.task_stories import Picked

if TYPE_CHECKING:
    from locust.stats import RequestStats


def judged_rows(facts: RunFacts, stats: RequestStats, ledger: Ledger) -> Sequence[Row]:
    """The verdict rows as of now."""
    figures = RunFigures(ledger, stats, executes=facts.executes, delivery_asked=delivery_asked(facts.options))
    if ledger.climbs:
        return climbing.rows(
            facts.thresholds, figures, figures.fit, climbing.capacity_of(ledger.climb, ledger.started_ns)
        )
    return rows(facts.thresholds, figures)


def assemble(facts: RunFacts, stats: RequestStats, ledger: Ledger, judged: Sequence[Row]) -> Result:
    """The result document; ``judged`` are the rows of ``judged_rows``."""
    checks = ledger.check_results()
    code = exit_code(judged, checks, facts.internal_error or ledger.internal_error)
    capacity = climbing.capacity_of(ledger.climb, ledger.started_ns) if ledger.climbs else None
    return Result(
        run=_facts(facts, ledger),
        verdict=VerdictOfRun(outcome(code), code, _sentence(code, judged, checks, capacity)),
        rows=[row_record(row) for row in judged],
        checks=[check_record(check, ledger.noticed_s.get(check.name)) for check in checks],
        metrics=metrics_of(ledger.series, {"delivery": ledger.judge.tally.lost}, ledger.judge.lost_by_type),
        deliveries=_deliveries(ledger),
        connections=_connections(ledger),
        requests=_requests(stats),
        errors=errors(stats, facts.host),
        health=tester.health(ledger, facts.file_limit),
        clock=tester.clock(ledger),
        uncertainty=tester.uncertainty(ledger),
        network=tester.network(ledger),
        pace=_pace(ledger),
        tasks=[_task(each, ledger.started_ns) for each in ledger.judge.stories.picked()],
        cleanup=Cleanup(ledger.deleted, [f"{task['task_id']} ({task['problem']})" for task in ledger.left]),
        capacity=capacity,
        notes=notes(ledger, facts.options, embedded=facts.embedded),
    )


def _facts(facts: RunFacts, ledger: Ledger) -> FactsOfRun:
    options, ended_ns = facts.options, ledger.ended_ns or time.time_ns()
    return FactsOfRun(
        id=ledger.run_id,
        started=_rfc3339(ledger.started_ns),
        ended=_rfc3339(ended_ns),
        duration_s=round((ended_ns - ledger.started_ns) / 1e9, 3),
        host=without_credentials(facts.host),
        embedded=facts.embedded,
        embedded_options=" ".join(_embedded_options(options)) if facts.embedded else None,
        users=facts.users,
        spawn_rate=options.spawn_rate,
        run_time=f"{options.run_time} s" if options.run_time else None,
        processes=max(1, len(ledger.cpu_percent)),
        user_classes=facts.user_classes,
        options=chosen(options),
        command=command_line(
            options, host="" if facts.embedded else without_credentials(facts.host), users=facts.users
        ),
        **facts.programs,
    )


def _embedded_options(options: Namespace) -> list[str]:
    words = ["--as-found"] if options.as_found else []
    words += [f"--fault {fault}" for fault in options.fault or ()]
    words += [f"--studio-option {option}" for option in options.studio_option or ()]
    if options.replay:
        words.append(f"--replay {options.replay}")
    return words + (["--rebase"] if options.rebase else [])


def _rfc3339(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sentence(code: int | None, rows: Sequence[Row], checks: Sequence[CheckResult], capacity: Capacity | None) -> str:
    if capacity is None or code == INTERNAL_ERROR:
        return outcome_text(code, rows, checks)
    return capacity.summary if code == PASS else f"{capacity.summary} {outcome_text(code, rows, checks)}"


def outcome_text(code: int | None, rows: Sequence[Row], checks: Sequence[CheckResult]) -> str:
    """What stands behind an exit code, in a sentence."""
    if code == INTERNAL_ERROR:
        return "The tester itself had an internal error, so nothing here can be relied on; see the log."
    failed = [row.expression for row in rows if row.verdict == Verdict.FAIL]
    broken = [check.name for check in checks if check.verdict == "fail"]
    if code == FAILED:
        parts = [f"missed: {', '.join(failed)}"] if failed else []
        parts += [f"checks failed: {', '.join(broken)}"] if broken else []
        return f"The service did not meet its targets; {'; '.join(parts)}."
    if code == INCONCLUSIVE:
        open_rows = [row.expression for row in rows if row.verdict == Verdict.INCONCLUSIVE]
        open_checks = [check.name for check in checks if check.verdict == "unknown"]
        return f"The evidence does not carry a verdict on: {', '.join(open_rows + open_checks)}."
    if code is None:
        return "No targets were asked for."
    judged = sum(row.verdict == Verdict.PASS and row.metric != TESTER for row in rows)
    accounted = ", and every event of the run is accounted for" if any(c.counts.get("expected") for c in checks) else ""
    return f"All {judged} targets are met{accounted}."


def _deliveries(ledger: Ledger) -> Deliveries:
    counter = ledger.series.counter
    return Deliveries(
        **ledger.judge.tally.as_dict(),
        history=counter("history"),
        replay_unavailable=counter("replay_unavailable"),
        coalesced=counter("coalesced"),
        kernel_stamps=counter("stamps_kernel"),
        user_stamps=counter("stamps_user"),
        unplaced=counter("unplaced", "delivery"),
    )


def _pace(ledger: Ledger) -> Pace:
    pace, started_s = ledger.judge.pace, ledger.started_ns / 1e9
    width = step_s(((ledger.ended_ns or time.time_ns()) - ledger.started_ns) / 1e9)
    counters = {name: getattr(pace, name) for name in ("intended", "sent", "events", "lost")}
    return Pace(width, **{name: steps(counter, started_s, width) for name, counter in counters.items()})


def _seconds(at_ns: int, started_ns: int) -> float:
    return round((at_ns - started_ns) / 1e9, 6)


def _task(picked: Picked, started_ns: int) -> TaskStory:
    life = picked.life
    moments = [
        Moment(
            lane=span.lane,
            what=span.what,
            at_s=_seconds(span.at_ns, started_ns),
            to_s=None if span.to_ns is None else _seconds(span.to_ns, started_ns),
            good=span.good,
        )
        for span in life.spans
    ]
    return TaskStory(life.task_id, life.title, picked.why, round(life.wait_ns / 1e9, 6), moments)


def _connections(ledger: Ledger) -> Connections:
    facts = ledger.connections.as_result(ledger.started_ns)
    facts["gaps"] = [Gap(**gap) for gap in facts["gaps"]]
    facts["errors"] = [ReasonCount(**error) for error in facts["errors"]]
    return Connections(**facts)


def _requests(stats: RequestStats) -> list[RequestRecord]:
    return [
        RequestRecord(
            method=entry.method,
            name=entry.name,
            count=entry.num_requests,
            failures=entry.num_failures,
            p50_ms=entry.get_response_time_percentile(0.5),
            p99_ms=entry.get_response_time_percentile(0.99),
            max_ms=round(entry.max_response_time, 3),
        )
        for _, entry in sorted(stats.entries.items())
        if entry.method != EVENT_METHOD
    ]


def errors(stats: RequestStats, host: str) -> list[RequestError]:
    """Locust's table of failures, without the credentials that the host may carry."""
    public = without_credentials(host)
    return [
        RequestError(error.method, error.name, str(error.error).replace(host, public), error.occurrences)
        for error in stats.errors.values()
    ]

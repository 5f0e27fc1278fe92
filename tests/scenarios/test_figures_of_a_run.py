"""Which targets a run can be asked for, and what it answers."""

from __future__ import annotations

from locust.stats import RequestStats

from argparse import Namespace

import pytest

from locust_eventsource.measure.recorder import Recorder
from scenarios.figures import RunFigures
from scenarios.ledger import Ledger
from scenarios.live_table import table
from scenarios.rows import rows
from studio.check_log import CheckLog
from studio.contract import Envelope, EventKey
from studio.verify.actions import Action
from studio.verify.capture import Capture

SECOND = 1_000_000_000


def options(**changes: object) -> Namespace:
    return Namespace(**({"run_id": "lt-1", "settle": 5.0, "threshold": None} | changes))


def figures(
    ledger: Ledger, *, executes: bool = True, delivery_asked: bool = True, stats: RequestStats | None = None
) -> RunFigures:
    return RunFigures(ledger, stats or RequestStats(), executes=executes, delivery_asked=delivery_asked)


def delta(run_id: str = "lt-1", *, lose: bool = False) -> dict[str, object]:
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
        "measures": recorder.take(),
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
        "cpu_percent": 5.0,
        "internal_error": False,
        "deleted": 1,
        "left": [],
    }


def test_listeners_alone_are_asked_for_connections_only() -> None:
    asked = figures(Ledger(options(), owes_events=False), executes=False).asked
    assert [asked(name) for name in ("connect", "streams", "errors")] == [True] * 3
    assert [asked(name) for name in ("delivery", "lost", "trigger", "execute", "activity")] == [False] * 5


def test_triggers_are_asked_for_deliveries_and_executions_for_sessions() -> None:
    asked = figures(Ledger(options(), owes_events=True), executes=False).asked
    assert [asked(name) for name in ("delivery", "lost", "trigger", "execute")] == [True, True, True, False]
    assert figures(Ledger(options(), owes_events=True)).asked("execute")


def test_delivery_of_a_recording_is_not_asked_even_with_triggers() -> None:
    assert not figures(Ledger(options(), owes_events=True), delivery_asked=False).asked("delivery")


def test_nothing_counted_is_not_the_same_as_a_count_of_zero() -> None:
    ledger = Ledger(options(), owes_events=True)
    assert figures(ledger).count("lost") is None
    ledger.add("local", delta())
    ledger.finish()
    assert figures(ledger).count("lost") == 0
    assert figures(ledger).out_of("lost") == 2


def test_a_lost_delivery_counts_in_total_and_for_its_type() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.add("local", delta(lose=True))
    ledger.finish()
    found = figures(ledger)
    assert found.count("lost") == 1
    assert [found.lost("delivery", kind) for kind in (None, "task.created", "session.ended")] == [1, 1, 0]
    assert found.lost("trigger", None) == 0


def test_counts_of_one_type_are_of_that_type_and_none_where_there_is_nothing_of_it() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.add("local", delta(lose=True))
    ledger.finish()
    found = figures(ledger)
    assert [found.count("lost", kind) for kind in ("task.created", "nosuch.type")] == [1, None]
    assert [found.count("deliveries", kind) for kind in ("task.created", "nosuch.type")] == [1, None]
    assert found.out_of("lost", "task.created") is None


def test_nothing_tried_is_no_figure_for_connections() -> None:
    ledger = Ledger(options(), owes_events=True)
    assert figures(ledger).gauge("streams") is None
    assert figures(ledger).count("failures") is None
    ledger.add("local", delta())
    assert figures(ledger).gauge("streams") == 2
    assert figures(ledger).count("failures") == 0


def test_the_error_rate_is_that_of_all_requests() -> None:
    stats = RequestStats()
    ledger = Ledger(options(), owes_events=True)
    assert figures(ledger, stats=stats).rate("errors") is None
    for _ in range(4):
        stats.log_request("GET", "/", 1, 0)
    stats.log_error("GET", "/", "refused")
    assert figures(ledger, stats=stats).rate("errors") == (1, 4)


def test_events_that_come_before_their_timestamp_put_the_clocks_in_doubt() -> None:
    ledger = Ledger(options(), owes_events=True)
    recorder = Recorder()
    recorder.record("delivery", -5_000_000, 10 * SECOND)
    ledger.series.add(recorder.take())
    doubt = figures(ledger).doubt("delivery")
    assert doubt is not None and "disagree" in doubt
    assert figures(ledger).doubt("connect") is None


def test_words_of_another_run_and_words_after_the_end_are_passed_over() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.add("local", delta("lt-0"))
    assert ledger.judge.tally.arrivals == 0
    ledger.add("local", delta())
    ledger.finish()
    ledger.add("local", delta())
    assert ledger.judge.tally.arrivals == 2


def test_an_interrupted_end_leaves_the_run_open() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.abandoned = True
    assert ("run.drained", "unknown") in [(check.name, check.verdict) for check in ledger.check_results()]


def test_what_is_left_on_the_server_fails_the_clean_up() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.left.append({"task_id": "t", "title": "haiku", "problem": "500"})
    ledger.finish()
    (check,) = [check for check in ledger.check_results() if check.name == "cleanup"]
    assert check.verdict == "fail"
    assert "task t could not be deleted: 500" in str(check.offenders[0]["what"])


def test_the_spread_between_streams_becomes_skew() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.add("local", delta())
    ledger.finish()
    skew = ledger.series.histogram("skew", "task.created")
    assert skew is not None and skew.count == 1


def test_the_live_table_has_streams_first_and_every_target_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["locust"])
    ledger = Ledger(options(), owes_events=True)
    ledger.add("local", delta())
    ledger.finish()
    typed = ["delivery{task.created}:p(50)<1s", "delivery:max<9s"]
    judged = rows(options(threshold=typed), 2, figures(ledger))
    shown = table(ledger, judged)
    assert [row["what"] for row in shown[:3]] == ["verdict", "streams open", "expected (settled)"]
    assert [row["name"] for row in shown] == sorted(str(row["name"]) for row in shown)
    assert sorted(str(row["target"]) for row in shown if row["target"]) == sorted(row.expression for row in judged)
    delivery = next(row for row in shown if row["what"] == "delivery")
    assert delivery["p50"] == pytest.approx(5_000, rel=1e-3)

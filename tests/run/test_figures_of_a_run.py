"""Which targets a run can be asked for, and what it answers."""

from __future__ import annotations

from locust.stats import RequestStats

import pytest

from locust_eventsource.measure.clock_offset import Probe
from locust_eventsource.measure.recorder import Recorder
from run.clocks import ProcessClock
from run.ledger import Ledger
from run.outcome.live_table import table
from run.outcome.rows import rows, thresholds
from tests.support.run_delta import MS, SECOND, clock_facts, delta, figures, options


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


def test_a_run_that_only_measures_is_asked_for_no_account_and_makes_no_check() -> None:
    ledger = Ledger(options(measure_only=True), owes_events=True)
    ledger.checks.passed("cleanup")
    measured = figures(ledger)
    assert not any(measured.asked(metric) for metric in ("lost", "duplicated", "reordered", "unexpected"))
    assert measured.asked("delivery") and measured.asked("trigger")
    assert ledger.check_results() == []


def test_nothing_counted_is_not_the_same_as_a_count_of_zero() -> None:
    ledger = Ledger(options(), owes_events=True)
    assert figures(ledger).count("lost") is None
    ledger.add("local", delta())
    ledger.finish(80 * SECOND)
    assert figures(ledger).count("lost") == 0
    assert figures(ledger).out_of("lost") == 2


def test_a_lost_delivery_counts_in_total_and_for_its_type() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.add("local", delta(lose=True))
    ledger.finish(80 * SECOND)
    found = figures(ledger)
    assert found.count("lost") == 1
    assert [found.lost("delivery", kind) for kind in (None, "task.created", "session.ended")] == [1, 1, 0]
    assert found.lost("trigger", None) == 0


def test_counts_of_one_type_are_of_that_type_and_none_where_there_is_nothing_of_it() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.add("local", delta(lose=True))
    ledger.finish(80 * SECOND)
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


def recorded(*bounds_ms: tuple[int, int, int], metric: str = "delivery") -> Ledger:
    """A run that measured a latency as so many (low, value, high) in milliseconds."""
    ledger, recorder = Ledger(options(), owes_events=True), Recorder()
    for low, value, high in bounds_ms:
        recorder.record_bounds(metric, low * MS, value * MS, high * MS, 10 * SECOND)
    ledger.series.add(recorder.take())
    return ledger


def test_events_that_come_before_their_timestamp_whatever_the_offset_put_the_clocks_in_doubt() -> None:
    doubt = figures(recorded((-9, -7, -5))).doubt("delivery")
    assert doubt is not None and doubt.startswith("clock: 1 of 1 events arrived before the server's own timestamp")
    assert figures(recorded((-9, -7, -5))).doubt("connect") is None
    assert figures(recorded((-5, -1, 3))).doubt("delivery") is None


def test_events_that_no_probe_brackets_put_delivery_in_doubt_and_nothing_else() -> None:
    ledger = recorded((1, 2, 3))
    recorder = Recorder()
    recorder.count("unplaced", 3, "delivery")
    ledger.series.add(recorder.take())
    ledger.clocks["local"] = clock_facts(problem="a probe could not create its task: got 403")
    doubt = figures(ledger).doubt("delivery")
    assert doubt is not None and "brackets 3 events" in doubt and "got 403" in doubt
    assert [figures(ledger).doubt(name) for name in ("activity", "trigger", "connect")] == [None] * 3
    assert figures(ledger).count("unplaced") == 3


def test_the_bounds_are_those_of_the_same_samples() -> None:
    bounds = figures(recorded((1, 2, 3), (4, 4, 4))).bounds("delivery")
    assert bounds is not None
    assert [bound.max_us for bound in bounds] == pytest.approx([4_000, 4_000], rel=1e-3)
    assert [bound.min_us for bound in bounds] == pytest.approx([1_000, 3_000], rel=1e-3)
    assert figures(recorded()).bounds("delivery") is None


def test_what_makes_a_latency_uncertain_is_said_in_words() -> None:
    ledger = recorded((1, 2, 3))
    assert figures(ledger).uncertainty("delivery") is None
    ledger.clocks["local"] = clock_facts(skew_ns=3 * SECOND)
    ledger.spread.add([(0, 0)], 1)
    ledger.spread.add([(0, MS)], 1)
    words = figures(ledger).uncertainty("delivery")
    assert words is not None and words.startswith("clock: offset known to ±1") and "batching: 50 %" in words
    assert figures(ledger).uncertainty("trigger") == "batching: 50 % (1 of 2) of the events shared a read"
    assert "tester itself" in str(figures(ledger).uncertainty("connect"))
    assert figures(ledger).uncertainty("execute") is None


def test_a_busy_tester_says_so_in_its_own_row() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.add("local", delta())
    assert (figures(ledger).overloaded(), figures(ledger).fit.verdict) == (None, "pass")
    ledger.cpu_percent["worker 2"] = 99.0
    assert "99 %" in str(figures(ledger).overloaded())
    assert figures(ledger).fit.verdict == "inconclusive"


def test_a_hiccup_of_a_short_run_is_no_overload() -> None:
    ledger, recorder = Ledger(options(), owes_events=True), Recorder()
    recorder.record_many("loop_lag", [MS] * 200 + [80 * MS] * 3, SECOND)
    ledger.series.add(recorder.take())
    assert figures(ledger).overloaded() is None
    recorder.record_many("loop_lag", [MS] * 1_600 + [80 * MS] * 30, SECOND)
    ledger.series.add(recorder.take())
    assert "event loop" in str(figures(ledger).overloaded())


def test_the_testers_own_row_comes_last_and_not_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["locust"])
    found = figures(Ledger(options(), owes_events=True))
    assert [row.expression for row in rows(thresholds(options(), 2), found)][-1] == "tester:fit"
    assert rows(thresholds(options(threshold=["none"]), 2), found) == []


def test_steps_are_counted_once_however_many_processes_saw_them() -> None:
    ledger = Ledger(options(), owes_events=True)
    assert figures(ledger).count("clock_steps") is None
    for name in ("worker 1", "worker 2"):
        clock = ProcessClock("http://127.0.0.1:1", 5)
        for second, skew_ns in ((10, 0), (15, SECOND)):
            clock.add(Probe(second * SECOND, second * SECOND + 2 * MS, second * SECOND + MS + skew_ns, 1))
        ledger.clocks[name] = clock.facts(0, "")
    assert figures(ledger).count("clock_steps") == 1


def test_what_the_kernel_was_not_asked_is_not_zero() -> None:
    ledger = Ledger(options(), owes_events=True)
    names = ("retransmits", "out_of_order")
    assert [figures(ledger).count(name) for name in names] == [None, None]
    assert figures(ledger).gauge("unread") is None
    ledger.unread_peak = 512
    assert [figures(ledger).count(name) for name in names] == [0, 0]
    assert figures(ledger).gauge("unread") == 512


def test_events_of_probes_alone_are_judged_too() -> None:
    ledger = Ledger(options(), owes_events=False)
    assert not figures(ledger).asked("lost")
    ledger.add("local", delta())
    ledger.finish(80 * SECOND)
    assert figures(ledger).asked("lost")
    assert not figures(ledger).asked("trigger_sent")


def test_what_a_dead_process_held_back_is_told() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.add("worker 1", {**delta(), "held": {"delivery": 7}})
    ledger.finish(80 * SECOND)
    assert ledger.series.counter("unplaced", "delivery") == 7


def test_words_of_another_run_and_words_after_the_end_are_passed_over() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.add("local", delta("lt-0"))
    assert ledger.judge.tally.arrivals == 0
    ledger.add("local", delta())
    ledger.finish(80 * SECOND)
    ledger.add("local", delta())
    assert ledger.judge.tally.arrivals == 2


def test_an_interrupted_end_leaves_the_run_open() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.cut_short = "the end of the run was interrupted"
    assert ("run.drained", "unknown") in [(check.name, check.verdict) for check in ledger.check_results()]


def test_what_is_left_on_the_server_fails_the_clean_up() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.left.append({"task_id": "t", "title": "haiku", "problem": "500"})
    ledger.finish(80 * SECOND)
    (check,) = [check for check in ledger.check_results() if check.name == "cleanup"]
    assert check.verdict == "fail"
    assert "task t could not be deleted: 500" in str(check.offenders[0]["what"])


def test_the_spread_between_streams_becomes_skew() -> None:
    ledger = Ledger(options(), owes_events=True)
    ledger.add("local", delta())
    ledger.finish(80 * SECOND)
    skew = ledger.series.histogram("skew", "task.created")
    assert skew is not None and skew.count == 1


def test_the_live_table_has_streams_first_and_every_target_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["locust"])
    ledger = Ledger(options(), owes_events=True)
    ledger.add("local", delta())
    ledger.finish(80 * SECOND)
    typed = ["delivery{task.created}:p(50)<1s", "delivery:max<9s"]
    judged = rows(thresholds(options(threshold=typed), 2), figures(ledger))
    shown = table(ledger, judged)
    assert [row["what"] for row in shown[:3]] == ["verdict", "streams open", "expected (settled)"]
    assert [row["name"] for row in shown] == sorted(str(row["name"]) for row in shown)
    assert sorted(str(row["target"]) for row in shown if row["target"]) == sorted(row.expression for row in judged)
    delivery = next(row for row in shown if row["what"] == "delivery")
    assert delivery["p50"] == pytest.approx(5_000, rel=1e-3)

"""The row about the tester itself: what it shows, and each limit that makes it inconclusive."""

from __future__ import annotations

import pytest

from locust_eventsource.measure import health
from locust_eventsource.measure.health import judge_health, measured_text, overload
from locust_eventsource.measure.verdicts import Verdict

WELL = health.TesterFacts(80.0, 1_900.0, 41.0, 12_000, 16_665, 0)


def test_a_tester_that_kept_up_passes_and_shows_its_figures() -> None:
    row = judge_health(WELL)
    assert row.measured_text == (
        "read lag p99 80 us, loop lag p99 1.9 ms, CPU 41 %, unread at most 12 KB, 0 of 16,665 stamps missing"
    )
    assert (row.verdict, row.reason, row.measured, row.limit, row.samples) == (Verdict.PASS, "", 0, 0, 16_665)
    assert (row.expression, row.metric, row.aggregation, row.origin) == ("tester:fit", "tester", "fit", "default")
    assert overload(WELL) is None


FEWER = "run fewer users in each process, or more processes on more cores (--processes)"
OTHER = "take other load off this machine or run fewer users in each process"


@pytest.mark.parametrize(
    ("facts", "overloaded", "advice"),
    [
        (WELL._replace(cpu_percent=89.9), None, ""),
        (WELL._replace(cpu_percent=90.0), "a process used 90 % of a core", FEWER),
        (WELL._replace(loop_lag_p99_us=49_999.0), None, ""),
        (WELL._replace(loop_lag_p99_us=50_000.0), "its event loop ran 50 ms late (p99)", OTHER),
        (WELL._replace(lag_p99_us=24_999.0), None, ""),
        (WELL._replace(lag_p99_us=25_000.0), "it read events 25 ms after they came (p99)", OTHER),
        (
            WELL._replace(cpu_percent=99.0, loop_lag_p99_us=61_000.0, lag_p99_us=30_000.0),
            "a process used 99 % of a core and its event loop ran 61 ms late (p99) and it read events 30 ms after "
            "they came (p99)",
            f"{FEWER}; {OTHER}",
        ),
    ],
)
def test_each_limit_makes_the_tester_inconclusive_and_says_what_to_do(
    facts: health.TesterFacts, overloaded: str | None, advice: str
) -> None:
    row = judge_health(facts)
    if overloaded is None:
        assert (row.verdict, overload(facts)) == (Verdict.PASS, None)
    else:
        assert (row.verdict, row.reason) == (Verdict.INCONCLUSIVE, f"{overloaded}: {advice}")
        assert overload(facts) == f"the tester was overloaded: {overloaded}"


def test_measured_counts_the_limits_that_were_reached() -> None:
    row = judge_health(WELL._replace(cpu_percent=99.0, lag_p99_us=30_000.0, stamps_missing=100))
    assert row.measured == row.low == row.high == 3


def test_missing_stamps_are_no_overload_but_make_the_row_inconclusive() -> None:
    facts = health.TesterFacts(stamps=10_000, stamps_missing=11)
    assert overload(facts) is None
    assert judge_health(facts).reason == (
        "the kernel's stamp was missing from 0.11 % (11 of 10,000) of the events: run it on Linux, where the kernel "
        "stamps what it receives"
    )
    assert judge_health(facts._replace(stamps_missing=10)).verdict is Verdict.PASS


def test_nothing_measured_is_not_asked() -> None:
    row = judge_health(health.TesterFacts(processes=4))
    assert (row.verdict, row.measured_text, row.measured) == (Verdict.NOT_ASKED, "", None)
    assert row.reason == "nothing was measured of the tester"


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (health.TesterFacts(lag_p99_us=80.0), "read lag p99 80 us"),
        (health.TesterFacts(loop_lag_p99_us=2_000.0), "loop lag p99 2 ms"),
        (health.TesterFacts(cpu_percent=0.0), "CPU 0 %"),
        (health.TesterFacts(unread_peak_bytes=0), "unread at most 0 bytes"),
        (health.TesterFacts(stamps=5, stamps_missing=5), "5 of 5 stamps missing"),
        (health.TesterFacts(cpu_percent=7.0, processes=3), "CPU 7 %; the worst of 3 processes"),
    ],
)
def test_only_what_was_measured_is_shown(facts: health.TesterFacts, text: str) -> None:
    assert measured_text(facts) == judge_health(facts).measured_text == text


@pytest.mark.parametrize(
    "facts",
    [
        health.TesterFacts(1e9, 1e9, 800.0, 10**9, 10, 10, 8),
        health.TesterFacts(),
        WELL,
        health.TesterFacts(cpu_percent=100.0),
    ],
)
def test_the_tester_never_fails_a_run(facts: health.TesterFacts) -> None:
    assert judge_health(facts).verdict is not Verdict.FAIL


def test_the_limits_are_as_documented() -> None:
    limits = (
        health.CPU_LIMIT_PERCENT,
        health.LOOP_LAG_LIMIT_US,
        health.LAG_LIMIT_US,
        health.MISSING_STAMPS_LIMIT,
    )
    assert limits == (90.0, 50_000.0, 25_000.0, 0.001)

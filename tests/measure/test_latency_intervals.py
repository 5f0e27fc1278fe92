"""Three-valued verdicts: what the intervals of the samples leave open is inconclusive, and nothing else is wrong."""

from __future__ import annotations

import math
import operator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locust_eventsource.measure.confidence import enough_samples, rank_of
from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.metrics import METRICS
from locust_eventsource.measure.thresholds import parse_threshold
from locust_eventsource.measure.verdicts import Verdict
from tests.measure.measured import Measured, row, times

PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE
HOUR_NS = 3_600_000_000_000
CLOCK = "clock: offset known to \N{PLUS-MINUS SIGN}1.2 ms"


def within(*groups: tuple[int, float, float, float], lost: int = 0, why: str | None = CLOCK) -> Measured:
    """Deliveries: how many, and the low end, the value and the high end in milliseconds."""
    lows, values, highs = (times(*((group[0], group[end]) for group in groups)) for end in (1, 2, 3))
    key = ("delivery", None)
    return Measured({key: values}, ends={key: (lows, highs)}, lost_samples=lost, why_uncertain=why)


@pytest.mark.parametrize(
    ("text", "figures", "verdict", "measured_text"),
    [
        # Enough samples: the high ends must meet an upper limit, or the low ends miss it.
        ("p(99)<50ms", within((2000, 47, 48, 49)), PASS, "48 ms (47 to 49 ms; max 48 ms)"),
        ("p(99)<50ms", within((2000, 47, 48, 51)), INCONCLUSIVE, "48 ms (47 to 51 ms; max 48 ms)"),
        ("p(99)<50ms", within((2000, 47, 52, 53)), INCONCLUSIVE, "52 ms (47 to 53 ms; max 52 ms)"),
        ("p(99)<50ms", within((2000, 51, 52, 53)), FAIL, "52 ms (51 to 53 ms; max 52 ms)"),
        ("p(99)<50ms", within((990, 1, 2, 3), lost=10), PASS, "2 ms (1 to 3 ms; 10 lost)"),
        ("p(99)<50ms", within((989, 1, 2, 3), lost=11), FAIL, "never (11 lost)"),
        # A lower limit the other way round.
        ("p(50)>10ms", within((30, 11, 12, 13)), PASS, "12 ms (11 to 13 ms; max 12 ms)"),
        ("p(50)>10ms", within((30, 9, 12, 13)), INCONCLUSIVE, "12 ms (9.01 to 13 ms; max 12 ms)"),
        ("p(50)>10ms", within((30, 7, 8, 9)), FAIL, "8 ms (7 to 9.01 ms; max 8 ms)"),
        # Few samples: the highest of the high ends, or the bound among the low ends.
        ("p(99)<50ms", within((400, 47, 48, 49)), PASS, "max of 400: 48 ms (47 to 49 ms)"),
        ("p(99)<50ms", within((400, 47, 48, 51)), INCONCLUSIVE, "max of 400: 48 ms (47 to 51 ms)"),
        ("p(99)<50ms", within((2, 51, 52, 53)), FAIL, "lower bound of p(99): 52 ms (51 to 53 ms)"),
        ("p(99)<50ms", within((2, 49, 52, 53)), INCONCLUSIVE, "max of 2: 52 ms (49 to 53 ms)"),
        ("p(50)>10ms", within((5, 11, 12, 13)), PASS, "min of 5: 12 ms (11 to 13 ms)"),
        ("p(50)>10ms", within((19, 9, 12, 13)), INCONCLUSIVE, "min of 19: 12 ms (9 to 13 ms)"),
        ("p(50)>10ms", within((19, 7, 8, 9)), FAIL, "upper bound of p(50): 8 ms (7 to 9.01 ms)"),
        ("p(50)>10ms", within((19, 7, 8, 11)), INCONCLUSIVE, "min of 19: 8 ms (7 to 11 ms)"),
        # The other aggregations.
        ("max<50ms", within((9, 1, 2, 3), (1, 47, 48, 51)), INCONCLUSIVE, "48 ms (47 to 51 ms)"),
        ("p(100)<50ms", within((9, 1, 2, 3), (1, 47, 48, 49)), PASS, "48 ms (47 to 49 ms)"),
        ("min>10ms", within((9, 9, 12, 13)), INCONCLUSIVE, "12 ms (9 to 13 ms)"),
        ("avg<50ms", within((1, 47, 48, 60), (1, 39, 40, 41)), INCONCLUSIVE, "44 ms (43 to 50.5 ms)"),
        ("avg<50ms", within((1, 47, 48, 49), (1, 39, 40, 41)), PASS, "44 ms (43 to 45 ms)"),
        ("count>=3", within((3, 1, 2, 3)), PASS, "3"),
    ],
)
def test_intervals(text: str, figures: Measured, verdict: Verdict, measured_text: str) -> None:
    judged = row(f"delivery:{text}", figures)
    assert (judged.verdict, judged.measured_text) == (verdict, measured_text)


def test_a_row_carries_the_interval_and_the_confidence_of_its_percentile() -> None:
    judged = row("delivery:p(99)<9s", within((2000, 0.1, 0.2, 0.4), (10, 1, 1.1, 1.2), (10, 1.3, 1.4, 1.5)))
    # Of 2,020 samples the ranks 1,992 to 2,009 enclose p(99) with 95 % confidence.
    assert (judged.low, judged.measured, judged.high) == (100, 200, 400)
    assert judged.confidence == (200, 1100)
    assert not judged.too_few


@pytest.mark.parametrize(
    ("text", "samples", "confidence", "too_few"),
    [
        ("p(99)<50ms", 1, (1000, math.inf), True),
        ("p(50)<50ms", 1, None, True),
        ("p(50)>10us", 19, (1000, 1000), True),
        ("p(1)<50ms", 20, (0, 1000), False),
        ("p(100)<50ms", 1, None, False),
        ("max<50ms", 1, None, False),
        ("count>1", 1, None, False),
    ],
)
def test_the_confidence_interval_of_a_percentile_is_open_where_no_sample_bounds_it(
    text: str, samples: int, confidence: tuple[float, float] | None, too_few: bool
) -> None:
    judged = row(f"delivery:{text}", within((samples, 1, 1, 1)))
    assert (judged.confidence, judged.too_few) == (confidence, too_few)


def test_too_few_samples_are_said_whatever_the_verdict() -> None:
    assert [row("delivery:p(99)<50ms", within((n, v, v, v))).too_few for n, v in ((20, 1), (1, 80), (1000, 1))] == [
        True,
        True,
        False,
    ]


def test_the_reason_says_why_the_interval_is_wide() -> None:
    known = "p(99) is known to lie in 47 to 51 ms, and the limit does too"
    assert row("delivery:p(99)<50ms", within((2000, 47, 48, 51))).reason == f"{known} ({CLOCK})"
    assert row("delivery:p(99)<50ms", within((2000, 47, 48, 51), why=None)).reason == known
    # The value is at the limit itself, yet the interval is the reason.
    assert row("delivery:p(99)<50ms", within((2000, 47, 50, 51))).reason == f"{known} ({CLOCK})"


def test_the_reason_with_few_samples_tells_intervals_from_numbers() -> None:
    opened = "the intervals in which the 400 samples lie leave p(99) open"
    assert row("delivery:p(99)<50ms", within((400, 47, 48, 51))).reason == f"{opened} ({CLOCK})"
    assert row("delivery:p(99)<50ms", within((19, 1, 1, 1), (1, 79, 80, 81))).reason.startswith("too few samples for")


def test_a_limit_within_the_digits_that_are_kept_decides_nothing() -> None:
    judged = row("delivery:p(99)<50ms", within((2000, 49.99, 49.99, 49.99)))
    assert (judged.verdict, judged.reason) == (
        INCONCLUSIVE,
        "p(99) is nearer to the limit than the digits that are kept (three, to whole us)",
    )
    assert judged.low == judged.measured == judged.high


def test_a_latency_above_an_hour_is_not_taken_for_an_hour() -> None:
    two_hours = 2 * HOUR_NS / 1e6
    assert row("delivery:max<5000s", within((1, two_hours, two_hours, two_hours))).verdict is INCONCLUSIVE
    assert row("delivery:avg<5000s", within((1, two_hours, two_hours, two_hours))).verdict is INCONCLUSIVE
    assert row("delivery:max<3000s", within((1, two_hours, two_hours, two_hours))).verdict is FAIL


OVERLOAD = "the tester was overloaded: a process used 97 % of a core"
SLOW = times((2000, 80))


def overloaded(metric: str, histogram: LatencyHistogram = SLOW) -> Measured:
    return Measured({(metric, None): histogram}, overload=OVERLOAD)


@pytest.mark.parametrize("metric", [name for name, metric in METRICS.items() if metric.kind == "latency"])
def test_an_overloaded_tester_fails_no_metric_that_contains_its_own_lag(metric: str) -> None:
    judged = row(f"{metric}:p(99)<50ms", overloaded(metric))
    if METRICS[metric].user_space:
        reason = f"{OVERLOAD}, and {metric} contains what it was late by itself"
        assert (judged.verdict, judged.reason) == (INCONCLUSIVE, reason)
    else:
        assert (judged.verdict, judged.reason) == (FAIL, "")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("p(99)<90ms", PASS),
        ("max<=50ms", INCONCLUSIVE),
        ("p(99)>50ms", INCONCLUSIVE),
        ("min>=50ms", INCONCLUSIVE),
        ("p(99)>90ms", FAIL),
        ("count>=3000", FAIL),
        ("count>=2000", PASS),
    ],
)
def test_an_overload_undoes_only_what_rests_on_slow_samples(text: str, verdict: Verdict) -> None:
    assert row(f"execute:{text}", overloaded("execute")).verdict is verdict


def test_a_doubt_comes_before_an_overload() -> None:
    figures = Measured({("execute", None): SLOW}, overload=OVERLOAD, doubts={"execute": "every worker was lost"})
    assert row("execute:p(99)<50ms", figures).reason == "every worker was lost"


width = st.one_of(st.just(0), st.integers(0, 3_000), st.integers(0, 10**7))
truths = st.one_of(st.integers(0, 200_000), st.integers(0, 60_000_000), st.integers(0, 2 * HOUR_NS))


@st.composite
def known_samples(draw: st.DrawFn) -> tuple[list[int], Measured]:
    """True latencies in ns, and what was measured of them: an interval around each, with the value anywhere in it."""
    near = draw(truths)
    one = st.one_of(truths, st.integers(max(0, near - 5_000), near + 5_000))
    distinct = draw(st.lists(st.tuples(one, width, width, st.floats(0, 1)), min_size=1, max_size=12))
    repeated = [sample for sample in distinct for _ in range(draw(st.sampled_from([1, 2, 30, 200])))]
    lows, values, highs = LatencyHistogram(), LatencyHistogram(), LatencyHistogram()
    for truth, below, above, share in repeated:
        lows.record(truth - below)
        values.record(truth - below + int(share * (below + above)))
        highs.record(truth + above)
    lost = draw(st.sampled_from([0, 0, 1, 7]))
    key = ("delivery", None)
    return [truth for truth, *_ in repeated], Measured({key: values}, ends={key: (lows, highs)}, lost_samples=lost)


figure_texts = ["p(50)", "p(90)", "p(99)", "p(99.9)", "p(1)", "p(100)", "max", "min", "avg"]


@settings(deadline=None, max_examples=200)
@given(known_samples(), st.sampled_from(figure_texts), st.sampled_from(["<", "<=", ">", ">="]), st.data())
def test_no_verdict_contradicts_the_truth(
    known: tuple[list[int], Measured], figure: str, sign: str, data: st.DataObject
) -> None:
    truth_ns, figures = known
    true_us = true_figure(figure, truth_ns, figures.lost_samples)
    # Limits at the truth itself and just beside it, where a wrong rounding would show.
    about_ns = data.draw(st.sampled_from(truth_ns)) if math.isinf(true_us) else round(true_us * 1000)
    limit_ns = max(
        0, about_ns + data.draw(st.sampled_from([0, 1, -1, 500, -500, 1_000, -1_000, 20_000, -20_000, 10**8]))
    )
    threshold = parse_threshold(f"delivery:{figure}{sign}{limit_ns // 1000}.{limit_ns % 1000:03}us", "profile")
    judged = row(threshold.text, figures)
    meets = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}[sign](true_us, threshold.limit)
    assert judged.verdict in (INCONCLUSIVE, PASS if meets else FAIL), (true_us, judged)
    assert judged.reason or judged.verdict is not INCONCLUSIVE


def true_figure(figure: str, truth_ns: list[int], lost: int) -> float:
    """The figure of the true latencies, in microseconds; lost ones are infinitely late."""
    if figure == "avg":
        return math.inf if lost else sum(truth_ns) / len(truth_ns) / 1000
    ranked = [ns / 1000 for ns in sorted(truth_ns)] + [math.inf] * lost
    if figure in ("min", "max"):
        return min(ranked) if figure == "min" else max(ranked)
    return ranked[rank_of(float(figure[2:-1]), len(ranked)) - 1]


@settings(deadline=None)
@given(known_samples(), st.sampled_from(["p(50)", "p(99)", "p(99.9)"]), st.sampled_from(["<", ">"]))
def test_limits_far_from_every_interval_are_decided(known: tuple[list[int], Measured], figure: str, sign: str) -> None:
    truth_ns, figures = known
    percentile = float(figure[2:-1])
    if max(truth_ns) > HOUR_NS // 2 or figures.lost_samples or not enough_samples(len(truth_ns), percentile):
        return
    beyond = row(f"delivery:{figure}{sign}7000s", figures)
    assert beyond.verdict is (PASS if sign == "<" else FAIL)

"""Every rule of judging: each cell of {kind} x {enough, few, no samples} x {limit met, missed, undecided}."""

from __future__ import annotations

import math

import pytest

from locust_eventsource.measure.thresholds import Origin, parse_threshold
from locust_eventsource.measure.verdicts import Row, Verdict, judge
from tests.measure.measured import Measured, delivery, row, times


class MeasuredOutOf(Measured):
    """Figures that know how many deliveries were owed."""

    def out_of(self, metric: str, type: str | None) -> int | None:
        return 12_034 if metric == "lost" else None


BEYOND = "infinitely far over the limit"
PASS, FAIL, INCONCLUSIVE = Verdict.PASS, Verdict.FAIL, Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("text", "figures", "verdict", "measured_text", "margin_text"),
    [
        # Enough samples: the percentile decides, whatever the maximum.
        (
            "p(99)<50ms",
            delivery((990, 12.4), (10, 80)),
            PASS,
            "12.4 ms (max 80.1 ms)",
            "37.6 ms (75.2 %) below the limit",
        ),
        ("p(99)<50ms", delivery((989, 1), (11, 80)), FAIL, "80.1 ms (max 80.1 ms)", "30.1 ms over the limit"),
        ("p(50)>10ms", delivery((11, 5), (9, 20)), FAIL, "5 ms (max 20 ms)", "5 ms short of the limit"),
        ("p(50)>10ms", delivery((9, 5), (11, 20)), PASS, "20 ms (max 20 ms)", "10 ms (100 %) above the limit"),
        # Enough samples with lost ones: they rank behind all others.
        ("p(99)<50ms", delivery((990, 1), lost=10), PASS, "1 ms (10 lost)", "49 ms (98 %) below the limit"),
        ("p(99)<50ms", delivery((989, 1), lost=11), FAIL, "never (11 lost)", BEYOND),
        # Few samples: the maximum meets the limit.
        ("p(99)<50ms", delivery((412, 8.1)), PASS, "max of 412: 8.1 ms", "41.9 ms (83.8 %) below the limit"),
        ("p(99)<50ms", delivery((999, 8.1)), PASS, "max of 999: 8.1 ms", "41.9 ms (83.8 %) below the limit"),
        # Few samples: even the lower bound misses it.
        ("p(99)<50ms", delivery((1, 80)), FAIL, "lower bound of p(99): 80.1 ms", "30.1 ms over the limit"),
        ("p(99)<50ms", delivery((18, 1), (2, 80)), FAIL, "lower bound of p(99): 80.1 ms", "30.1 ms over the limit"),
        ("p(99)<50ms", delivery(lost=3), FAIL, "lower bound of p(99): never (3 lost)", BEYOND),
        # Few samples: in between.
        ("p(99)<50ms", delivery((19, 1), (1, 80)), INCONCLUSIVE, "max of 20: 80.1 ms", "30.1 ms over the limit"),
        (
            "p(99)<50ms",
            delivery((19, 1), lost=1),
            INCONCLUSIVE,
            "max of 20: never (1 lost)",
            BEYOND,
        ),
        ("p(50)<50ms", delivery((1, 80)), INCONCLUSIVE, "max of 1: 80.1 ms", "30.1 ms over the limit"),
        # A lower limit with few samples: the minimum and the upper bound.
        ("p(50)>10ms", delivery((5, 20)), PASS, "min of 5: 20 ms", "10 ms (100 %) above the limit"),
        ("p(50)>=10ms", delivery((19, 5)), FAIL, "upper bound of p(50): 5 ms", "5 ms short of the limit"),
        ("p(50)>10ms", delivery((2, 5)), INCONCLUSIVE, "min of 2: 5 ms", "5 ms short of the limit"),
        ("p(50)>10ms", delivery((10, 5), (9, 20)), INCONCLUSIVE, "min of 19: 5 ms", "5 ms short of the limit"),
        # The other aggregations of a latency.
        ("p(100)<50ms", delivery((5, 20)), PASS, "20 ms", "30 ms (60 %) below the limit"),
        ("max<50ms", delivery((999, 20), (1, 60)), FAIL, "60 ms", "10 ms over the limit"),
        ("max<50ms", delivery((9, 20), lost=1), FAIL, "never (1 lost)", BEYOND),
        ("avg<=20ms", delivery((1, 10), (1, 20)), PASS, "15 ms", "4.99 ms (25 %) below the limit"),
        ("avg<20ms", delivery((1, 10), lost=1), FAIL, "never (1 lost)", BEYOND),
        ("min>1us", delivery((1, 0.4), (1, 20)), PASS, "400 us", "399 us (39,900 %) above the limit"),
        ("min<1ms", delivery(lost=2), FAIL, "never (2 lost)", BEYOND),
        ("count>=3", delivery((2, 1), lost=5), FAIL, "2", "1 short of the limit"),
        ("count>=3", delivery((3, 1)), PASS, "3", "exactly the limit"),
    ],
)
def test_latencies(text: str, figures: Measured, verdict: Verdict, measured_text: str, margin_text: str) -> None:
    judged = row(f"delivery:{text}", figures)
    shown = (judged.verdict, judged.measured_text, judged.margin_text)
    assert shown == (verdict, measured_text, margin_text)


@pytest.mark.parametrize(
    ("text", "figures", "verdict", "measured_text", "margin_text", "samples"),
    [
        ("lost:count==0", Measured(counts={("lost", None): 0}), PASS, "0", "as required", 0),
        ("lost:count==0", Measured(counts={("lost", None): 3}), FAIL, "3", "3 over the limit", 3),
        ("lost:count==0", MeasuredOutOf(counts={("lost", None): 3}), FAIL, "3 of 12,034", "3 over the limit", 12_034),
        ("late:count<9", MeasuredOutOf(counts={("late", None): 3}), PASS, "3", "6 (66.7 %) below the limit", 3),
        ("foreign:count==5", Measured(counts={("foreign", None): 3}), FAIL, "3", "2 below the limit", 3),
        ("foreign:count!=5", Measured(counts={("foreign", None): 3}), PASS, "3", "as required", 3),
        ("foreign:count!=3", Measured(counts={("foreign", None): 3}), FAIL, "3", "exactly the limit", 3),
        ("lost{a}:count<1", Measured(counts={("lost", "a"): 0}), PASS, "0", "1 (100 %) below the limit", 0),
        ("lost:count<=0", Measured(counts={("lost", None): 1200}), FAIL, "1,200", "1,200 over the limit", 1200),
        (
            "errors:rate<1%",
            Measured(rates={"errors": (3, 700)}),
            PASS,
            "0.429 % (3 of 700)",
            "0.571 percentage points below the limit",
            700,
        ),
        ("errors:rate<1%", Measured(rates={"errors": (1, 100)}), FAIL, "1 % (1 of 100)", "exactly the limit", 100),
        ("errors:count<1", Measured(rates={"errors": (1, 50)}), FAIL, "2 % (1 of 50)", "exactly the limit", 50),
        ("streams:max>=20", Measured(gauges={"streams": 20}), PASS, "20", "exactly the limit", 20),
        ("streams:max>=20", Measured(gauges={"streams": 19}), FAIL, "19", "1 short of the limit", 19),
        ("streams:max>=8", Measured(gauges={"streams": 9.5}), PASS, "9.5", "1.5 (18.8 %) above the limit", 9),
    ],
)
def test_counts_rates_and_gauges(
    text: str, figures: Measured, verdict: Verdict, measured_text: str, margin_text: str, samples: int
) -> None:
    judged = row(text, figures)
    shown = (judged.verdict, judged.measured_text, judged.margin_text, judged.samples)
    assert shown == (verdict, measured_text, margin_text, samples)


EVERY_KIND = [
    "delivery:p(99)<50ms",
    "delivery:count>=0",
    "delivery{a}:max<1s",
    "lost:count==0",
    "errors:rate<1%",
    "streams:max>=0",
]


@pytest.mark.parametrize("text", EVERY_KIND)
@pytest.mark.parametrize("origin", ["default", "profile", "command line"])
def test_no_row_passes_without_data(text: str, origin: Origin) -> None:
    judged = row(text, Measured(), origin)
    subject = text.partition(":")[0]
    assert (judged.verdict, judged.reason) == (INCONCLUSIVE, f"no data: no {subject} was measured")
    assert (judged.measured, judged.measured_text, judged.margin_text, judged.samples) == (None, "", "", 0)
    assert (judged.low, judged.high, judged.confidence, judged.too_few) == (None, None, None, False)


@pytest.mark.parametrize(
    "figures",
    [Measured(rates={"errors": (0, 0)}), Measured(histograms={("errors", None): times()})],
)
def test_no_requests_are_no_data(figures: Measured) -> None:
    assert row("errors:rate<1%", figures).verdict is INCONCLUSIVE


def test_an_empty_histogram_is_no_data() -> None:
    assert row("delivery:max<1s", delivery()).verdict is INCONCLUSIVE


@pytest.mark.parametrize("text", EVERY_KIND)
def test_a_default_row_about_what_was_not_asked_says_so(text: str) -> None:
    metric = parse_threshold(text, "default").metric
    judged = row(text, Measured(not_asked=[metric]), "default")
    assert (judged.verdict, judged.reason) == (Verdict.NOT_ASKED, f"nothing in this run produces {metric}")
    assert judged.measured is None


@pytest.mark.parametrize("origin", ["profile", "command line"])
def test_a_row_of_the_user_s_is_judged_whether_asked_or_not(origin: Origin) -> None:
    assert row("lost:count==0", Measured(not_asked=["lost"]), origin).verdict is INCONCLUSIVE
    counted = Measured(counts={("lost", None): 0}, not_asked=["lost"])
    assert row("lost:count==0", counted, origin).verdict is PASS


@pytest.mark.parametrize("milliseconds", [1, 99])
def test_doubtful_figures_carry_no_verdict_but_are_shown(milliseconds: int) -> None:
    figures = Measured({("delivery", None): times((5, milliseconds))}, doubts={"delivery": "the clocks disagree"})
    judged = row("delivery:max<50ms", figures)
    assert (judged.verdict, judged.reason) == (INCONCLUSIVE, "the clocks disagree")
    assert judged.measured_text == f"{milliseconds} ms"


def test_a_doubt_explains_missing_data() -> None:
    judged = row("delivery:max<50ms", Measured(doubts={"delivery": "every worker was lost"}))
    assert (judged.verdict, judged.reason) == (INCONCLUSIVE, "every worker was lost")


def test_the_reason_of_an_inconclusive_row_says_what_is_missing() -> None:
    assert row("delivery:p(99)<50ms", delivery((19, 1), (1, 80))).reason == (
        "too few samples for p(99): 20 of 1,000; the maximum misses the limit, the lower 95 % confidence bound does not"
    )
    assert "the minimum misses the limit, the upper" in row("delivery:p(50)>10ms", delivery((2, 5))).reason


def test_the_reason_of_a_failed_row_with_few_samples_names_the_bound() -> None:
    assert row("delivery:p(99)<50ms", delivery((2, 80))).reason == (
        "even the lower 95 % confidence bound of p(99) over 2 samples misses the limit"
    )
    assert row("delivery:max<50ms", delivery((2, 1), lost=1)).reason == "lost events rank as infinitely late"


def test_a_row_carries_what_reports_need() -> None:
    figures = Measured({("delivery", "task.created"): times((2000, 1))})
    assert row("delivery{task.created}:p(99)<50ms", figures, "profile") == Row(
        expression="delivery{task.created}:p(99)<50ms",
        metric="delivery",
        type="task.created",
        aggregation="p(99)",
        measured_text="1 ms (max 1 ms)",
        margin_text="49 ms (98 %) below the limit",
        samples=2000,
        verdict=PASS,
        reason="",
        origin="profile",
        measured=1000.0,
        limit=50_000.0,
        unit="us",
        low=1000.0,
        high=1000.0,
        confidence=(1000.0, 1000.0),
        too_few=False,
    )


def test_units_say_what_the_numbers_are() -> None:
    rows = judge([parse_threshold(text, "default") for text in EVERY_KIND], Measured())
    assert [judged.unit for judged in rows] == ["us", "", "us", "", "fraction", ""]


def test_lost_samples_are_counted_among_the_samples() -> None:
    judged = row("delivery:p(99)<50ms", delivery((989, 1), lost=11))
    assert (judged.samples, judged.measured) == (1000, math.inf)

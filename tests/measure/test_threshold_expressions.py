"""Threshold expressions: what they mean, what is refused, and which hold when several sources give some."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locust_eventsource.errors import Misuse
from locust_eventsource.measure.metrics import AGGREGATIONS, METRICS
from locust_eventsource.measure.thresholds import (
    Threshold,
    ThresholdSyntaxError,
    merge_thresholds,
    parse_threshold,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "delivery{session.started}:p(95)<200ms",
            ("delivery", "session.started", "p", 95.0, "<", 200_000.0, "ms", "delivery{session.started}:p(95)<200ms"),
        ),
        ("connect:max<=1.5s", ("connect", None, "max", None, "<=", 1_500_000.0, "s", "connect:max<=1.5s")),
        ("lag:avg<250us", ("lag", None, "avg", None, "<", 250.0, "us", "lag:avg<250us")),
        ("lag:min>1us", ("lag", None, "min", None, ">", 1.0, "us", "lag:min>1us")),
        ("delivery:count>=1000", ("delivery", None, "count", None, ">=", 1000.0, "", "delivery:count>=1000")),
        ("lost{task.done}:count==0", ("lost", "task.done", "count", None, "==", 0.0, "", "lost{task.done}:count==0")),
        ("errors:rate<1%", ("errors", None, "rate", None, "<", 0.01, "%", "errors:rate<1%")),
        ("errors:rate<0.01", ("errors", None, "rate", None, "<", 0.01, "", "errors:rate<0.01")),
        ("errors:rate!=100%", ("errors", None, "rate", None, "!=", 1.0, "%", "errors:rate!=100%")),
        ("errors:count<5", ("errors", None, "count", None, "<", 5.0, "", "errors:count<5")),
        ("streams:max>=20", ("streams", None, "max", None, ">=", 20.0, "", "streams:max>=20")),
        (
            " delivery { a b } : p ( 99.90 ) < 050.0 ms ",
            ("delivery", "a b", "p", 99.9, "<", 50_000.0, "ms", "delivery{a b}:p(99.9)<50ms"),
        ),
        ("delivery:p(100)<50ms", ("delivery", None, "p", 100.0, "<", 50_000.0, "ms", "delivery:p(100)<50ms")),
    ],
)
def test_an_expression_is_read(text: str, expected: tuple[object, ...]) -> None:
    assert parse_threshold(text, "profile") == Threshold._make((*expected, "profile"))


@pytest.mark.parametrize(
    ("text", "position", "problem", "example"),
    [
        ("", 1, "a metric is missing", "delivery:p(99)<50ms"),
        ("99<1", 1, "a metric is missing", "delivery:p(99)<50ms"),
        ("delivery", 9, '":" is missing', "delivery:p(99)<50ms"),
        ("delivery{a:max<1ms", 19, '"}" is missing', "delivery:p(99)<50ms"),
        ("delivery{}:max<1ms", 10, "an event type is missing", "delivery:p(99)<50ms"),
        ("delivery{ \u2003}:max<1ms", 12, "an event type is missing", "delivery:p(99)<50ms"),
        ("delivery{a\nb}:max<1ms", 12, '"}" is missing', "delivery:p(99)<50ms"),
        ("delivery:", 10, "an aggregation such as p(99), max or count is missing", "delivery:p(99)<50ms"),
        ("delivery:p<1ms", 11, '"(" is missing', "delivery:p(99)<50ms"),
        ("delivery:p()<1ms", 12, "a percentile is missing", "delivery:p(99)<50ms"),
        ("delivery:p(99<1ms", 14, '")" is missing', "delivery:p(99)<50ms"),
        ("delivery:p(0)<1ms", 12, "the percentile 0 is not above 0 and up to 100", "delivery:p(99)<50ms"),
        ("delivery:p(101)<1ms", 12, "the percentile 101 is not above 0 and up to 100", "delivery:p(99)<50ms"),
        ("delivery:max", 13, "an operator (<, <=, >, >=, == or !=) is missing", "delivery:p(99)<50ms"),
        ("delivery:max=1ms", 13, "an operator (<, <=, >, >=, == or !=) is missing", "delivery:p(99)<50ms"),
        ("delivery:p(99)<", 16, "a number is missing", "delivery:p(99)<50ms"),
        ("lost:count==-1", 13, "a number is missing", "delivery:p(99)<50ms"),
        ("delivery:p(99)<50ms!", 20, '"!" is too much', "delivery:p(99)<50ms"),
        ("delivery:p(99)<1e3ms", 18, '"3ms" is too much', "delivery:p(99)<50ms"),
        ("delivery:p99<1ms", 10, "has p(N), max, min, avg or count, not p99,", "delivery:p(99)<50ms"),
        (
            "delivery:rate<1%",
            10,
            "a latency and has p(N), max, min, avg or count, not rate,",
            "delivery:p(99)<50ms",
        ),
        ("lost:max<1", 6, "lost is a count and has count, not max,", "lost:count==0"),
        ("errors:max<1", 8, "errors is a rate and has rate or count, not max,", "errors:rate<1%"),
        ("streams:count>1", 9, "streams is a gauge and has max, not count,", "streams:max>=20"),
        ("errors{a}:rate<1%", 8, "errors has no event types, but one is given", "errors:rate<1%"),
        ("streams{a}:max>1", 9, "streams has no event types, but one is given", "streams:max>=20"),
        ("delivery:p(99)<50", 18, "a time needs a unit (us, ms or s), which is missing", "delivery:p(99)<50ms"),
        ("delivery:p(99)<50%", 18, "a time needs us, ms or s, not %,", "delivery:p(99)<50ms"),
        ("activity{a}:max>=1m", 19, "a time needs us, ms or s, not m,", "activity{a}:max>=1ms"),
        ("delivery:avg==5ms", 13, "a time is compared with <, <=, > or >=, not ==,", "delivery:avg<5ms"),
        ("delivery:avg!=5ms", 13, "a time is compared with <, <=, > or >=, not !=,", "delivery:avg<5ms"),
        ("lost:count==0ms", 14, "a number without a unit is needed, not ms,", "lost:count==0"),
        ("delivery:count>9s", 17, "a number without a unit is needed, not s,", "delivery:count>9"),
        ("streams:max>=20%", 16, "a number without a unit is needed, not %,", "streams:max>=20"),
        ("errors:rate<1ms", 14, "a rate is a fraction or a percentage, so ms cannot stand", "errors:rate<1%"),
        ("errors:rate<5", 13, "a rate is at most 1 or 100%, not 5,", "errors:rate<1%"),
        ("errors:rate<101%", 13, "a rate is at most 1 or 100%, not 101%,", "errors:rate<1%"),
    ],
)
def test_a_wrong_expression_is_refused_with_its_position(text: str, position: int, problem: str, example: str) -> None:
    with pytest.raises(ThresholdSyntaxError) as caught:
        parse_threshold(text, "command line")
    message = str(caught.value)
    assert caught.value.position == position
    assert message.startswith(f"threshold {json.dumps(text, ensure_ascii=False)}: ")
    assert f"{problem} at position {position}; for example: {example}" in message
    parse_threshold(example, "command line")


def test_an_unknown_metric_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ThresholdSyntaxError) as caught:
        parse_threshold("latency:p(99)<50ms", "command line")
    assert "unknown metric latency (known: connect, connect_dns, connect_tcp" in str(caught.value)
    assert all(name in str(caught.value) for name in METRICS)


@settings(deadline=None)
@given(st.text(max_size=30) | st.from_regex(r"(delivery|lost|errors)[{}a:p()0-9<>=!. ms%\n]*", fullmatch=True))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        threshold = parse_threshold(text, "command line")
    except ThresholdSyntaxError as error:
        assert isinstance(error, Misuse)
        assert not {"\n", "\r"} & set(str(error))
        assert 1 <= error.position <= len(text) + 1
    else:
        assert parse_threshold(threshold.text, "command line") == threshold


def test_every_metric_has_a_kind_and_a_meaning_in_one_line() -> None:
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.kind in AGGREGATIONS
        assert 10 < len(metric.meaning) < 100


def texts(thresholds: list[Threshold]) -> list[tuple[str, str]]:
    return [(threshold.text, threshold.origin) for threshold in thresholds]


DEFAULTS = ["connect:p(99)<100ms", "delivery:p(99)<50ms", "lost:count==0"]


def test_defaults_hold_when_nothing_else_is_said() -> None:
    assert texts(merge_thresholds(DEFAULTS, [], [])) == [(text, "default") for text in DEFAULTS]


def test_the_profile_replaces_defaults_and_the_command_line_replaces_the_profile() -> None:
    profile = ["delivery:p(99)<80ms", "connect:p(99)<1s"]
    assert texts(merge_thresholds(DEFAULTS, profile, ["delivery:p(99.0) < 20ms"])) == [
        ("connect:p(99)<1s", "profile"),
        ("delivery:p(99)<20ms", "command line"),
        ("lost:count==0", "default"),
    ]


@pytest.mark.parametrize("other", ["delivery:p(95)<9ms", "delivery{a}:p(99)<9ms", "delivery:max<9ms", "lag:p(99)<9ms"])
def test_another_type_aggregation_or_percentile_stands_beside(other: str) -> None:
    assert texts(merge_thresholds(DEFAULTS, [], [other])) == [
        *((text, "default") for text in DEFAULTS),
        (other, "command line"),
    ]


def test_one_source_can_give_a_lower_and_an_upper_limit() -> None:
    both = ["delivery:count>=5", "delivery:count<=9"]
    merged = merge_thresholds(["delivery:count>=1"], [], [both[0], both[1], both[0]])
    assert texts(merged) == [(text, "command line") for text in both]


def test_two_limits_give_way_to_one() -> None:
    merged = merge_thresholds(["lag:max<1s", "lost:count==0"], ["lag:max>1us", "lag:max<9s"], ["lag:max<2s"])
    assert texts(merged) == [("lag:max<2s", "command line"), ("lost:count==0", "default")]


def test_none_clears_all_before_it() -> None:
    assert merge_thresholds(DEFAULTS, ["lag:max<1s"], ["none"]) == []
    assert texts(merge_thresholds(DEFAULTS, [" none "], ["lag:max<1s"])) == [("lag:max<1s", "command line")]
    assert texts(merge_thresholds(DEFAULTS, [], ["lost:count<9", "none", "lag:max<1s"])) == [
        ("lag:max<1s", "command line")
    ]


def test_a_wrong_expression_among_many_is_named() -> None:
    with pytest.raises(ThresholdSyntaxError, match='threshold "lost": ":" is missing at position 5'):
        merge_thresholds(DEFAULTS, ["lost"], [])

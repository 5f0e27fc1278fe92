"""A long run against its own beginning."""

from __future__ import annotations

from collections.abc import Callable

from studio.verify.findings import Finding
from studio.verify.steadiness import SHORTEST_S, Second, steadiness


def seconds(figure: Callable[[int], float], length: int = 90) -> list[Second]:
    return [Second(1_000 + second, figure(second)) for second in range(length + 1)]


def judged(
    delivery: Callable[[int], float] = lambda _: 400,
    lag: Callable[[int], float] = lambda _: 100,
    streams: Callable[[int], float] = lambda _: 20,
    length: int = 90,
) -> Finding:
    (finding,) = steadiness(seconds(delivery, length), seconds(lag, length), seconds(streams, length))
    return finding


def test_a_run_that_goes_on_as_it_began_is_steady() -> None:
    assert judged().verdict == "pass"
    assert judged(lambda second: 400 + 5_000 * (second % 7), lambda second: 100 * (second % 9)).verdict == "pass"


def test_a_delivery_that_creeps_up_is_found() -> None:
    finding = judged(lambda second: 1_000 + 200 * second)
    assert finding.verdict == "fail"
    assert finding.what == (
        "delivery became slower: its median went from 3.90 ms in the first third to 16.10 ms in the last"
    )
    assert finding.evidence["open_streams"] == [20, 20]


def test_what_is_little_in_share_or_in_time_or_not_clear_is_no_slowdown() -> None:
    assert judged(lambda second: 400 + 5_000 * (second > 45)).verdict == "pass"
    assert judged(lambda second: 400 + 5_400 * (second > 45)).verdict == "fail"
    assert judged(lambda second: 400 + 5_200 * (second > 45)).verdict == "pass"
    assert judged(lambda second: 400 + 5_201 * (second > 45)).verdict == "fail"
    assert judged(lambda second: 20_000 + 10_000 * (second > 45)).verdict == "pass"
    assert judged(lambda second: 400 + 40_000 * (second > 45 and second % 5 > 1)).verdict == "pass"


def test_streams_that_went_are_found_and_one_in_ten_is_let_pass() -> None:
    finding = judged(streams=lambda second: 20 if second < 50 else 17)
    assert finding.verdict == "fail"
    assert finding.what == "streams were lost: 20 were open in the first third, 17 in the last"
    assert judged(streams=lambda second: 20 if second < 50 else 18).verdict == "pass"
    both = judged(lambda second: 1_000 + 200 * second, streams=lambda second: 20 - second // 10)
    assert "; streams were lost" in both.what


def test_streams_that_the_run_itself_opens_and_closes_are_not_looked_at() -> None:
    (finding,) = steadiness(seconds(lambda _: 400), seconds(lambda _: 100), None)
    assert finding.verdict == "pass"


def test_a_tester_that_became_slower_itself_says_nothing_of_the_service() -> None:
    finding = judged(lambda second: 1_000 + 200 * second, lambda second: 100 * second)
    assert finding.verdict == "unknown"
    assert finding.what.startswith("the tester itself became slower to read: its lag went from 1.45 ms")


def test_a_short_run_and_one_with_few_deliveries_cannot_be_judged() -> None:
    assert judged(length=SHORTEST_S).verdict == "pass"
    assert judged(length=SHORTEST_S - 1).what == "deliveries came over 59 s, and 60 s are the least to tell by"
    assert steadiness([], [], [])[0].what.startswith("deliveries came over 0 s")
    rare = [Second(second, 1.0) for second in range(0, 200, 10)]
    assert steadiness(rare, rare, rare)[0].what.startswith("fewer than 15 seconds")
    for every, verdict in ((2, "pass"), (2.2, "unknown")):
        few = [Second(int(1_000 + number * every), 1.0) for number in range(int(90 / every) + 1)]
        assert steadiness(few, few, few)[0].verdict == verdict
    full = seconds(lambda _: 1.0)
    assert steadiness(full, full, [])[0].verdict == steadiness(full, [], full)[0].verdict == "unknown"

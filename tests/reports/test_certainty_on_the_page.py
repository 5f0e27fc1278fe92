"""How sure the figures are, on the page: intervals, confidence, clocks, network and the tester's own health."""

from __future__ import annotations

from dataclasses import replace

import pytest

from locust_eventsource.measure.health import judge_health
from reports.html import render_html
from reports.html.page import MAX_CLOCKS
from reports.model import Result, RowRecord, row_record
from reports.tester import Network
from tests.reports.parsed_page import (
    ParsedPage,
    charts_of,
    courses_since,
    objects_in,
    rendered,
    shown_text,
    sources_of,
)
from tests.support.sample_result import sample_result
from tests.support.sample_tester import sample_facts


def test_the_first_screen_says_how_sure_the_figures_are_and_whether_the_tester_kept_up() -> None:
    first = shown_text("sample").partition("Targets against measured")[0]
    for words in ("Delivery, median 1.44 ms 1.10~1.75 ms", "Delivery, p99 251 ms 22.4~502 ms", "✓The tester: kept up"):
        assert words in first
    doubtful = row_record(judge_health(sample_facts()._replace(cpu_percent=97.0)))
    shown = ParsedPage(render_html(_with_rows(doubtful), {})).text
    assert "?The tester: in doubt" in shown
    assert "a process used 97 % of a core: run fewer users" in shown


def test_every_percentile_shows_its_interval_its_samples_and_its_confidence() -> None:
    shown = shown_text("sample")
    figures = "1.44 ms1.10~1.75 3.04 ms2.55~3.35 13.4 ms4.96~13.7 251 ms22.4~502 †253 ms38.4~504 never"
    assert f"Delivery 3,723 {figures}" in shown
    assert "Delivery 3,723 1.42~1.47 ms 2.93~3.21 ms 10.7~15.4 ms 251~252 ms †at least 253 ms" in shown
    assert "32, too fewat least 10.4 ms" in shown
    assert "3,72310.7 to 15.4 ms" in shown


def test_a_figure_that_is_exact_to_its_digits_shows_no_interval() -> None:
    assert "Sent trigger to event 248 6.33 ms 12.9 ms 20.9 ms" in shown_text("passing")


def test_the_clock_section_tells_an_estimated_offset_and_its_steps() -> None:
    shown = shown_text("sample")
    for words in (
        "estimated from 262 probes: known as a rule to ±372 µs, at worst to ±251 ms. A clock jumped once.",
        "worker 1 estimated from 131 probes +3,512.20 ± 0.28 ms ± 250 ms 1",
        "worker 1 31.210 s 31.680 s +500.00 ± 0.62 ms",
    ):
        assert words in shown
    titles = charts_of(rendered("sample")).keys()
    assert {f"chart-{name}-{at}" for name in ("offset", "bound") for at in (0, 1)} <= titles


def test_a_shared_clock_needs_a_sentence_and_no_chart() -> None:
    shown = shown_text("passing")
    assert "share a clock: the offset counts as exactly 0, which all of 131 probes allow." in shown
    assert not [name for name in charts_of(rendered("passing")) if "offset" in name or "bound" in name]


def test_only_the_clocks_of_a_few_processes_are_drawn_and_all_are_listed() -> None:
    result = sample_result()
    many = [replace(result.clock.processes[0], name=f"load {at}") for at in range(7)]
    source = render_html(replace(result, clock=replace(result.clock, processes=many)), {})
    assert len([name for name in charts_of(source) if name.startswith("chart-offset-")]) == MAX_CLOCKS
    assert "load 6" in ParsedPage(source).text


def test_the_steps_of_a_clock_are_marked_where_two_clocks_are_compared() -> None:
    charts = charts_of(rendered("sample"))
    assert _has_shade(charts["chart-time-delivery"], 31.21, 31.68)
    assert _has_shade(charts["chart-offset-0"], 31.21, 31.68)
    assert not _has_shade(charts["chart-time-trigger"], 31.21, 31.68)


def test_the_band_of_the_delivery_holds_its_curve() -> None:
    source = next(
        each for each in sources_of(charts_of(rendered("sample"))["chart-interval-delivery"]) if "low" in each
    )
    assert all(low <= y <= high for low, y, high in zip(source["low"], source["y"], source["high"], strict=True))
    assert max(high / low for low, high in zip(source["low"], source["high"], strict=True)) > 10


def test_the_network_stands_beside_the_phases_of_connecting() -> None:
    shown = shown_text("sample")
    phases = shown.partition("Connecting, and the network below it")[2].partition("Gaps")[0]
    for words in ("Connect: TCP 32 1.10 ms", "Round trip 248 84.0 µs", "2 segments were sent again and 5 came out of"):
        assert words in phases
    unasked = replace(sample_result(), network=Network())
    assert "The kernel was not asked about the connections." in ParsedPage(render_html(unasked, {})).text


def test_a_phase_that_takes_no_time_in_any_connect_has_no_row() -> None:
    result = sample_result()
    idle = replace(result.metrics["connect_dns"], p50=1.0, max=1.0)
    page = ParsedPage(render_html(replace(result, metrics=result.metrics | {"connect_tls": idle}), {}))
    assert "No time went into: Connect: TLS." in page.text
    assert "No time went into" not in shown_text("sample")


def test_the_first_whole_second_of_a_run_is_drawn_whole() -> None:
    result = sample_result()
    late = replace(result, run=replace(result.run, started="2026-11-23T16:30:00.900000Z"))
    chart = charts_of(render_html(late, courses_since(late.run)))["chart-time-delivery"]
    first = min(x for source in sources_of(chart) for x in source.get("x", ()))
    start = min(each["attributes"]["start"] for each in objects_in(chart) if each.get("name") == "Range1d")
    assert start < first == pytest.approx(-0.9, abs=0.001)


def _with_rows(*rows: RowRecord) -> Result:
    return replace(sample_result(), rows=list(rows))


def _has_shade(chart: object, left: float, right: float) -> bool:
    return any(each.get("left") == left and each.get("right") == right for each in objects_in(chart))

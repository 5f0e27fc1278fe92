"""report.html: whole, closed in itself, the same every time, and safe with any text."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from locust_eventsource.measure.hlog import Interval
from locust_eventsource.measure.sealed import seal
from reports.html import render_html
from reports.html.axes import latency_label, latency_ticks, nines, percentile_at
from reports.html.embed import library, script_json
from reports.intervals import MAX_POINTS, course, step_s
from reports.model import Result
from tests.reports.parsed_page import ParsedPage, charts_of, rendered, sample_courses, shown_text, sources_of
from tests.support.sample_result import (
    HOSTILE,
    STARTED_S,
    sample_result,
)

MAX_EMBEDDED = 2_000_000
CHARTS = 26


def test_the_verdict_comes_first_and_every_section_is_there() -> None:
    page = ParsedPage(rendered("sample"))
    assert page.headings == [
        "✗ Failed",
        "What went wrong",
        "✗Events were lost",
        "✗Events came twice on a stream",
        "✗Events were delivered late",
        "Targets against measured",
        "Rates asked and reached",
        "Latency",
        "How sure delivery is",
        "Over time",
        "By event type",
        "Deliveries and checks",
        "✗fail delivery.lost",
        "✗fail delivery.duplicated",
        "?unknown lifecycle.transitions",
        "Checks that passed",
        "Fan-out skew",
        "Lives of tasks",
        "Connections and reconnects",
        "Connecting, and the network below it",
        "Gaps",
        "Why connections failed",
        "The clocks",
        "Steps",
        "The tester\N{RIGHT SINGLE QUOTATION MARK}s health",
        "Locust\N{RIGHT SINGLE QUOTATION MARK}s requests and errors",
        "Errors",
        "The run\N{RIGHT SINGLE QUOTATION MARK}s facts",
        "Clean-up",
        "Notes",
        "Definitions",
    ]


def test_the_figures_of_the_result_are_on_the_page() -> None:
    shown = shown_text("sample")
    for words in ("3,723 expected = 3,720 delivered + 3 lost", "evt-1840", "and 9 more", "HTTP 503", "command line"):
        assert words in shown
    assert "24 gaps on 24 streams, the longest 3.650 s." in shown
    assert "62 %" in shown


def test_a_run_in_order_shows_no_gap_and_no_offender() -> None:
    shown = ParsedPage(rendered("passing")).text
    assert "Passed" in shown
    assert "No stream lost its connection." in shown
    assert "First offenders" not in shown


def test_the_page_loads_nothing_and_its_policy_forbids_it_to() -> None:
    source = rendered("sample")
    page = ParsedPage(source)
    assert all(address.startswith(("#", "data:,")) for address in page.addresses)
    assert page.addresses
    assert "url(" not in page.styles
    assert "@import" not in page.styles
    assert not {"img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    assert "default-src 'none'" in source


def test_the_embedded_library_stays_under_its_limit() -> None:
    page = ParsedPage(rendered("sample"))
    embedded = sum(len(content.encode()) for _, content in page.scripts)
    assert len(str(library()).encode()) < embedded < MAX_EMBEDDED
    assert len(rendered("sample").encode()) < MAX_EMBEDDED


def test_hostile_text_adds_no_element_and_ends_no_script() -> None:
    hostile, sample = ParsedPage(rendered("hostile")), ParsedPage(rendered("sample"))
    assert hostile.tags.count("b") == sample.tags.count("b") == CHARTS
    assert hostile.tags.count("script") == sample.tags.count("script") == 4
    assert "</script><b>|`*_@everyone" in hostile.text
    assert not re.search("[\x00-\x08\x0e-\x1f\u202e]", hostile.text)


def test_hostile_text_inside_the_charts_stays_a_string() -> None:
    assert "<" not in str(script_json({HOSTILE: [HOSTILE, "\u2028"]}))
    assert json.loads(str(script_json({HOSTILE: [HOSTILE, "\u2028"]}))) == {HOSTILE: [HOSTILE, "\u2028"]}
    charts = charts_of(rendered("hostile"))
    assert any("</script><b>" in text for text in _strings(charts))


def test_the_same_result_renders_to_the_same_bytes() -> None:
    assert render_html(sample_result(), sample_courses()) == rendered("sample")


def test_another_process_renders_the_same_bytes_and_imports_neither_locust_nor_gevent() -> None:
    program = (
        "import hashlib, sys; from tests.reports import parsed_page as t;"
        "print(hashlib.sha256(t.rendered('sample').encode()).hexdigest(),"
        "'locust' in sys.modules or 'gevent' in sys.modules)"
    )
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=root, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [hashlib.sha256(rendered("sample").encode()).hexdigest(), "False"]


def test_lost_events_end_the_delivery_curve_before_the_last_percentiles() -> None:
    result = sample_result()
    half_lost = replace(result, deliveries=replace(result.deliveries, lost=3720))
    ends = [max(_curve_of(charts_of(render_html(r, sample_courses())), "Delivery")) for r in (result, half_lost)]
    assert ends[0] == pytest.approx(nines(99.9), abs=0.3)
    assert ends[1] == pytest.approx(nines(50), abs=0.05)


def test_a_result_without_hlogs_keeps_its_tables_and_says_what_is_missing() -> None:
    shown = ParsedPage(render_html(sample_result(), {})).text
    assert "No .hlog file was found for: " in shown
    assert "1.42 ms" in shown


def test_an_empty_run_renders() -> None:
    empty = Result(sample_result().run, sample_result().verdict)
    shown = ParsedPage(render_html(empty, {})).text
    for words in ("No targets were set", "No latency was measured", "No deliveries were judged", "counted no request"):
        assert words in shown


def test_a_long_run_is_drawn_in_few_points_that_keep_every_sample() -> None:
    day = [Interval(STARTED_S + second, seal({1_000: 1})) for second in range(86_400)]
    found = course(day, STARTED_S, 86_400)
    drawn = found.points
    assert len(drawn) <= MAX_POINTS
    assert sum(point.count for point in drawn) == found.whole.count == 86_400
    assert {point.width_s for point in drawn} == {step_s(86_400)} == {300}
    assert {(point.p50_us, point.p99_us, tuple(point.cells.items())) for point in drawn} == {
        (1_000, 1_000, ((30, 300),))
    }


def test_a_year_is_drawn_with_the_widest_step() -> None:
    assert step_s(365 * 86_400) == 14_400
    assert course([], 0.0, 60).points == []


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (90, 1100, ["100 µs", "200 µs", "500 µs", "1 ms"]),
        (90, 110_000, ["100 µs", "300 µs", "1 ms", "3 ms", "10 ms", "30 ms", "100 ms"]),
        (1, 2e6, ["1 µs", "10 µs", "100 µs", "1 ms", "10 ms", "100 ms", "1 s"]),
    ],
)
def test_the_axis_of_latencies_has_round_labels(low: float, high: float, labels: list[str]) -> None:
    assert [latency_label(tick) for tick in latency_ticks(low, high)] == labels


def test_the_axis_of_nines_is_its_own_inverse() -> None:
    assert [round(nines(p), 6) for p in (0, 90, 99, 99.9)] == [0, 1, 2, 3]
    assert percentile_at(nines(97.3)) == pytest.approx(97.3)


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [found for pair in value.items() for item in pair for found in _strings(item)]
    if isinstance(value, list):
        return [found for item in value for found in _strings(item)]
    return [value] if isinstance(value, str) else []


def _curve_of(charts: Any, title: str) -> list[float]:  # noqa: ANN401
    """The places on the axis of nines of one curve."""
    return next(
        source["x"] for source in sources_of(charts["chart-percentiles"]) if source.get("what", [""])[0] == title
    )

"""What a climb found, in words, in Markdown and on the page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reports.capacity import Capacity, ClimbLoad, ClimbStep, rate_text, summary_of
from reports.html import render_html
from reports.markdown import render_markdown
from reports.model import Result
from reports.wording import NOTHING
from tests.reports.parsed_page import ParsedPage, rendered, sample_courses
from tests.support.sample_result import HOSTILE, sample_result

HELD, GAVE = ClimbLoad(48, 41.22, 1978.6), ClimbLoad(50, 41.6, 2080.0)
WHY = ["delivery:p(99)<50ms: 71 ms"]
STEPS = [
    ClimbStep(1.0, 5.3, HELD, "held", [], 206, 3_000.0, 12_000.0, 900.0, 0, 0, 240, 31.0),
    ClimbStep(6.5, 1.2, GAVE, "missed", [*WHY, HOSTILE], 50, 40_000.0, float("inf"), None, 3, 1, 60, 35.0),
    ClimbStep(8.0, 1.2, GAVE, "tester", WHY),
]
FOUND = Capacity(HELD, GAVE, "missed", WHY, True)


def with_capacity() -> Result:
    return replace(sample_result(), capacity=replace(FOUND, summary=summary_of(FOUND), steps=STEPS))


HOLDS = "The service holds 48 streams at 41.2 events a second each (1,979 deliveries a second) within its targets."
AT = "At 50 streams at 41.6 events a second each (2,080 deliveries a second)"


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (FOUND, f"{HOLDS} {AT} this gives first: {WHY[0]}. The tester kept up, so the limit is the service's."),
        (
            replace(FOUND, limit="tester", gives_first=["busy", "late"]),
            f"{HOLDS} {AT} the limit was the tester's (busy; late), so the service may hold more.",
        ),
        (replace(FOUND, limit="unclear"), f"{HOLDS} {AT} the evidence carries no verdict: {WHY[0]}."),
        (
            replace(FOUND, gave=None, limit="", gives_first=[]),
            f"{HOLDS} That was the last load asked for; it may hold more.",
        ),
        (
            replace(FOUND, held=None),
            f"Not even the first load was held. {AT} this gives first: {WHY[0]}. The tester kept up, so the limit is "
            "the service's.",
        ),
        (
            replace(FOUND, complete=False),
            "The run ended before the climb did. So far this was held: 48 streams at 41.2 events a second each "
            "(1,979 deliveries a second).",
        ),
        (Capacity(), "The run ended before the climb did. So far nothing was shown to be held."),
    ],
)
def test_the_answer_is_said_in_sentences(found: Capacity, said: str) -> None:
    assert summary_of(found) == said


def test_few_events_a_second_keep_their_digits() -> None:
    assert [rate_text(rate) for rate in (0.25, 9.876, 99.34, 1234.5)] == ["0.25", "9.88", "99.3", "1,234"]


def test_markdown_has_each_step() -> None:
    text = render_markdown(replace(with_capacity(), rows=[], checks=[], notes=[]))
    assert "| ✓ held | 48 | 41.2 | 1,979 | 12.0 ms | 900 µs | 0 | 0 |" in text
    assert f"| ✗ missed | 50 | 41.6 | 2,080 | never | {NOTHING} | 3 | 1 |" in text
    assert "## Capacity" not in render_markdown(sample_result())


def test_the_page_has_the_answer_and_each_step_and_nothing_without_a_climb() -> None:
    source = render_html(with_capacity(), sample_courses())
    page = ParsedPage(source)
    assert "Capacity" in page.headings
    assert all(text in page.text for text in (HOLDS, AT, "1 of 60", "never"))
    assert HOSTILE not in source
    assert 'href="#capacity"' not in rendered("sample")

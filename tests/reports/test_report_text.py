"""The words of the reports, the table on the terminal and report.md."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace

import pytest

from locust_eventsource.measure.health import judge_health
from reports import wording
from reports.markdown import cell, code, render_markdown, text
from reports.model import CheckRecord, Gap, Result, RowRecord, row_record
from reports.terminal import WIDTH, render_table, use_color
from tests.support.sample_result import STARTED_S, hostile_result, passing_result, sample_result
from tests.support.sample_tester import sample_facts

STARTED_NS = STARTED_S * 10**9


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [
        (0, "0.00 µs"),
        (31.0, "31.0 µs"),
        (999.4, "999 µs"),
        (999.6, "1.00 ms"),
        (-1500, "-1.50 ms"),
        (24_900, "24.9 ms"),
        (1_234_000, "1.23 s"),
        (3_600e6, "3,600 s"),
        (math.inf, "never"),
        (math.nan, "\N{EN DASH}"),
        (None, "\N{EN DASH}"),
    ],
)
def test_a_duration_reads_in_the_unit_that_fits(microseconds: float | None, words: str) -> None:
    assert wording.duration(microseconds) == words


@pytest.mark.parametrize(("value", "words"), [(62.16, "62.2 s"), (100, "1 min 40 s"), (7260.4, "2 h 1 min")])
def test_a_span_has_two_units_at_most(value: float, words: str) -> None:
    assert wording.span(value) == words


@pytest.mark.parametrize(
    ("part", "whole", "words"),
    [(0, 0, "\N{EN DASH}"), (0, 9, "0 %"), (9, 9, "100 %"), (99_999, 100_000, "99.99 %"), (1, 10**6, "0.01 %")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(part: int, whole: int, words: str) -> None:
    assert wording.share(part, whole) == words


def test_an_offender_puts_dates_as_seconds_since_the_start_and_long_lists_short() -> None:
    offender: dict[str, object] = {
        "streams": list(range(15)),
        "at_ns": STARTED_NS + 1_500_000_000,
        "wait_ns": 2_500_000,
        "wait_us": 10,
        "from_s": 0.25,
        "task": None,
        "ready": True,
        "event_id": "e1",
    }
    (found,) = wording.offenders(CheckRecord("x", "fail", "", {}, [offender]), STARTED_NS)
    assert found.event == [("event id", "e1"), ("ready", "True")]
    assert found.streams == [("streams", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 3 more")]
    assert found.times == [("at", "1.500 s"), ("wait", "2.50 ms"), ("wait", "10.0 µs"), ("from", "0.250 s")]


def test_gaps_are_summed_up_with_the_longest_and_those_that_never_closed() -> None:
    gaps = [Gap("a", 1.0, 2.5, ""), Gap("a", 4.0, 4.5, ""), Gap("b", 1.0, None, "")]
    assert wording.gap_summary(gaps) == "3 gaps on 2 streams, the longest 1.500 s, 1 never closed."


def test_reasons_name_failures_before_what_is_open() -> None:
    verdicts = [reason.verdict for reason in wording.reasons(sample_result())]
    assert verdicts == ["fail"] * 5 + ["inconclusive"] * 2 + ["unknown"]
    assert wording.reasons(passing_result()) == []


def test_the_reason_of_a_tester_in_doubt_stands_without_all_that_was_measured() -> None:
    row = row_record(judge_health(sample_facts()._replace(cpu_percent=97.0)))
    (reason,) = wording.reasons(replace(sample_result(), rows=[row], checks=[]))
    assert reason.text.startswith("a process used 97 % of a core: run fewer users")


def test_the_table_on_the_terminal_keeps_to_its_columns() -> None:
    lines = render_table(sample_result(), color=False).splitlines()
    assert max(map(len, lines)) == WIDTH
    rows = [line for line in lines if re.match("(PASS|FAIL) .*[<>=]", line)]
    assert len(rows) == 8
    assert "FAIL          delivery:p(99)<10ms" in "\n".join(rows)
    assert any(re.search("251 ms +241 ms over +3,723", line) for line in rows)
    assert lines[-5].startswith("FAILED (exit code 3)")
    assert "3,723 expected = 3,720 delivered + 3 lost" in lines[-3]


def test_the_terminal_says_below_a_row_how_sure_its_figure_is() -> None:
    lines = [line.strip() for line in render_table(sample_result(), color=False).splitlines()]
    assert "22.4 to 502 ms; 3 lost; 95 % confidence 251 to 252 ms" in lines
    assert "95 % confidence at least 10.4 ms; too few samples" in lines
    assert lines[lines.index("PASS          tester:fit") + 1].startswith("read lag p99 86 µs, loop lag p99 625 µs")
    assert lines[-2].startswith("The offset was estimated from 262 probes: known as a rule to ±372 µs, at worst")
    assert "clock" not in render_table(passing_result(), color=False)


def test_a_target_too_long_for_its_column_has_a_line_of_its_own() -> None:
    expression = "delivery{" + "long." * 30 + "}:p(99)<50ms"
    lines = render_table(_with_first_row(expression=expression), color=False).splitlines()
    assert max(map(len, lines)) == WIDTH
    assert "".join(line.strip() for line in lines[2:5]).startswith("PASS          delivery{long.long.")


def test_figures_too_long_for_their_columns_are_set_below() -> None:
    table = render_table(_with_first_row(measured_text="lower bound of p(99.99): 112 ms (3 lost)"), color=False)
    assert "measured lower bound of p(99.99): 112 ms; 86 ms below; 32 samples" in table
    assert "\n              3 lost; 95 % confidence at least 10.4 ms; too few samples\n" in table


def test_a_run_without_targets_says_so() -> None:
    assert "no targets were set" in render_table(replace(sample_result(), rows=[], checks=[]), color=False)


def test_the_verdict_is_in_words_and_colour_only_when_asked_for() -> None:
    plain, colored = (render_table(sample_result(), color=color) for color in (False, True))
    assert "\x1b" not in plain
    assert "\x1b[31mFAIL        \x1b[0m" in colored
    assert re.sub(r"\x1b\[[\d;]*m", "", colored) == plain


def test_text_of_the_user_cannot_send_control_codes_to_the_terminal() -> None:
    shown = render_table(hostile_result(), color=False)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_needs_a_terminal_and_no_objection() -> None:
    assert use_color(_Terminal(), {})
    assert use_color(_Terminal(), {"NO_COLOR": ""})
    assert not use_color(_Terminal(), {"NO_COLOR": "1"})
    assert not use_color(io.StringIO(), {})


def test_the_markdown_says_verdict_targets_deliveries_offenders_and_facts() -> None:
    shown = render_markdown(sample_result())
    assert shown.startswith("# ✗ Failed (exit code 3)\n")
    assert "| ✗ fail | `delivery:p(99)<10ms` | 251 ms (22.4 to 502 ms; 3 lost) | 241 ms over the limit |" in shown
    assert "3,723 expected = 3,720 delivered + 3 lost." in shown
    assert "\n- ✗ `delivery.lost`: 3 deliveries of 3 events never came.\n  - lost: event id `evt-1840`; type " in shown
    assert "locust-eventsource 0.1.0, Locust 2.47.0, Python 3.11.7" in shown
    assert render_markdown(passing_result()).startswith("# ✓ Passed (exit code 0)\n")


def test_the_markdown_says_how_sure_the_figures_are() -> None:
    shown = render_markdown(sample_result()).replace(wording.NOTHING, "~")
    assert "| Delivery | 3,723 | 1.44 ms (1.10~1.75) | 3.04 ms (2.55~3.35) | 13.4 ms (4.96~13.7) |" in shown
    assert "| 241 ms over the limit | 3,723; 251 to 252 ms |" in shown
    assert "| 32, too few; at least 10.4 ms |" in shown
    assert "As worker 1 saw it, the offset jumped by +500.00 ± 0.62 ms between 31.210 s and 31.680 s." in shown
    assert "The tester: ✓ kept up: CPU at most 62 %, read lag p99 86.0 µs" in shown
    assert "2 segments were sent again and 5 came out of order." in shown


def test_every_table_of_the_markdown_has_the_same_number_of_cells_in_each_line() -> None:
    for result in (sample_result(), hostile_result()):
        for block in render_markdown(result).split("\n\n"):
            lines = [line for line in block.splitlines() if line.startswith("|")]
            assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) <= 1, block


def test_markdown_and_html_in_the_users_text_have_no_effect() -> None:
    assert text("<b>*x*_[a](b)|#1 @you") == r"\<b\>\*x\*\_\[a\](b)\|\#1 &#64;&#8203;you"
    assert code("a`b") == "``a`b``"
    assert code("`a`") == "`` `a` ``"
    assert code("a\nb\x1b") == "`a b`"
    assert code("") == ""
    assert cell("a|b") == r"`a\|b`"
    shown = render_markdown(hostile_result())
    assert not re.search(r"(?<!\\)<b>", re.sub(r"``[^\n]*?[^`]``", "", shown))


def test_the_markdown_stays_short_whatever_failed_and_says_what_it_leaves_out() -> None:
    offenders: list[dict[str, object]] = [{"what": "lost", "event_id": f"e{at}"} for at in range(20)]
    sample = sample_result()
    failed = [CheckRecord(f"area.{at}", "fail", "lost", {}, offenders) for at in range(60)]
    unknown = [CheckRecord(f"open.{at}", "unknown", "nobody knows", {}, []) for at in range(60)]
    metric = sample.metrics["delivery"]
    largest = replace(
        sample,
        rows=sample.rows * 10,
        checks=[*unknown, *failed],
        metrics=sample.metrics | {f"metric{at}": metric for at in range(40)},
        notes=["a note"] * 40,
        cleanup=replace(sample.cleanup, left=["a task"] * 40),
    )
    shown = render_markdown(largest)
    assert shown.count("\n") < 60
    assert "`area.0`" in shown and "`open." not in shown
    assert "`e0`" in shown and "`e1`" not in shown
    assert "- and 115 more in report.html" in shown
    assert "|  | and 114 more in report.html |" in shown
    assert "| and 50 more in report.html |" in shown
    assert "- and 78 more in report.html" in shown


@pytest.mark.parametrize("failing", [0, 1, 2, 5, 6, 9, 13])
def test_the_markdown_is_short_for_every_number_of_targets_and_failures(failing: int) -> None:
    sample = sample_result()
    checks = [CheckRecord("lost", "fail", "", {}, [{"what": "lost"}] * 7)] * failing
    for targets in range(16):
        rows = (sample.rows * 2)[:targets]
        assert render_markdown(replace(sample, rows=rows, checks=checks)).count("\n") < 60


def _with_first_row(**changes: object) -> Result:
    result = sample_result()
    first: RowRecord = replace(result.rows[0], **changes)  # type: ignore[arg-type]
    return replace(result, rows=[first, *result.rows[1:]])


def test_an_offender_is_a_sentence_with_the_event_the_streams_and_the_times_apart() -> None:
    offender: dict[str, object] = {
        "streams": ["w1/3", "w1/4"],
        "sent_ns": STARTED_NS + 250_000_000,
        "task_id": "t1",
        "answered_ns": None,
        "detail": "",
        "event_id": "e1",
        "stream_count": 2,
        "what": "reached 23 of 25 streams",
        "again": "curl it",
    }
    check = CheckRecord("lost", "fail", "", {}, [offender, {"type": "task.created"}])
    assert wording.offenders(check, STARTED_NS) == [
        wording.Offender(
            "reached 23 of 25 streams",
            [("event id", "e1"), ("task id", "t1")],
            [("streams", "w1/3, w1/4"), ("stream count", "2")],
            [("sent", "0.250 s")],
            "curl it",
        ),
        wording.Offender("task.created", [("type", "task.created")], [], [], ""),
    ]

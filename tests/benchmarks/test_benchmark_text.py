"""From the findings to tables, ratios and exit code."""

from __future__ import annotations

from dataclasses import replace

import numpy
import pytest

from benchmarks.accuracy import Truth
from benchmarks.command import command_parser
from benchmarks.messages import ReaderReport, SourceReport, reader_report, source_report
from benchmarks.programs import READERS
from benchmarks.section import Section, Table, Target, exit_code
from benchmarks.session import Plan, Run, doubts, faults
from benchmarks.text import cell, document, section, table, targets

SOURCE = SourceReport(100, 50, 50, blocked=0, behind_p99_ms=0.1, behind_max_ms=3.0, seconds=10.0, cpu_us=5.0)
READER = ReaderReport(
    delivered=100, lost=0, duplicated=0, reordered=0, cpu_us=20.0, memory_mib=40.0, connection_kib=5.0
)
RUN = Run(
    plan=Plan(connections=2, rate=10, seconds=10),
    program=READERS["ours"],
    reader=READER,
    source=SOURCE,
    truth=Truth(numpy.zeros((2, 50, 2), dtype=numpy.int64)),
    stamps=None,
    foreign=0.01,
)


def judged(run: Run) -> Section:
    found = Section("cpu", "CPU", "how much?")
    found.judge(run)
    return found


def test_the_events_of_a_connection_are_its_share_of_the_whole_rate() -> None:
    assert Plan(1000, 10_000, 10).events == 100


def test_the_events_of_a_connection_are_whole_bursts_and_at_least_one() -> None:
    assert Plan(1000, 10_000, 1, burst=4).events == 8
    assert Plan(10_000, 10_000, 0.1).events == 1
    assert Plan(10_000, 0, 0).events == 0


def test_a_run_without_loss_on_an_even_source_passes() -> None:
    assert (faults(RUN), doubts(RUN), exit_code([judged(RUN)])) == ([], [], 0)


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        (replace(READER, lost=3), "3 lost"),
        (replace(READER, duplicated=1), "1 duplicated"),
        (replace(READER, reordered=2), "2 reordered"),
    ],
)
def test_events_not_handed_out_as_they_were_sent_fail_whatever_the_source_did(reader: ReaderReport, said: str) -> None:
    bad = RUN._replace(reader=reader, source=replace(SOURCE, behind_max_ms=500.0))
    assert faults(bad) == [said]
    assert exit_code([judged(RUN), judged(bad)]) == 3
    assert f"FAILED: ours, 2 connections, 10 events/s, broadcast: {said}" in section(judged(bad))


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (RUN._replace(source=replace(SOURCE, behind_max_ms=120.0)), "120 ms behind its schedule"),
        (RUN._replace(source=replace(SOURCE, written_min=49)), "did not write every event"),
        (RUN._replace(foreign=0.25), "other processes used 25% of the reader's core"),
    ],
)
def test_a_load_that_was_not_as_asked_is_inconclusive(run: Run, said: str) -> None:
    (doubt,) = doubts(run)
    assert said in doubt
    assert exit_code([judged(run)]) == 4
    assert f"INCONCLUSIVE: ours, 2 connections, 10 events/s, broadcast: {doubt}" in section(judged(run))


def test_a_source_that_is_late_because_its_reader_is_slow_casts_no_doubt_and_is_told() -> None:
    slow = RUN._replace(source=replace(SOURCE, blocked=7, behind_max_ms=500.0))
    assert doubts(slow) == []
    assert "7 writes did not fit the socket" in section(judged(slow))


def test_a_neighbour_that_was_asked_for_casts_no_doubt() -> None:
    assert doubts(RUN._replace(foreign=0.5, plan=replace(RUN.plan, busy=True))) == []


def test_what_programs_tell_beyond_what_is_known_is_passed_over_and_what_they_owe_is_not() -> None:
    told = {"delivered": 1, "lost": 0, "duplicated": 0, "reordered": 0, "cpu_us": 1, "memory_mib": 1}
    assert reader_report({**told, "connection_kib": 1, "waited": 0.5}).cpu_us == 1
    with pytest.raises(TypeError, match="connection_kib"):
        reader_report(told)
    with pytest.raises(TypeError, match="written"):
        source_report({})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "-"),
        (True, "yes"),
        (0, "0"),
        (1234567, "1,234,567"),
        (0.0123456, "0.0123"),
        (99.95, "100"),
        (1234.5, "1,234"),
        (float("inf"), "lost"),
        (float("nan"), "-"),
        ("c", "c"),
    ],
)
def test_figures_have_three_digits_and_a_percentile_that_is_lost_says_so(value: float | None, text: str) -> None:
    assert cell(value) == text


def test_a_table_lines_up_and_has_a_row_each() -> None:
    lines = table(Table("x", ("reader", "us"), [("c", 6.5), ("a longer name", 1200)])).splitlines()
    assert lines == [
        "| reader        |    us |",
        "|---------------|------:|",
        "| c             |   6.5 |",
        "| a longer name | 1,200 |",
    ]


def test_targets_say_whether_they_are_reached_missed_or_open() -> None:
    text = targets([Target("a", "<= 1", "0.5", True), Target("b", "<= 1", "2", False), Target("c", "<= 1", "-", None)])
    assert [line.split("|")[4].strip() for line in text.splitlines()[2:]] == [
        "reached",
        "**not reached**",
        "open",
    ]


def test_the_document_begins_with_machine_command_and_targets_of_all_parts() -> None:
    first = Section("cpu", "CPU", "how much?", targets=[Target("cost", "<= 1", "0.5 x", True)])
    second = Section("rate", "Rate", "how fast?", remarks=["served by the compiled reader"])
    text = document([first, second], "On one core.", "a machine", "make bench")
    assert text.index("a machine") < text.index("`make bench`") < text.index("| cost |") < text.index("## Rate")
    assert "- served by the compiled reader" in text


@pytest.mark.parametrize(
    "arguments", [["--part", "all"], ["--only", "curl"], ["--connections", "0"], ["--rate", "-1"], ["--modes", "x"]]
)
def test_a_wrong_command_line_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command_parser().parse_args(arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err

"""From the runs to the exit code and the table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.messages import ReaderReport, SourceReport
from benchmarks.session import Cores, Part, Plan, Run, doubts, exit_code, faults
from benchmarks.table import document, remarks, table

PLAN = Plan(connections=2, rate=10, seconds=10, body="chunked", pattern="even")
SOURCE = SourceReport(written=[50, 50], blocked=0, behind_p99_ms=0.1, behind_max_ms=3.0, seconds=10.0)
OURS = ReaderReport(
    name="ours",
    p50_ms=0.02,
    p99_ms=0.1,
    max_ms=1.0,
    user_p50_ms=0.2,
    user_p99_ms=0.5,
    delivered=100,
    lost=0,
    duplicated=0,
    reordered=0,
    broken=0,
    cpu_us=20.0,
    waited=0.01,
    memory_mib=40.0,
    connection_kib=5.0,
    kernel_stamps=100,
    coalesced=2,
)
NAIVE = replace(OURS, name="naive", p50_ms=20.0, cpu_us=50.0, connection_kib=50.0, kernel_stamps=0, coalesced=None)
RUNS = [Run(NAIVE, SOURCE), Run(OURS, SOURCE)]


def test_the_events_of_a_connection_are_its_share_of_the_whole_rate() -> None:
    assert Plan(1000, 10_000, 10, "chunked", "even").events == 100


def test_runs_without_loss_on_an_even_source_pass() -> None:
    assert exit_code([Part(PLAN, RUNS)]) == 0
    assert not any(line for line in remarks(Part(PLAN, RUNS)) if "FAILED" in line or "INCONCLUSIVE" in line)


@pytest.mark.parametrize(
    ("reader", "said"),
    [
        (replace(OURS, lost=3), "3 lost"),
        (replace(OURS, duplicated=1), "1 duplicated"),
        (replace(OURS, reordered=2), "2 reordered"),
    ],
)
def test_events_not_handed_out_as_they_were_sent_fail_whatever_the_source_did(reader: ReaderReport, said: str) -> None:
    bad = Run(reader, replace(SOURCE, blocked=4))
    assert faults(bad) == [said]
    assert exit_code([Part(PLAN, RUNS), Part(PLAN, [bad])]) == 3


@pytest.mark.parametrize(
    ("source", "reader", "said"),
    [
        (replace(SOURCE, blocked=7), OURS, "7 writes did not fit"),
        (replace(SOURCE, behind_max_ms=120.0), OURS, "120 ms behind its schedule"),
        (replace(SOURCE, written=[50, 49]), OURS, "did not write every event"),
        (SOURCE, replace(OURS, waited=0.25), "waited 25% of the run"),
    ],
)
def test_a_load_that_was_not_as_asked_is_inconclusive(source: SourceReport, reader: ReaderReport, said: str) -> None:
    result = Run(reader, source)
    (doubt,) = doubts(result, PLAN)
    assert said in doubt
    assert exit_code([Part(PLAN, [result])]) == 4


def test_the_table_has_a_row_a_reader_and_the_ratio_of_ours_to_naive() -> None:
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table(RUNS).splitlines()]
    assert [line[0] for line in lines[2:]] == [
        "naive: requests + sseclient-py, a greenlet each",
        "ours: EventStream",
        "ratio ours / naive",
    ]
    assert lines[4][1] == "0.001"
    assert {len(line) for line in lines} == {10}


def test_one_reader_alone_has_no_ratio() -> None:
    assert "ratio" not in table(RUNS[1:])


def test_the_document_names_the_machine_the_placement_and_the_command() -> None:
    text = document([Part(PLAN, RUNS)], Cores(None, None), "a machine", "make bench")
    assert "Machine: a machine." in text
    assert "`make bench`" in text
    assert "shared one core" in text

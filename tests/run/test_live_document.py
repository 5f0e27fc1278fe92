"""What the live page is told of a run: its figures, what fails, and its files once they are written."""

from __future__ import annotations

import json
from pathlib import Path

from locust_eventsource.measure.moving import MovingLatencies
from run.ledger import Ledger
from run.outcome.live_page import SHOWN, LivePage, Look
from tests.support.run_delta import SECOND, delta, options

START_NS = 9 * SECOND + SECOND // 4


def told(*, lose: bool = False) -> Ledger:
    ledger = Ledger(options(), owes_events=True, started_ns=START_NS)
    ledger.latencies = MovingLatencies(SHOWN)
    part = delta(lose=lose)
    part["connections"]["samples"] = {second: [1, 2, 0, 0] for second in range(9, 20)}
    ledger.add("local", part)
    return ledger


def page_of(ledger: Ledger, directory: Path) -> LivePage:
    assert ledger.latencies is not None
    look = Look(ledger, ledger.latencies, [], directory, "http://host", 3, False)
    return LivePage(lambda: look, lambda: START_NS + 11 * SECOND)


def test_before_the_first_run_the_page_has_nothing_to_show() -> None:
    page = LivePage(lambda: None)
    assert page.document(120)["run"]["id"] is None
    assert page.evidence("delivery.lost") == []
    assert page.file("result.json") is None


def test_a_run_under_way_is_shown_in_seconds_since_its_start(tmp_path: Path) -> None:
    document = page_of(told(), tmp_path).document(None)
    assert document["window"] == {"from_s": 0.0, "to_s": 11.0, "step_s": 1}
    ((at_s, number, p50_us, _, _),) = document["delivery"]
    assert (at_s, number, round(p50_us, -2)) == (1.25, 2, 5000)
    assert document["streams"][-1] == [10, 1, 2, 0, 0]
    assert ("Streams open", "2", "quiet") in document["figures"]
    assert ("Connecting", "1", "quiet") in document["figures"]
    assert document["verdict"]["words"] == "Undecided so far"
    assert document["files"] == []
    json.dumps(document, allow_nan=False)


def test_a_window_leaves_out_what_was_before_it(tmp_path: Path) -> None:
    document = page_of(told(), tmp_path).document(5)
    assert document["window"]["from_s"] == 6.0
    assert document["delivery"] == []
    assert [row[0] for row in document["streams"]] == [6, 7, 8, 9, 10]


def test_what_fails_is_told_with_its_evidence(tmp_path: Path) -> None:
    ledger = told(lose=True)
    ledger.finish(80 * SECOND)
    page = page_of(ledger, tmp_path)
    document = page.document(120)
    assert [check["name"] for check in document["checks"]["failed"]] == ["delivery.lost"]
    assert document["verdict"]["words"] == "Failed"
    assert ("Lost", "1", "fail") in document["figures"]
    (offender,) = page.evidence("delivery.lost")
    assert "did not get it" in offender["what"]
    assert ("task id", "t") in offender["facts"]
    assert page.evidence("delivery.duplicated") == []


def test_files_are_those_of_the_results_and_no_others(tmp_path: Path) -> None:
    ledger = told()
    for name in ("result.json", "report.html", "delivery.hlog", "journal.bin", ".half-written"):
        (tmp_path / name).write_text("x" * 10)
    page = page_of(ledger, tmp_path)
    assert page.file("report.html") is None
    ledger.finish(80 * SECOND)
    names = [file["name"] for file in page_of(ledger, tmp_path).document(None)["files"]]
    assert names == ["report.html", "result.json", "delivery.hlog"]
    assert page.file("report.html") == tmp_path / "report.html"
    for other in ("journal.bin", ".half-written", "../secret", ""):
        assert page.file(other) is None


def test_who_asks_for_the_same_shares_an_answer(tmp_path: Path) -> None:
    page = page_of(told(), tmp_path)
    assert page.document(120) is page.document(120)
    assert page.document(120) is not page.document(30)

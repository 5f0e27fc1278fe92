"""A run from its journal: the same results after an orderly end, and after a kill what is known and what is not."""

from __future__ import annotations

from locust.stats import RequestStats

from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from config.option_list import OPTIONS
from reports.codec import to_json
from reports.model import RESULT_FILE, Result, load
from run.__main__ import main
from run.bookkeeping import Bookkeeping
from run.journal import JOURNAL_FILE, Journal, records
from run.ledger import Ledger
from run.outcome.facts import RunFacts
from run.outcome.result import assemble, judged_rows
from run.outcome.rows import thresholds
from studio.verify.capture import Capture
from tests.run.test_request_log import log
from tests.support.run_delta import delta

SECOND = 1_000_000_000
RUN = "lt-1f2e3d4c"


class KeptRun:
    """A run with a journal, as the conductor keeps it."""

    def __init__(self, results: Path, *, embedded: bool = False) -> None:
        options = Namespace(**{option.dest: option.default for option in OPTIONS})
        options.run_id, options.spawn_rate, options.run_time, options.header = RUN, 10.0, 60, ["X-Key: secret"]
        self.facts = RunFacts(
            options=options,
            host="http://user:secret@studio:3000",
            embedded=embedded,
            users=2,
            user_classes=["A"],
            owes_events=True,
            executes=False,
            thresholds=thresholds(options, 2),
        )
        self.stats = RequestStats()
        self.ledger = Ledger(options, owes_events=True, started_ns=9 * SECOND)
        self.ledger.cleanup_command = self.facts.cleanup_command
        self.books = Bookkeeping(results, self.ledger)
        self.directory = self.books.directory
        self.books.note(self.facts, self.stats)

    def go_on(self, worker: str = "local", *, ended: bool = False, lose: bool = False) -> KeptRun:
        self.ledger.joined(worker)
        self.ledger.add(worker, delta(RUN, lose=lose) | {"ended": ended})
        self.ledger.settle(61 * SECOND)
        log(self.stats, "/api/tasks", 3, "500" if lose else "")
        self.books.note(self.facts, self.stats)
        return self

    def end(self) -> Result:
        self.ledger.left.append({"task_id": "t", "title": "x", "problem": "500"})
        self.ledger.finish(70 * SECOND)
        self.books.end(self.facts, self.stats)
        rows = judged_rows(self.facts, self.stats, self.ledger)
        return assemble(self.facts, self.stats, self.ledger, rows)

    def kill(self) -> Path:
        self.books.close()
        return self.directory


@pytest.fixture(autouse=True)
def past(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs were a minute after 1970, as `delta` has it, and asked for no target on their command line."""
    monkeypatch.setattr("run.journal.time", SimpleNamespace(time_ns=lambda: 62 * SECOND))
    monkeypatch.setattr("sys.argv", ["locust"])


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Callable[..., KeptRun]]:
    """Makes runs, all in one folder of results."""
    with ExitStack() as stack:

        def make(results: Path = tmp_path / "results", *, embedded: bool = False) -> KeptRun:
            run = KeptRun(results, embedded=embedded)
            stack.callback(run.kill)
            return run

        yield make


@pytest.fixture
def run(keep: Callable[..., KeptRun]) -> KeptRun:
    return keep()


def verdicts(result: Result) -> dict[str, str]:
    return {check.name: check.verdict for check in result.checks}


def test_an_orderly_end_gives_the_same_results_from_the_journal(run: KeptRun) -> None:
    live = run.go_on(ended=True, lose=True).end()
    assert main(["recover", str(run.kill())]) == 3
    found = load(run.directory / RESULT_FILE)
    assert verdicts(found)["delivery.lost"] == "fail" and "run.drained" not in verdicts(found)
    assert to_json(found) == to_json(live)


def test_a_killed_run_says_what_is_unknown_and_how_to_clean_up(
    run: KeptRun, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = run.go_on().kill()
    assert main(["recover", str(directory)]) == 4
    result = load(directory / RESULT_FILE)
    assert verdicts(result) | {"run.drained": "unknown", "cleanup": "unknown"} == verdicts(result)
    assert result.deliveries.arrivals == 2 and result.deliveries.lost == 0
    assert [(request.count, request.failures) for request in result.requests] == [(1, 0)]
    assert result.notes[0].startswith("The tester was killed ")
    assert any(f"run cleanup --host http://studio:3000 --run {RUN}" in note for note in result.notes)
    assert (directory / "report.html").exists() and (directory / "report.md").exists()
    assert "run.drained" in capsys.readouterr().out
    assert main(["recover", str(directory)]) == 4
    assert (directory / JOURNAL_FILE).exists()


def test_no_credentials_are_in_the_journal(run: KeptRun) -> None:
    directory = run.go_on().kill()
    told = [str(record) for record in records(directory)]
    assert told and not any("secret" in record for record in told)


def test_what_a_service_that_ended_with_the_tester_keeps_is_nobodys_concern(keep: Callable[..., KeptRun]) -> None:
    directory = keep(embedded=True).go_on().kill()
    assert main(["recover", str(directory)]) == 4
    result = load(directory / RESULT_FILE)
    assert verdicts(result)["cleanup"] == "pass"
    assert not any("cleanup" in note for note in result.notes)


def test_a_worker_that_was_lost_before_the_kill_is_told_from_those_that_were_there(run: KeptRun) -> None:
    run.go_on("worker 1")
    run.ledger.joined("worker 2")
    assert run.ledger.journal is not None
    old = delta(RUN) | {"ended": False, "events": Capture().take(20 * SECOND)}
    run.ledger.add("worker 2", old)
    directory = run.kill()
    main(["recover", str(directory)])
    (check,) = [check for check in load(directory / RESULT_FILE).checks if check.name == "run.workers"]
    assert check.counts == {"workers": 2, "lost": 1}
    assert [offender["worker"] for offender in check.offenders] == ["worker 2"]


def test_a_damaged_journal_is_recovered_up_to_the_damage(run: KeptRun) -> None:
    directory = run.go_on().go_on().kill()
    path = directory / JOURNAL_FILE
    content = bytearray(path.read_bytes())
    content[-40] ^= 0x10
    path.write_bytes(content)
    main(["recover", str(directory)])
    (check,) = [check for check in load(directory / RESULT_FILE).checks if check.name == "run.drained"]
    assert "its journal is damaged at byte" in check.summary and "was last heard of" in check.summary


def refusal(directory: Path, capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["recover", str(directory)]) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    return said


def test_what_cannot_be_recovered_is_said_in_one_line(
    run: KeptRun, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "holds no journal of a run" in refusal(tmp_path, capsys)
    assert "still under way" in refusal(run.directory, capsys)
    run.go_on(ended=True).end()
    run.books.remove()
    (run.directory / RESULT_FILE).write_text("{}")
    assert "has its results already" in refusal(run.directory, capsys)


@pytest.mark.parametrize("kind", ["nothing", "no facts", "other facts", "another delta", "no journal"])
def test_a_journal_that_makes_no_sense_is_refused(
    tmp_path: Path, kind: str, run: KeptRun, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    journal = Journal(folder)
    if kind == "no facts":
        journal.note("settle")
    elif kind == "other facts":
        journal.note("facts", {"started_ns": 1})
    elif kind == "another delta":
        journal.facts(run.facts.to_record() | {"started_ns": 1})
        journal.note("delta", ["local", {"run": RUN}])
    journal.close()
    if kind == "no journal":
        (folder / JOURNAL_FILE).write_text("nothing of the kind")
    said = refusal(folder, capsys)
    assert str(folder) in said or "does not begin with the facts" in said


def test_results_that_cannot_be_written_are_said_in_one_line(run: KeptRun, capsys: pytest.CaptureFixture[str]) -> None:
    directory = run.go_on().kill()
    (directory / RESULT_FILE).mkdir()
    assert "cannot write the results" in refusal(directory, capsys)


def test_the_clean_up_knows_a_killed_run_by_its_journal(run: KeptRun, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cleanup", "--results", str(run.directory)]) == 2
    assert "still under way" in capsys.readouterr().err
    directory = run.kill()
    assert main(["cleanup", "--results", str(directory), "--host", "http://127.0.0.1:1"]) == 4
    assert "no service answers" in capsys.readouterr().err


def test_two_runs_of_one_second_have_a_folder_each(keep: Callable[..., KeptRun]) -> None:
    runs = [keep() for _ in range(3)]
    assert [run.directory.name for run in runs] == [f"1970-01-01T00-00-09Z{number}" for number in ("", "-2", "-3")]


def test_where_no_folder_can_be_made_the_run_goes_on_without_a_journal(
    tmp_path: Path, keep: Callable[..., KeptRun], caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    run = keep(tmp_path / "file")
    run.go_on(ended=True).end()
    run.books.remove()
    run.books.close()
    assert "No journal in" in caplog.text

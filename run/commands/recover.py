"""``python -m run recover``: the verdict and the reports of a run whose tester was killed, from its journal."""

from __future__ import annotations

from locust.stats import RequestStats

import os
import shlex
import sys
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from locust_eventsource.measure.exit_codes import PASS
from reports.model import RESULT_FILE
from reports.terminal import render_table, use_color
from reports.write import write_results
from run.commands.refusal import CommandError
from run.journal import JOURNAL_FILE, JournalError, Record, records
from run.ledger import Ledger
from run.outcome.facts import RunFacts, facts_from_record
from run.outcome.request_log import add_requests
from run.outcome.result import assemble, judged_rows

_UNDELETED: Final = "the tester was killed before it had deleted the run's tasks"


class Recovery:
    """A run that is told again, record by record."""

    def __init__(self, first: Record) -> None:
        """``first`` holds the facts of the run. Raise ``JournalError`` when it does not."""
        if first.kind != "facts":
            raise JournalError("the journal does not begin with the facts of the run")
        self.facts: RunFacts = facts_from_record(first.body)
        started_ns: int = first.body["started_ns"]
        self.stats = RequestStats()
        self.ledger = Ledger(self.facts.options, owes_events=self.facts.owes_events, started_ns=started_ns)
        self.ledger.cleanup_command = self.facts.cleanup_command
        self._last_ns = started_ns
        self._damaged = ""

    def tell(self, later: Iterable[Record]) -> None:
        """Take in the rest of the journal, and judge what was open at its end."""
        for record in later:
            self._take(record)
        if not self.ledger.ended_ns:
            self._break_off()

    def _take(self, record: Record) -> None:
        kind, at_ns, body = record
        self._last_ns = max(self._last_ns, at_ns)
        if kind == "facts":
            self.facts = facts_from_record(body)
        elif kind == "delta":
            self.ledger.add(*body)
        elif kind == "joined":
            self.ledger.attendance.joined(body)
        elif kind == "settle":
            self.ledger.settle(at_ns)
        elif kind == "requests":
            add_requests(self.stats, body)
        elif kind == "damaged":
            self._damaged = f" (its journal is damaged at byte {body}, and cannot be read further)"
        else:
            self.ledger.close_as(body, at_ns)

    def _break_off(self) -> None:
        ledger, at_s = self.ledger, (self._last_ns - self.ledger.started_ns) / 1e9
        what = "was last heard of" if self._damaged else "was killed"
        ledger.cut_short = (
            f"the tester {what} {at_s:.1f} s after the start of the run{self._damaged}: "
            "what came after is not accounted for"
        )
        ledger.unseen_tasks = "" if self.facts.embedded else _UNDELETED
        ledger.attendance.cut(self._last_ns)
        ledger.finish(self._last_ns)


def act(given: Namespace) -> int:
    """Recover the run in the folder; returns the exit code that its verdict has."""
    directory: Path = given.directory
    if (directory / RESULT_FILE).exists() and not (directory / JOURNAL_FILE).exists():
        again = f"python -m reports render {shlex.quote(str(directory))}"
        raise CommandError(f"the run in {directory} has its results already; {again!r} makes the reports anew")
    try:
        told = records(directory)
        recovery = Recovery(next(told, Record("damaged", 0, 0)))
        recovery.tell(told)
    except JournalError as error:
        raise CommandError(str(error)) from error
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(f"the journal in {directory} was written by another version ({error!r})") from error
    facts, stats, ledger = recovery.facts, recovery.stats, recovery.ledger
    result = assemble(facts, stats, ledger, judged_rows(facts, stats, ledger))
    try:
        write_results(directory, result, ledger.series)
    except OSError as error:
        raise CommandError(f"cannot write the results: {error}") from error
    sys.stdout.write(render_table(result, color=use_color(sys.stdout, os.environ)) + f"\n\nResults: {directory}\n")
    return PASS if result.verdict.exit_code is None else result.verdict.exit_code

"""The folder of one run, and the journal in it while the run goes on."""

from __future__ import annotations

from locust.stats import RequestStats

import logging
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from run.journal import Journal
from run.ledger import SECOND_NS, Ledger
from run.outcome.facts import RunFacts
from run.outcome.request_log import RequestLog

logger = logging.getLogger(__name__)


class Bookkeeping:
    """Keeps the journal of a run until its results are written."""

    def __init__(self, results: Path, ledger: Ledger) -> None:
        """Make a folder for the run inside ``results``, and begin its journal where that can be written."""
        self._ledger = ledger
        self._requests = RequestLog()
        self.directory = _named(results, ledger.started_ns, 1)
        try:
            self.directory = _new_folder(results, ledger.started_ns)
            ledger.journal = Journal(self.directory)
        except OSError as error:
            logger.warning("No journal in %s, so a killed tester would lose the run: %s", self.directory, error)

    def note(self, facts: RunFacts, stats: RequestStats) -> None:
        """Take down what has changed beside the ledger; call it about once a second."""
        journal = self._ledger.journal
        if journal is None:
            return
        journal.facts(facts.to_record() | {"started_ns": self._ledger.started_ns})
        requests = self._requests.take(stats, facts.host)
        if requests is not None:
            journal.note("requests", requests)

    def end(self, facts: RunFacts, stats: RequestStats) -> None:
        """The run has ended: from here on the journal gives the same results as the ledger."""
        self.note(facts, stats)
        if self._ledger.journal is not None and self._ledger.ended_ns:
            self._ledger.journal.note("ended", self._ledger.closing(), self._ledger.ended_ns)

    def remove(self) -> None:
        """The results are written."""
        if self._ledger.journal is not None and self._ledger.ended_ns:
            self._ledger.journal.remove()
            self._ledger.journal = None

    def close(self) -> None:
        """Another run begins; a journal without results stays."""
        if self._ledger.journal is not None:
            self._ledger.journal.close()
            self._ledger.journal = None


def _new_folder(results: Path, started_ns: int) -> Path:
    """A folder of its own for each run, also for two that start in the same second."""
    results.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        folder = _named(results, started_ns, number)
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        break
    return folder


def _named(results: Path, started_ns: int, number: int) -> Path:
    name = datetime.fromtimestamp(started_ns / SECOND_NS, UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    return results / (f"{name}-{number}" if number > 1 else name)

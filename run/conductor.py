"""The local or master process's part in a run: it merges, drains, judges and writes what people read."""

from __future__ import annotations

from locust import log as locust_log
from locust.runners import STATE_MISSING, MasterRunner

import logging
import os
import sys
import time
from argparse import Namespace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import gevent
from flask import Response, send_file
from gevent.lock import RLock

from config.options import without_credentials
from locust_eventsource.locust.live_page import add_page
from locust_eventsource.locust.web_tab import Link, add_links, add_tab
from locust_eventsource.measure.exit_codes import INTERNAL_ERROR
from locust_eventsource.measure.moving import MovingLatencies
from reports.model import Result
from reports.terminal import render_table, use_color
from reports.write import write_results
from run.attendance import LOCAL
from run.bookkeeping import Bookkeeping
from run.drain import ANSWER, Answers, Roundtrip, Stage, drain
from run.ledger import INTERRUPTED, Ledger
from run.member import Member
from run.outcome import live_page, live_table
from run.outcome.facts import RunFacts
from run.outcome.progress import Progress
from run.outcome.result import assemble, judged_rows
from run.outcome.rows import thresholds
from run.sweep import sweep
from studio.embedded import EmbeddedStudio

if TYPE_CHECKING:
    from locust.env import Environment
    from locust.web import WebUI

    from collections.abc import Callable, Iterable, Sequence

    from locust_eventsource.measure.thresholds import Threshold
    from locust_eventsource.measure.verdict_types import Row

logger = logging.getLogger(__name__)

_TURN_S: Final = 0.005
"""Judging a second's events in one piece would hold up the loop of a process that also runs users."""


_DOWNLOADS: Final = {
    "report.html": "Event stream report",
    "report.md": "Markdown report",
    "result.json": "Result (JSON)",
    "junit.xml": "JUnit XML",
    "offenders.jsonl": "Offenders (JSON lines)",
    "metrics.csv": "Metrics (CSV)",
}


class Conductor:
    """One a process that judges."""

    def __init__(self, environment: Environment, member: Member, studio: EmbeddedStudio | None) -> None:
        self._environment = environment
        self._member = member
        self._studio = studio
        self._ledger: Ledger | None = None
        self._result: Result | None = None
        self._books: Bookkeeping | None = None
        self._thresholds: Callable[[int], list[Threshold]] = partial(thresholds, self._options)
        """The targets for a number of streams; read once a run, since profiles are files."""
        options = self._options
        self._progress = Progress(alone=not options.processes) if options.headless else None
        self._draining = RLock()
        self._ticker: gevent.Greenlet[..., None] | None = None
        self._roundtrip: Roundtrip | None = None
        runner = environment.runner
        if isinstance(runner, MasterRunner):
            self._listen_to_workers(runner)

    def _listen_to_workers(self, runner: MasterRunner) -> None:
        def workers() -> list[str]:
            return [client.id for client in runner.clients.all if client.state != STATE_MISSING]

        name = partial(_name_of, runner)
        roundtrip = self._roundtrip = Roundtrip(runner.send_message, workers)

        def answered(msg: Any, **_kwargs: object) -> None:  # noqa: ANN401 - Locust's message type is untyped
            worker = name(msg.node_id)
            if not roundtrip.answered(msg.node_id, worker, msg.data) and self._ledger is not None:
                # The worker has handed it over for good, so it counts however late it is.
                self._ledger.add(worker, msg.data["delta"])

        def reported(client_id: str, data: dict[str, Any], **_kwargs: object) -> None:
            delta = data.get("eventsource")
            if delta is not None and self._ledger is not None:
                self._ledger.add(name(client_id), delta)

        runner.register_message(ANSWER, answered)
        self._environment.events.worker_report.add_listener(reported)

    @property
    def _options(self) -> Namespace:
        options: Namespace | None = self._environment.parsed_options
        assert options is not None
        return options

    def begin(self, options: Namespace) -> None:
        """A test starts."""
        if self._ticker is not None:
            self._ticker.kill(block=False)
        self._ledger = Ledger(options, owes_events=self._any_user("owes_events"))
        self._ledger.latencies = MovingLatencies(live_page.SHOWN) if self._is_watched else None
        if self._books is not None:
            self._books.close()
        self._books = Bookkeeping(Path(options.results_dir), self._ledger)
        self._thresholds = cache(partial(thresholds, options))
        facts = self._facts()
        self._ledger.cleanup_command = facts.cleanup_command
        self._books.note(facts, self._environment.stats)
        self._result = None
        self._ticker = gevent.spawn(self._tick, self._ledger, self._books)

    def _tick(self, ledger: Ledger, books: Bookkeeping) -> None:
        while not ledger.ended_ns:
            gevent.sleep(1)
            _in_turns(ledger.settling(time.time_ns()))
            if self._roundtrip is None and not self._draining.locked():
                self._add_own(ledger)
            self._note_workers(ledger)
            books.note(self._facts(), self._environment.stats)
            if ledger.connections.hopeless and not ledger.ended_ns:
                self._give_up(ledger.connections.hopeless)
                return
            if ledger.climb_over and not ledger.ended_ns:
                logger.info("The climb is over: the run ends here")
                self._end_run()
                return
            if self._progress is not None:
                self._progress.show(ledger, partial(self._rows, ledger))

    def _give_up(self, why: str) -> None:
        """Nothing can be measured on streams that do not open, and those that failed for good will not try again."""
        logger.error("No stream has opened (%s): the run ends here", why)
        self._end_run()

    def _end_run(self) -> None:
        runner = self._environment.runner
        if runner is not None:
            # In a greenlet of its own: the end of a run stops the one that asks for it.
            gevent.spawn(runner.quit if self._options.headless else runner.stop)

    def _note_workers(self, ledger: Ledger) -> None:
        """A worker with users takes part, also one that is lost before its first report."""
        runner = self._environment.runner
        if isinstance(runner, MasterRunner):
            for client in runner.clients.spawning + runner.clients.running:
                ledger.joined(_name_of(runner, client.id))

    def _add_own(self, ledger: Ledger) -> None:
        delta = self._member.take()
        if delta is not None:
            ledger.add(LOCAL, delta)

    def drain(self) -> None:
        """End the run in order, once; a second caller waits for the first."""
        with self._draining:
            ledger = self._ledger
            if ledger is None or ledger.ended_ns or ledger.cut_short:
                return
            logger.info("Draining: triggers stop, and every event gets its time to arrive")
            try:
                drain(
                    ledger,
                    self._ask,
                    partial(self._sweep, ledger),
                    settle_s=self._options.settle,
                    drain_timeout_s=self._options.drain_timeout,
                )
            except KeyboardInterrupt:
                logger.warning("Interrupted while draining: what was under way is not accounted for")
                ledger.cut_short = INTERRUPTED

    def _ask(self, stage: Stage, timeout_s: float) -> Answers:
        if self._roundtrip is not None:
            return self._roundtrip.ask(stage, timeout_s)
        return {LOCAL: self._member.respond(stage)}

    def write_results(self) -> None:
        """Judge the run and write its results; again when Locust's last statistics are in."""
        if self._ledger is None or self._books is None:
            return
        facts, stats = self._facts(), self._environment.stats
        self._books.end(facts, stats)
        self._result = assemble(facts, stats, self._ledger, judged_rows(facts, stats, self._ledger))
        write_results(self._books.directory, self._result, self._ledger.series)
        self._books.remove()

    def conclude(self) -> None:
        """The process is about to end: settle what is open, write the results, and say the verdict as exit code."""
        if self._ledger is None:
            return
        self.drain()
        if self._progress is not None:
            self._progress.close()
        if self._ledger.cut_short:
            self._clean_up(self._ledger)
        try:
            self.write_results()
        except Exception:
            self._result = None
            self._environment.process_exit_code = INTERNAL_ERROR
            raise
        assert self._result is not None
        self._environment.process_exit_code = self._result.verdict.exit_code

    def _clean_up(self, ledger: Ledger) -> None:
        """After an interrupted drain: the users have stopped by now. Workers clean up for themselves as they quit."""
        if self._roundtrip is None:
            ledger.add(LOCAL, self._member.respond("clean"))
        self._sweep(ledger)
        ledger.finish(time.time_ns())

    def _sweep(self, ledger: Ledger) -> None:
        sweep(ledger, self._facts())

    def print_verdict(self) -> None:
        """Print the verdict table and where the results are."""
        if self._result is None or self._books is None:
            return
        sys.stdout.write("\n" + render_table(self._result, color=use_color(sys.stdout, os.environ)) + "\n")
        sys.stdout.write(f"\nResults: {self._books.directory}, to look at: {self._books.directory / 'report.html'}\n")
        sys.stdout.flush()

    def add_tab(self, web_ui: WebUI) -> None:
        """Show the live table on Locust's page, and link the reports of the last run."""
        page = live_page.LivePage(self._look)
        add_page(web_ui, page, path="/streams", title="Event streams, live")
        add_tab(web_ui, key="event-streams", title="Event streams", columns=live_table.COLUMNS, rows=self._live_table)
        add_links(
            web_ui,
            [Link(f"/event-streams/{name}", title, partial(_sent, page, name)) for name, title in _DOWNLOADS.items()],
        )

    @property
    def _is_watched(self) -> bool:
        return self._environment.web_ui is not None

    def _look(self) -> live_page.Look | None:
        ledger, books = self._ledger, self._books
        if ledger is None or books is None or ledger.latencies is None:
            return None
        facts, rows = self._facts(), self._rows(ledger)
        host, users = without_credentials(facts.host), facts.users or 0
        return live_page.Look(ledger, ledger.latencies, rows, books.directory, host, users, facts.internal_error)

    def _live_table(self) -> list[dict[str, str | float | int]]:
        if self._ledger is None:
            return []
        return live_table.table(self._ledger, self._rows(self._ledger))

    def _rows(self, ledger: Ledger) -> Sequence[Row]:
        """The verdict rows as of now."""
        return judged_rows(self._facts(), self._environment.stats, ledger)

    @property
    def _embedded(self) -> bool:
        return self._studio is not None and self._environment.host == self._studio.url

    def _facts(self) -> RunFacts:
        options, runner = self._options, self._environment.runner
        return RunFacts(
            options=options,
            host=str(self._environment.host),
            embedded=self._embedded,
            users=runner.target_user_count if runner else None,
            user_classes=sorted(user_class.__name__ for user_class in self._environment.user_classes),
            owes_events=self._any_user("owes_events"),
            executes=self._any_user("executes"),
            thresholds=self._thresholds(self._streams_asked()),
            internal_error=bool(locust_log.unhandled_greenlet_exception or (runner and runner.exceptions)),
        )

    def _any_user(self, trait: str) -> bool:
        return any(getattr(user_class, trait, False) for user_class in self._environment.user_classes)

    def _streams_asked(self) -> int:
        runner = self._environment.runner
        users = runner.target_user_count if runner else 0
        fixed = sum(user_class.fixed_count for user_class in self._environment.user_classes)
        if users <= fixed:
            return users
        return fixed + (users - fixed) * int(self._options.streams_per_user)


def _in_turns(pieces: Iterable[None]) -> None:
    """Do the work piece by piece, and let others run now and then."""
    began = time.monotonic()
    for _ in pieces:
        if time.monotonic() - began >= _TURN_S:
            gevent.sleep(0)
            began = time.monotonic()


def _sent(page: live_page.LivePage, name: str) -> Response:
    file = page.file(name)
    if file is None:
        return Response("The report is written when the test has stopped.\n", 404, mimetype="text/plain")
    return send_file(file.resolve())


def _name_of(runner: MasterRunner, client_id: str) -> str:
    return f"worker {runner.get_worker_index(client_id) + 1}"

"""The composition root: the only place that knows options, Studio, checks and reports together.

Importing any scenario installs it once. Locust fires, in a local run or on the master: ``init`` (once),
``test_start``, ``test_stopping``, ``test_stop`` (once a run), ``quitting`` and ``quit`` (once). On a worker the same,
but the run is judged on the master only.
"""

from __future__ import annotations

from locust import events as locust_events
from locust import log as locust_log
from locust.runners import LocalRunner, MasterRunner, WorkerRunner

import inspect
import logging
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from config.options import add_options
from config.preflight import Refusal, check, check_form, check_profiles
from locust_eventsource.locust.stats_table import install_fine_buckets
from locust_eventsource.locust.web_tab import before_start
from run.conductor import Conductor
from run.crew import Crew, is_restarting
from run.interrupts import no_more_interrupts, take_interrupts
from run.member import Member
from studio.embedded import EmbeddedStudio, EmbeddedStudioError
from studio.marks import new_run_id

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser
    from locust.env import Environment
    from locust.web import WebUI

logger = logging.getLogger(__name__)


@contextmanager
def one_line_refusals() -> Iterator[None]:
    """End the process with one line on standard error when the run cannot start."""
    try:
        yield
    except Refusal as refusal:
        sys.stderr.write(f"locust: error: {refusal}\n")
        sys.exit(refusal.exit_code)


class Session:
    """What one process sets up for all the runs it carries."""

    def __init__(self) -> None:
        self._checked = False
        self._studio: EmbeddedStudio | None = None
        self._member: Member | None = None
        self._conductor: Conductor | None = None
        self._crew: Crew | None = None

    def declare_options(self, parser: LocustArgumentParser, **_kwargs: object) -> None:
        """Listener of ``init_command_line_parser``, which Locust fires for every parser that it makes."""
        add_options(parser)
        parse = parser.parse_args

        def parse_and_check(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - argparse's own signature
            if self._checked:
                return parse(*args, **kwargs)
            self._checked = True
            flags = [flag for action in parser._actions for flag in action.option_strings]
            with one_line_refusals():
                check_profiles(sys.argv[1:], flags)
            options = parse(*args, **kwargs)
            with one_line_refusals():
                check(options)
            return options

        # Locust forks for --processes right after it has parsed: refusing here keeps one line one line.
        parser.parse_args = parse_and_check

    def init(self, environment: Environment, runner: object, web_ui: WebUI | None, **_kwargs: object) -> None:
        """Listener of ``init``: the process knows by now which part it plays."""
        install_fine_buckets()
        # Locust's Runner.stop asks for the stack, which the first time reads the source of every module: 50 ms in which
        # nothing is read, at the end of the run, while streams are still open.
        inspect.stack()
        take_interrupts(environment, is_worker=isinstance(runner, WorkerRunner))
        self._member = Member(environment)
        if isinstance(runner, WorkerRunner):
            self._member.serve(runner)
            return
        assert isinstance(runner, LocalRunner | MasterRunner)
        options = environment.parsed_options
        assert options is not None
        if not environment.host:
            restarts = any(is_restarting(user_class, options) for user_class in environment.user_classes)
            self._studio = self._start_studio(options, keeps_database=restarts)
            environment.host = self._studio.url
        self._conductor = Conductor(environment, self._member, self._studio)
        self._crew = Crew(environment, self._studio.url if self._studio else None)
        with one_line_refusals():
            self._crew.choose(environment.host)
        if web_ui is not None:
            self._conductor.add_tab(web_ui)
            before_start(web_ui, self._check_form)

    def _check_form(self, form: Mapping[str, str]) -> str | None:
        """What is wrong with the web form, if anything is; chooses the users for its host."""
        assert self._crew is not None
        try:
            host = form.get("host") or self._crew.host
            check_form(self._crew.options, form, host, self._crew.embedded_url)
            self._crew.choose(host)
        except Refusal as refusal:
            return str(refusal)
        return None

    def _start_studio(self, options: Namespace, *, keeps_database: bool) -> EmbeddedStudio:
        arguments = ["--turn-ms", str(options.turn_ms), "--seed", str(options.studio_seed)]
        arguments += [part for fault in options.fault or () for part in ("--fault", fault)]
        arguments += ["--as-found"] if options.as_found else []
        arguments += [f"--{option}" for option in options.studio_option or ()]
        if options.replay:
            arguments += ["--replay", options.replay, "--speed", str(options.replay_speed)]
            arguments += ["--rebase"] if options.rebase else []
        try:
            studio = EmbeddedStudio.start(
                arguments,
                clock_skew=options.clock_skew,
                clock_drift=options.clock_drift,
                clock_steps=options.clock_step or (),
                keeps_database=keeps_database,
            )
        except EmbeddedStudioError as error:
            sys.stderr.write(f"locust: error: the embedded Studio did not start: {error}\n")
            sys.exit(2)
        logger.info("The embedded Studio serves %s (process %d)", studio.url, studio.pid)
        return studio

    def test_start(self, environment: Environment, **_kwargs: object) -> None:
        """Listener of ``test_start``."""
        options = environment.parsed_options
        assert options is not None and self._member is not None
        if self._conductor is not None:
            options.run_id = new_run_id()
        self._member.begin(options)
        if self._studio is not None and environment.host == self._studio.url and self._member.run is not None:
            self._member.run.studio = self._studio
        if self._conductor is not None:
            self._conductor.begin(options)

    def test_stopping(self, **_kwargs: object) -> None:
        """Listener of ``test_stopping``: the streams still live, so this is where the run drains."""
        if self._conductor is not None:
            self._conductor.drain()

    def test_stop(self, environment: Environment, **_kwargs: object) -> None:
        """Listener of ``test_stop``: in the web UI the results can be looked at now."""
        if self._conductor is not None and environment.web_ui is not None:
            self._conductor.write_results()

    def quitting(self, environment: Environment, **_kwargs: object) -> None:
        """Listener of ``quitting``.

        It is registered at import, and Locust fires this event in reverse order, so the runner has already quit and
        the workers' last statistics are in.
        """
        if self._conductor is None:
            if not locust_log.unhandled_greenlet_exception:
                environment.process_exit_code = 0
            return
        if isinstance(environment.runner, LocalRunner):
            with suppress(KeyboardInterrupt):
                environment.runner.quit()
        no_more_interrupts()
        try:
            self._conductor.conclude()
        finally:
            if self._studio is not None:
                self._studio.stop()

    def quit(self, **_kwargs: object) -> None:
        """Listener of ``quit``, after Locust has printed its own tables."""
        if self._conductor is not None:
            self._conductor.print_verdict()


_session = Session()
_installed = False


def install() -> None:
    """Listen to Locust's events; later calls do nothing."""
    global _installed
    if _installed:
        return
    _installed = True
    locust_events.init_command_line_parser.add_listener(_session.declare_options)
    locust_events.init.add_listener(_session.init)
    locust_events.test_start.add_listener(_session.test_start)
    locust_events.test_stopping.add_listener(_session.test_stopping)
    locust_events.test_stop.add_listener(_session.test_stop)
    locust_events.quitting.add_listener(_session.quitting)
    locust_events.quit.add_listener(_session.quit)

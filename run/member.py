"""One process's part in a run: it feeds the run from the event hooks and reports when it is asked."""

from __future__ import annotations

from locust.clients import HttpSession
from locust.event import EventHook
from locust.runners import MasterRunner, WorkerRunner

import logging
import time
from argparse import Namespace
from functools import partial
from typing import TYPE_CHECKING, Any

import gevent

from config.options import probes_clock, request_headers, tls_verification, without_credentials
from config.services import session_for
from locust_eventsource.locust.event_hooks import events
from locust_eventsource.locust.loop_lag import probe
from locust_eventsource.locust.pump import pump_of
from run.drain import ANSWER, ASK, Stage, respond
from run.run import Run, begin, last_run
from studio.api import StudioApi
from studio.cleanup import delete_tasks
from studio.clock_probe import TIMEOUT_S, TITLE, ClockProbe
from studio.wire_times import TimingAdapter

if TYPE_CHECKING:
    from locust.env import Environment

logger = logging.getLogger(__name__)

_SAMPLE_EVERY_S = 1.0


class Member:
    """Wires the hooks to whichever run is under way in this process."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._helpers: list[gevent.Greenlet[..., None]] = []
        for name in ("connect", "first_event", "deliveries", "disconnect", "reconnect", "failure"):
            getattr(events, name).add_listener(partial(self._forward, name))

    @property
    def run(self) -> Run | None:
        """The run under way, or the last one."""
        return last_run(self._environment)

    def begin(self, options: Namespace) -> None:
        """A test starts."""
        gevent.killall(self._helpers, block=False)
        if self.run is not None and self.run.probe is not None:
            self.run.probe.stop()
        run = begin(self._environment, options)
        self._helpers = [gevent.spawn(probe, run.recorder), gevent.spawn(self._sample, run)]
        if probes_clock(options) and not isinstance(self._environment.runner, MasterRunner):
            run.probe = self._clock_probe(run)
            run.probe.start()

    def _clock_probe(self, run: Run) -> ClockProbe:
        options, host = run.options, str(self._environment.host)
        logger.info(
            "Every %g s this process creates and deletes a task %r on %s to learn the time there; "
            "--clock-probe 0 turns that off",
            options.clock_probe,
            f"{TITLE} {run.mark} …]",
            without_credentials(host),
        )
        # Its own event hook: probes are no load, and Locust's statistics are about the load.
        session = HttpSession(base_url=host, request_event=EventHook(), user=None)
        session.trust_env = False
        for scheme in ("http://", "https://"):
            session.mount(scheme, TimingAdapter(None))
        session.verify = tls_verification(options)
        session.headers.update(request_headers(options))
        api = StudioApi(session, run.acted, run.clock.add, timeout_s=TIMEOUT_S)
        return ClockProbe(api, run.title, options.clock_probe, run.interference.was_away)

    def respond(self, stage: Stage) -> dict[str, Any]:
        """Take part in one stage of the drain."""
        assert self.run is not None, "a drain comes after a test's start"
        return respond(self.run, stage, pump_of(self._environment).flush, self._clean)

    def take(self) -> dict[str, Any] | None:
        """What has come since the last report; None before the first test."""
        return None if self.run is None else self.run.take()

    def serve(self, runner: WorkerRunner) -> None:
        """Report to the master: with Locust's own report every three seconds, and when it asks."""

        def report(data: dict[str, Any], **_kwargs: object) -> None:
            data["eventsource"] = self.take()

        def asked(msg: Any, **_kwargs: object) -> None:  # noqa: ANN401 - Locust's message type is untyped
            delta = self.respond(msg.data["stage"])
            if msg.data["stage"] == "clean":
                runner._send_stats()
            runner.send_message(ANSWER, {"number": msg.data["number"], "delta": delta})

        def quitting(**_kwargs: object) -> None:
            # Registered after the runner's own listener, so it runs before the runner says goodbye to the master.
            run = self.run
            if run is None or run.is_clean:
                return
            stages: list[Stage] = ["clean"] if run.stopping.is_set() else ["quiet", "clean"]
            for stage in stages:
                # Nobody asked, so the answer belongs to no question; what it brings counts all the same.
                runner.send_message(ANSWER, {"number": 0, "delta": self.respond(stage)})
            runner._send_stats()

        self._environment.events.report_to_master.add_listener(report)
        self._environment.events.quitting.add_listener(quitting)
        runner.register_message(ASK, asked, concurrent=True)

    def _clean(self, run: Run) -> None:
        run.is_clean = True
        tasks = run.board.tasks()
        if not tasks or not self._environment.host:
            return
        with session_for(run.options) as session:
            left = delete_tasks(self._environment.host, tasks, session, run.deleted_task)
        run.left += [task._asdict() for task in left]

    def _sample(self, run: Run) -> None:
        while True:
            run.sample()
            gevent.sleep(_SAMPLE_EVERY_S - time.time() % _SAMPLE_EVERY_S)

    def _forward(self, name: str, **arguments: object) -> None:
        """Hand a hook's arguments to those parts of the run that listen to it."""
        run = self.run
        if run is None:
            return
        for part in (run.connections, run.lives, run.observer):
            listener = getattr(part, name, None)
            if listener is not None:
                listener(**arguments)

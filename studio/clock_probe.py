"""Asking the service for its time, every few seconds, so that the offset of its clock is known at any moment of a run.

The service has no call that only tells the time, but the answer to a create carries the moment at which it was made.
So a probe is a create and a delete of a task, marked as all tasks of the run are: its event is owed to every stream
and verified like any other, and the end of the run deletes it if the probe could not.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

import gevent

from locust_eventsource.waiting import Signal
from studio.api import Answer, StudioApi

logger = logging.getLogger(__name__)

TITLE: Final = "Clock probe"
DESCRIPTION: Final = "A load test asks for this server's time. The task is deleted at once and can be deleted by hand."

TIMEOUT_S: Final = (1.5, 3.0)
"""Connect and read time-outs: a slower answer says little about the time."""
LAST_WITHIN_S: Final = 5.0
"""How long the end of a run waits for the last probe."""
_MAX_UNDELETED: Final = 2


class ClockProbe:
    """The probes of one process. What they bring goes to the sinks of its API."""

    def __init__(
        self,
        api: StudioApi,
        title: Callable[[str], str],
        period_s: float,
        excuses: Callable[[int, int], bool] = lambda sent_ns, answered_ns: False,
    ) -> None:
        """``title`` adds the run's mark and a number to a title; ``period_s`` is above 0; ``excuses`` says whether the
        run itself kept the service away between two moments."""
        self._excuses = excuses
        self._api = api
        self._title = title
        self._period_s = period_s
        self._greenlet: gevent.Greenlet[..., None] | None = None
        self._over = Signal()
        self._given_up = False
        self._undeleted = 0
        self.made = 0
        """Probes that were answered as they should be."""
        self.problem = ""
        """Why the last probe that failed did so; empty when none failed."""

    def start(self) -> None:
        """Probe at once and then every period, until ``finish``, or until the service refuses for good."""
        self._greenlet = gevent.spawn(self._run)

    def stop(self) -> None:
        """No more probes."""
        self._over.set()

    def finish(self) -> None:
        """Make the last probe; later calls do nothing. Returns after ``LAST_WITHIN_S`` whatever the service does."""
        if not self._over.is_set():
            self._over.set()
            gevent.spawn(self._last).join(LAST_WITHIN_S)

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._given_up and not self._over.wait(max(0.0, due_s - time.monotonic())):
            self.probe()
            due_s = max(due_s + self._period_s, time.monotonic())

    def _last(self) -> None:
        if self._greenlet is not None:
            self._greenlet.join()
        self.probe()

    def probe(self) -> None:
        """Make one probe, unless the service has refused for good."""
        if self._given_up:
            return
        created = self._api.create(self._title(TITLE), DESCRIPTION)
        answer = self._api.delete(str(created.body["id"])) if created.ok else created
        if answer.ok:
            self.made += 1
        elif not self._excuses(answer.sent_ns, answer.answered_ns):
            self._failed(answer, "create" if answer is created else "delete")

    def _failed(self, answer: Answer, call: str) -> None:
        # Asking again does not change a refusal, and without a delete each probe would leave a task behind.
        self._undeleted += call == "delete"
        self._given_up = 400 <= answer.status < 500 or self._undeleted > _MAX_UNDELETED
        if not self.problem or self._given_up:
            ending = "no more are made" if self._given_up else "probing goes on"
            logger.warning("A clock probe could not %s its task (%s); %s", call, answer.problem, ending)
        self.problem = f"a probe could not {call} its task: {answer.problem}"

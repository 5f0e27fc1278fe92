"""The user whose streams are all cut at once and come back at once."""

from __future__ import annotations

from locust import task

import time
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import gevent

from locust_eventsource.protocol.reconnect import ReconnectPolicy
from locust_eventsource.stream import EventStream
from scenarios.crowd import CrowdUser
from scenarios.moved_task import MovedTask, RefusedCall
from studio.contract import EventKey
from studio.verify.absence import Storm, judge_storm

_BACK_AFTER: Final = ReconnectPolicy(default_retry_ms=150, jitter=0.2)
_CALM_S: Final = 1.0
"""Seconds between two storms."""


class ReconnectStormUser(CrowdUser):
    """Cuts all its streams by RST at once, again and again.

    Each comes back with its Last-Event-ID 0.15 s later; what happened meanwhile must have come on every one. The stream
    that every user holds stays open.
    """

    scenario = "reconnect-storm"
    owes_events = True

    def __init__(self, environment: Any) -> None:  # noqa: ANN401 - Locust's own signature is untyped
        super().__init__(environment)
        self._quick = replace(self.stream_settings, policy=_BACK_AFTER)
        self._witness: EventStream | None = None
        self._crowd: list[EventStream] = []

    def on_start(self) -> None:
        """Hold the stream that stays, and open the others."""
        self._witness = self.open_global()
        self._crowd = [self._open() for _ in range(self.size)]

    @task
    def storm(self) -> None:
        """One storm and the calm after it."""
        if self.load.stopping.is_set():
            gevent.sleep(3_600)
        with self.load.busy():
            self._fill_up()
            # A refused call is a failure in Locust's statistics already.
            with suppress(RefusedCall):
                self._cut_all()
        self.load.stopping.wait(_CALM_S)

    def _open(self) -> EventStream:
        return self.open_global(settings=self._quick)

    def _fill_up(self) -> None:
        """Put new streams in the place of those that the service refused for good."""
        refused = [stream for stream in self._crowd if stream.state == "failed"]
        self.leave(refused)
        self._crowd = [self._open() if stream in refused else stream for stream in self._crowd]

    def _cut_all(self) -> None:
        if not self.wait_open(self._crowd):
            return
        task = MovedTask(self, "in a storm")
        try:
            if self._all_have(task.created, self._open_ones()):
                self._storm(task)
        finally:
            task.delete()

    def _storm(self, task: MovedTask) -> None:
        cut = self._open_ones()
        cut_ns = time.time_ns()
        for stream in cut:
            stream.drop()
        missed = [task.move(), task.move(), task.move()]
        if not self.wait_open(cut):
            return
        back = [stream for stream in cut if stream.state == "open"]
        in_time = all(self._all_have(key, back) for key in missed)
        if self.load.stopping.is_set() and not in_time:
            return
        absences = [self.load.observer.absence(key, back) for key in missed if self._witnessed(key)]
        if absences and not self.load.options.measure_only:
            self.load.checks.note([judge_storm(Storm(len(cut), len(back), cut_ns, absences))])

    def _open_ones(self) -> list[EventStream]:
        return [stream for stream in self._crowd if stream.state == "open"]

    def _all_have(self, key: EventKey, streams: list[EventStream]) -> bool:
        observer = self.load.observer
        return self.load.wait_until(lambda: not observer.absence(key, streams).lacking, self.patience_s)

    def _witnessed(self, key: EventKey) -> bool:
        assert self._witness is not None, "it was opened when the user started"
        return not self.load.observer.absence(key, [self._witness]).lacking

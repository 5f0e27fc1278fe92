"""The orderly end of a run: triggers stop, what is under way ends, every event has its time, nothing is left behind.

Locust ends a distributed run without waiting for the workers' last samples, so the master asks each worker, stage by
stage, and waits for its words. A local run takes the same stages without messages.

    quiet   no new triggers; those under way end (``--drain-timeout``)
    flush   what has arrived by now, after a last probe of the service's clock; asked again until nothing is missing
            or ``--settle`` is over
    clean   the run's tasks that still exist are deleted
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import gevent

from locust_eventsource.waiting import Signal
from run.ledger import GRACE_S, Ledger
from run.run import Run

Stage = Literal["quiet", "flush", "clean"]
Answers = Mapping[str, dict[str, Any]]
Ask = Callable[[Stage, float], Answers]

ASK: Final = "eventsource-drain"
ANSWER: Final = "eventsource-drained"
_ANSWER_WITHIN_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.1


def respond(run: Run, stage: Stage, flush: Callable[[], None], clean: Callable[[Run], None]) -> dict[str, Any]:
    """A process's part in one stage; returns what has come since its last report."""
    if stage == "quiet":
        run.stopping.set()
        deadline = time.monotonic() + run.options.drain_timeout
        while not run.idle and time.monotonic() < deadline:
            gevent.sleep(_LOOK_EVERY_S)
    elif stage == "clean":
        clean(run)
    elif run.probe is not None:
        run.probe.finish()
    flush()
    if stage == "clean":
        run.end()
    return run.take()


def drain(ledger: Ledger, ask: Ask, sweep: Callable[[], None], *, settle_s: float, drain_timeout_s: float) -> None:
    """Take all stages, ``sweep`` up what nobody could delete, and close the ledger."""
    _add(ledger, ask("quiet", drain_timeout_s + _ANSWER_WITHIN_S))
    began = time.monotonic()
    while True:
        _add(ledger, ask("flush", _ANSWER_WITHIN_S))
        waited_s = time.monotonic() - began
        if waited_s >= settle_s or (waited_s > GRACE_S and not ledger.judge.missing()):
            break
        gevent.sleep(_LOOK_EVERY_S)
    _add(ledger, ask("clean", drain_timeout_s + _ANSWER_WITHIN_S))
    sweep()
    ledger.finish(time.time_ns())


def _add(ledger: Ledger, answers: Answers) -> None:
    for worker, delta in answers.items():
        ledger.add(worker, delta)


class Roundtrip:
    """Asks every worker and gathers the answers, with a deadline."""

    def __init__(self, send: Callable[[str, dict[str, Any], str], None], workers: Callable[[], list[str]]) -> None:
        self._send = send
        self._workers = workers
        self._number = 0
        self._waiting: set[str] = set()
        self._answers: dict[str, dict[str, Any]] = {}
        self._complete = Signal()

    def ask(self, stage: Stage, timeout_s: float) -> Answers:
        """Answers by the worker's name; a worker that goes away, or says nothing in time, is left out."""
        self._number += 1
        self._answers = {}
        self._waiting = set(self._workers())
        self._complete = Signal()
        for worker in sorted(self._waiting):
            self._send(ASK, {"stage": stage, "number": self._number}, worker)
        deadline = time.monotonic() + timeout_s
        while self._waiting and time.monotonic() < deadline:
            self._complete.wait(_LOOK_EVERY_S)
            self._waiting &= set(self._workers())
        return self._answers

    def answered(self, worker: str, name: str, data: dict[str, Any]) -> bool:
        """A worker's answer has come; ``name`` is what the ledger calls it.

        False for one that came too late for its question: what it brings is not in any answer of `ask`.
        """
        if data["number"] != self._number or worker not in self._waiting:
            return False
        self._answers[name] = data["delta"]
        self._waiting.discard(worker)
        if not self._waiting:
            self._complete.set()
        return True

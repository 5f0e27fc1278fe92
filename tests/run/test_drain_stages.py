"""The end of a run, stage by stage."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any, cast

import pytest
from gevent.event import Event as Signal

from run import drain as drain_module
from run.drain import ASK, Roundtrip, Stage, drain, respond
from run.ledger import Ledger
from run.run import Run


class FakeJudge:
    def __init__(self, missing: list[int]) -> None:
        self._missing = missing

    def missing(self) -> int:
        return self._missing.pop(0) if len(self._missing) > 1 else self._missing[0]


class FakeLedger:
    """Remembers the order of things."""

    def __init__(self, *missing: int) -> None:
        self.judge = FakeJudge(list(missing))
        self.log: list[str] = []

    def add(self, worker: str, delta: dict[str, Any]) -> None:
        self.log.append(delta["stage"])

    def finish(self, _now_ns: int) -> None:
        self.log.append("finish")


def ask(stage: Stage, _timeout_s: float) -> Mapping[str, dict[str, Any]]:
    return {"worker 1": {"stage": stage}}


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain_module, "GRACE_S", -1.0)
    monkeypatch.setattr(drain_module, "_LOOK_EVERY_S", 0.001)


def test_it_asks_again_until_nothing_is_missing() -> None:
    ledger = FakeLedger(5, 2, 0)
    drain(cast(Ledger, ledger), ask, lambda: ledger.log.append("sweep"), settle_s=60, drain_timeout_s=1)
    assert ledger.log == ["quiet", "flush", "flush", "flush", "clean", "sweep", "finish"]


def test_it_stops_asking_when_the_settle_time_is_over() -> None:
    ledger = FakeLedger(5)
    drain(cast(Ledger, ledger), ask, lambda: ledger.log.append("sweep"), settle_s=0, drain_timeout_s=1)
    assert ledger.log == ["quiet", "flush", "clean", "sweep", "finish"]


def test_answers_are_gathered_from_every_worker() -> None:
    sent: list[tuple[str, str]] = []
    workers = ["a", "b"]
    roundtrip = Roundtrip(lambda kind, data, worker: answer(kind, data, worker), lambda: workers)

    def answer(kind: str, data: dict[str, Any], worker: str) -> None:
        assert kind == ASK
        sent.append((worker, data["stage"]))
        roundtrip.answered(worker, f"worker {worker}", {"number": data["number"], "delta": {"from": worker}})

    assert roundtrip.ask("flush", 5) == {"worker a": {"from": "a"}, "worker b": {"from": "b"}}
    assert sent == [("a", "flush"), ("b", "flush")]


def test_a_worker_that_goes_away_is_not_waited_for() -> None:
    workers = ["a", "b"]

    def send(_kind: str, data: dict[str, Any], worker: str) -> None:
        if worker == "a":
            roundtrip.answered("a", "worker 1", {"number": data["number"], "delta": {}})
            workers.remove("b")

    roundtrip = Roundtrip(send, lambda: workers)
    assert roundtrip.ask("quiet", 3_600) == {"worker 1": {}}


def test_an_answer_to_an_earlier_question_is_told_from_one_in_time() -> None:
    in_time: list[bool] = []

    def send(_kind: str, data: dict[str, Any], worker: str) -> None:
        in_time.append(roundtrip.answered(worker, "worker 1", {"number": data["number"] - 1, "delta": {"old": 1}}))

    roundtrip = Roundtrip(send, lambda: ["a"])
    assert roundtrip.ask("flush", 0.01) == {}
    assert in_time == [False]


class FakeProbe:
    def __init__(self, log: list[str]) -> None:
        self._log = log

    def finish(self) -> None:
        self._log.append("last probe")


class FakeRun:
    """Remembers the order of things; nothing is under way."""

    idle = True
    options = Namespace(drain_timeout=0.0)

    def __init__(self) -> None:
        self.log: list[str] = []
        self.stopping = Signal()
        self.probe = FakeProbe(self.log)

    def flush(self) -> None:
        self.log.append("flush")

    def clean(self, _run: object) -> None:
        self.log.append("clean")

    def end(self) -> None:
        self.log.append("settle what is left")

    def take(self) -> dict[str, Any]:
        self.log.append("take")
        return {}


@pytest.mark.parametrize(
    ("stage", "order"),
    [
        ("quiet", ["flush", "take"]),
        ("flush", ["last probe", "flush", "take"]),
        ("clean", ["clean", "flush", "settle what is left", "take"]),
    ],
)
def test_the_last_probe_comes_before_the_flush_and_the_end_settles_what_waits_for_one(
    stage: Stage, order: list[str]
) -> None:
    run = FakeRun()
    respond(cast(Run, cast(object, run)), stage, run.flush, run.clean)
    assert run.log == order
    assert run.stopping.is_set() == (stage == "quiet")

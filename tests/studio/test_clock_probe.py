"""Probes of the service's clock: a create and a delete, as long as the service allows it."""

from __future__ import annotations

from typing import Any, cast

import pytest
from gevent.event import Event as Signal

from studio.api import Answer, StudioApi
from studio.clock_probe import TITLE, ClockProbe


def answer(status: int, expected: int) -> Answer:
    ok = status == expected
    return Answer(status, {"id": f"t{status}"} if ok else None, 1, 2, ok, "" if ok else f"got {status}", 1, 2)


class FakeApi:
    """Answers creates and deletes with the next of its statuses, the last one for ever."""

    def __init__(self, creates: list[int] | None = None, deletes: list[int] | None = None) -> None:
        self._creates, self._deletes = creates or [201], deletes or [204]
        self.titles: list[str] = []
        self.deleted: list[str] = []
        self.created = Signal()
        self.hold = Signal()
        self.hold.set()

    def create(self, title: str, _description: str) -> Answer:
        self.titles.append(title)
        self.created.set()
        self.hold.wait()
        return answer(self._next(self._creates), 201)

    def delete(self, task_id: str) -> Answer:
        self.deleted.append(task_id)
        return answer(self._next(self._deletes), 204)

    @staticmethod
    def _next(statuses: list[int]) -> int:
        return statuses.pop(0) if len(statuses) > 1 else statuses[0]


def probe(api: FakeApi, period_s: float = 3_600) -> ClockProbe:
    return ClockProbe(cast(StudioApi, cast(Any, api)), lambda title: f"{title} [lt-1]", period_s)


def test_a_probe_leaves_nothing_behind() -> None:
    api = FakeApi()
    clock = probe(api)
    clock.probe()
    assert api.titles == [f"{TITLE} [lt-1]"]
    assert api.deleted == ["t201"]
    assert (clock.made, clock.problem) == (1, "")


def test_it_probes_at_once_and_again_at_the_end() -> None:
    api = FakeApi()
    clock = probe(api)
    clock.start()
    assert api.created.wait(30)
    clock.finish()
    clock.finish()
    assert clock.made == 2


def test_it_probes_every_period() -> None:
    api = FakeApi()
    clock = probe(api, period_s=0.001)
    clock.start()
    while clock.made < 3:
        api.created.clear()
        assert api.created.wait(30)
    clock.stop()


def test_no_probe_is_made_after_a_stop() -> None:
    api = FakeApi()
    clock = probe(api)
    clock.stop()
    clock.start()
    clock.finish()
    assert api.titles == []


@pytest.mark.parametrize("status", [401, 403, 404, 422])
def test_a_refusal_is_not_asked_for_again(status: int, caplog: pytest.LogCaptureFixture) -> None:
    api = FakeApi(creates=[status])
    clock = probe(api)
    for _ in range(3):
        clock.probe()
    assert len(api.titles) == 1
    assert clock.problem == f"a probe could not create its task: got {status}"
    assert [record.message for record in caplog.records if "no more are made" in record.message]


@pytest.mark.parametrize("status", [0, 500, 503])
def test_a_service_that_is_down_is_asked_again(status: int) -> None:
    api = FakeApi(creates=[status, status, 201])
    clock = probe(api)
    for _ in range(3):
        clock.probe()
    assert clock.made == 1
    assert "could not create" in clock.problem


def test_a_task_that_may_not_be_deleted_is_the_last_one() -> None:
    api = FakeApi(deletes=[403])
    clock = probe(api)
    for _ in range(3):
        clock.probe()
    assert len(api.titles) == 1
    assert "could not delete" in clock.problem


def test_tasks_are_not_left_one_after_another_where_deleting_fails() -> None:
    api = FakeApi(deletes=[500])
    clock = probe(api)
    for _ in range(10):
        clock.probe()
    assert len(api.titles) == 3


def test_a_service_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.clock_probe.LAST_WITHIN_S", 0.01)
    api = FakeApi()
    api.hold.clear()
    clock = probe(api)
    clock.start()
    assert api.created.wait(30)
    clock.finish()
    assert clock.made == 0
    api.hold.set()


def test_a_failure_that_the_run_itself_brought_about_is_no_problem() -> None:
    api = cast(StudioApi, cast(Any, FakeApi(creates=[0])))
    asked: list[tuple[int, int]] = []

    def excuses(sent_ns: int, answered_ns: int) -> bool:
        asked.append((sent_ns, answered_ns))
        return True

    clock = ClockProbe(api, str, 3_600, excuses)
    clock.probe()
    assert (clock.made, clock.problem, asked) == (0, "", [(1, 2)])

"""Deleting what a run left, and listing what could not be deleted."""

from __future__ import annotations

from typing import cast

import requests

from studio.cleanup import delete_tasks


class FakeSession:
    """Answers with the status that the task's id is, or not at all."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def delete(self, url: str, **_kwargs: object) -> requests.Response:
        task_id = url.rpartition("/")[2]
        self.asked.append(task_id)
        if not task_id.startswith(("2", "4", "5")):
            raise requests.ConnectionError
        response = requests.Response()
        response.status_code = int(task_id[:3])
        response._content = b"no"
        return response


def deleted_and_left(*task_ids: str) -> tuple[list[str], list[tuple[str, str]], FakeSession]:
    session, deleted = FakeSession(), list[str]()
    tasks = {task_id: f"title {task_id}" for task_id in task_ids}
    left = delete_tasks("http://studio/", tasks, cast(requests.Session, session), deleted.append)
    return deleted, [(task.task_id, task.problem) for task in left], session


def test_a_task_that_is_gone_counts_as_deleted() -> None:
    deleted, left, _ = deleted_and_left("204-a", "404-b")
    assert (deleted, left) == (["204-a", "404-b"], [])


def test_a_refusal_is_listed_with_what_came() -> None:
    deleted, left, _ = deleted_and_left("500-a", "204-b")
    assert (deleted, left) == (["204-b"], [("500-a", "500 no")])


def test_a_service_that_is_gone_is_not_asked_for_every_task() -> None:
    _, left, session = deleted_and_left(*(f"gone-{number}" for number in range(50)))
    assert len(session.asked) == 3
    assert len(left) == 50
    assert left[-1] == ("gone-49", "the service does not answer")

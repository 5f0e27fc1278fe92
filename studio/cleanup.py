"""Deleting what a run left on the server, and listing what could not be deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import requests

TIMEOUT_S = 5.0
_GIVE_UP_AFTER = 3


class Left(NamedTuple):
    """A task that is still on the server."""

    task_id: str
    title: str
    problem: str


def delete_tasks(
    host: str, tasks: Mapping[str, str], session: requests.Session, deleted: Callable[[str], None]
) -> list[Left]:
    """Delete the tasks (titles by id) and return those that could not be deleted.

    A task that is already gone (404) counts as deleted. After three requests in a row that brought no answer at all
    the rest is listed without asking.
    """
    left: list[Left] = []
    silent = 0
    for task_id, title in tasks.items():
        problem = "the service does not answer" if silent >= _GIVE_UP_AFTER else ""
        if not problem:
            problem, answered = _delete(host, task_id, session)
            silent = 0 if answered else silent + 1
        if problem:
            left.append(Left(task_id, title, problem))
        else:
            deleted(task_id)
    return left


def _delete(host: str, task_id: str, session: requests.Session) -> tuple[str, bool]:
    try:
        response = session.delete(f"{host.rstrip('/')}/api/tasks/{task_id}", timeout=TIMEOUT_S)
    except requests.RequestException as error:
        return type(error).__name__, False
    if response.status_code in (204, 404):
        return "", True
    return f"{response.status_code} {response.text[:200]}".strip(), True

"""Finding and deleting what a run left on the server, and listing what could not be deleted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple
from urllib.parse import quote

import requests

from studio.marks import run_of, short_title

_TASKS: Final = "/api/tasks"

TIMEOUT_S: Final = 5.0
LIST_TIMEOUT_S: Final = 60.0
"""The list of all tasks has no pages: 17 MB at 13,000 tasks."""
_GIVE_UP_AFTER: Final = 3


class Left(NamedTuple):
    """A task that is still on the server."""

    task_id: str
    title: str
    problem: str


class UnreadableListError(Exception):
    """The service answered, but not with a list of tasks; the message says what came."""


def marked_tasks(host: str, run_id: str | None, session: requests.Session) -> dict[str, str]:
    """Short titles by id of the tasks that carry the mark of a run, or of any run, from one ``GET /api/tasks``.

    A task whose creation was never answered is among them. Raise ``UnreadableListError``, or
    ``requests.RequestException`` when nothing answers.
    """
    response = session.get(f"{host.rstrip('/')}{_TASKS}", timeout=LIST_TIMEOUT_S, allow_redirects=False)
    if response.status_code != 200:
        raise UnreadableListError(f"GET {_TASKS} was answered {response.status_code} {response.text[:200]}".strip())
    try:
        tasks = {str(task["id"]): str(task["title"]) for task in response.json()}
    except (ValueError, TypeError, KeyError) as error:
        raise UnreadableListError(f"GET {_TASKS} was not answered with a list of tasks") from error
    found = {task_id: (title, run_of(title)) for task_id, title in tasks.items()}
    return {task_id: short_title(title) for task_id, (title, run) in found.items() if run and run_id in (None, run)}


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
    url = f"{host.rstrip('/')}{_TASKS}/{quote(task_id, safe='')}"
    try:
        # A redirect that was followed could turn the DELETE into a GET, and its 200 into "deleted".
        response = session.delete(url, timeout=TIMEOUT_S, allow_redirects=False)
    except requests.RequestException as error:
        return type(error).__name__, False
    if response.status_code in (204, 404):
        return "", True
    return f"{response.status_code} {response.text[:200]}".strip(), True

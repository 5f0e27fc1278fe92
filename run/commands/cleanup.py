"""``python -m run cleanup``: deletes the tasks that runs left on a service, known by the mark in their titles.

It reads the list of tasks once and then sends nothing but DELETE, for marked tasks only.
"""

from __future__ import annotations

import argparse
import shlex
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from config import values
from config.options import without_credentials
from config.services import no_answer, session_for, url_problem
from locust_eventsource.measure.exit_codes import FAILED, INCONCLUSIVE, PASS
from reports.model import RESULT_FILE, ResultError, load
from run.commands.refusal import CommandError
from run.journal import JournalError, records
from studio.cleanup import LIST_TIMEOUT_S, UnreadableListError, delete_tasks, marked_tasks
from studio.marks import is_run_id

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[Any]

_EPILOG = """\
Exit code: 0 nothing of the run is left; 2 wrong usage; 3 something is left; 4 no service answers with its tasks.
"""


def command_for(host: str, run_id: str) -> str:
    """The command line that deletes what a run left; credentials in the host are left out."""
    return shlex.join(["python", "-m", "run", "cleanup", "--host", without_credentials(host), "--run", run_id])


def add_command(commands: Commands) -> None:
    """Declare the command."""
    parser = commands.add_parser(
        "cleanup",
        help="delete the tasks that a run left on a service",
        description="Delete the tasks of a run (or of all runs), known by the mark [lt-...] in their titles.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(act=act)
    add = parser.add_argument
    add("--host", metavar="URL", type=_host, help="the service; with --results, the one that the run was for")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--run", metavar="ID", type=_run_id, help="the run's id, such as lt-1f2e3d4c")
    which.add_argument("--results", metavar="DIR", type=Path, help="the run's folder of results")
    which.add_argument("--all", action="store_true", help="all runs, also those that are under way")
    add("--dry-run", action="store_true", help="list the tasks, delete none")
    add("--header", metavar="'N: V'", type=values.header, action="append", help="request header (repeatable)")
    add("--ca", metavar="FILE", type=values.readable_file, help="PEM file of the authorities to trust")
    add("--insecure", action="store_true", help="do not check TLS certificates")


def act(given: Namespace) -> int:
    """List, delete, and say what was done; returns the exit code."""
    host, run_id = _which(given)
    with session_for(given) as session:
        tasks = _tasks(host, run_id, session)
        left = _listed(tasks) if given.dry_run else _deleted(host, tasks, session)
    return FAILED if left else PASS


def _which(given: Namespace) -> tuple[str, str | None]:
    """The service and the run; no run stands for all of them."""
    host: str | None = given.host
    run_id: str | None = given.run
    if given.results is not None:
        run_id, of_run = _run_in(given.results)
        host = host or of_run
    if host is None:
        raise CommandError("name the service with --host URL")
    return host, run_id


def _run_in(directory: Path) -> tuple[str, str]:
    """The id of the run in the folder, and the host that it was for; of a killed run its journal knows them."""
    try:
        if (directory / RESULT_FILE).exists():
            run = load(directory / RESULT_FILE).run
            return run.id, run.host
        facts = next(records(directory)).body
        return facts["options"]["run_id"], facts["host"]
    except (ResultError, JournalError) as error:
        raise CommandError(str(error)) from error
    except (StopIteration, TypeError, KeyError) as error:
        raise CommandError(f"the journal in {directory} does not begin with the facts of the run") from error


def _tasks(host: str, run_id: str | None, session: requests.Session) -> dict[str, str]:
    try:
        return marked_tasks(host, run_id, session)
    except UnreadableListError as error:
        raise CommandError(f"{without_credentials(host)}: {error}", INCONCLUSIVE) from error
    except requests.RequestException as error:
        why = no_answer(error, LIST_TIMEOUT_S)
        raise CommandError(f"no service answers at {without_credentials(host)} ({why})", INCONCLUSIVE) from error


def _listed(tasks: Mapping[str, str]) -> int:
    for task_id, title in tasks.items():
        print(f"would delete {task_id} {title!r}")
    print(f"{len(tasks)} tasks are left")
    return len(tasks)


def _deleted(host: str, tasks: Mapping[str, str], session: requests.Session) -> int:
    def deleted(task_id: str) -> None:
        print(f"deleted {task_id} {tasks[task_id]!r}", flush=True)

    left = delete_tasks(host, tasks, session, deleted)
    for task in left:
        print(f"could not delete {task.task_id} {task.title!r}: {task.problem}")
    print(f"{len(tasks) - len(left)} tasks deleted, {len(left)} left")
    return len(left)


def _host(text: str) -> str:
    problem = url_problem(text)
    if problem:
        raise argparse.ArgumentTypeError(problem)
    return text


def _run_id(text: str) -> str:
    if not is_run_id(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not the id of a run; it looks like lt-1f2e3d4c")
    return text

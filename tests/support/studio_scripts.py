"""The two lifecycles of the recordings, call by call, to be driven on any Studio."""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.support.studio_process import Answer, RawStream, StudioProcess

_TASK: Final = "/api/tasks/{id}"


class Step(NamedTuple):
    """One REST call; ``after_turn`` waits first until the running session has ended."""

    method: str
    path: str
    request: object = None
    after_turn: bool = False


class Call(NamedTuple):
    """A step as it was made."""

    step: Step
    path: str
    answer: Answer


def _opening(name: str) -> list[Step]:
    return [
        Step("GET", "/api/projects/current"),
        Step("POST", "/api/tasks", {"title": f"Lifecycle {name}", "description": "Write a haiku into README.md"}),
        Step("GET", _TASK),
        Step("POST", _TASK + "/execute"),
        Step("GET", _TASK, after_turn=True),
        Step("GET", _TASK + "/plan"),
    ]


_IMPLEMENTED: Final = [
    Step("POST", _TASK + "/execute"),
    Step("GET", _TASK, after_turn=True),
    Step("GET", _TASK + "/phases"),
    Step("POST", _TASK + "/execute"),
    Step("GET", _TASK, after_turn=True),
    Step("GET", _TASK + "/findings"),
]

SCRIPTS: Final = {
    "lifecycle-human": [
        *_opening("lifecycle-human"),
        Step("POST", _TASK + "/transition", {"status": "in_progress"}),
        *_IMPLEMENTED,
        Step("POST", _TASK + "/transition", {"status": "done"}),
        Step("GET", _TASK),
        Step("GET", _TASK + "/sessions"),
        Step("POST", _TASK + "/execute"),
        Step("POST", _TASK + "/transition", {"status": "todo"}),
    ],
    "lifecycle-direct": [
        *_opening("lifecycle-direct"),
        *_IMPLEMENTED,
        Step("POST", _TASK + "/complete", {"action": {"type": "complete_only"}, "cleanup_worktree": False}),
        Step("GET", _TASK),
        Step("GET", _TASK + "/sessions"),
        Step("POST", _TASK + "/execute"),
        Step("POST", _TASK + "/transition", {"status": "todo"}),
    ],
}


class Run(NamedTuple):
    """What a script brought."""

    calls: list[Call]
    events: RawStream
    activities: dict[str, RawStream]
    """The first activity stream of each phase."""


def run_script(studio: StudioProcess, name: str) -> Run:
    """Drive a lifecycle to its end, with the global stream and every session's activity open."""
    events = studio.stream()
    run = Run([], events, {})
    task_id = ""
    sessions = 0
    for step in SCRIPTS[name]:
        if step.after_turn:
            _wait_ended(events, sessions)
        path = step.path.format(id=task_id)
        answer = studio.call(step.method, path, step.request)
        run.calls.append(Call(step, path, answer))
        if step.path == "/api/tasks":
            task_id = answer.json["id"]
        if answer.status == 202:
            sessions += 1
            stream = studio.stream(f"/api/sessions/{answer.json['session_id']}/activity")
            run.activities.setdefault(answer.json["phase"], stream)
    _wait_ended(events, sessions)
    return run


def _wait_ended(events: RawStream, sessions: int) -> None:
    events.wait_for(lambda stream: stream.types.count("session.ended") == sessions, f"end of session {sessions}")

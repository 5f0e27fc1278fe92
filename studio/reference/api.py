"""The REST API and the two streams as Starlette routes."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from studio.contract import EVENTS_PATH
from studio.reference import switches as fault
from studio.reference.activity import ActivityHub
from studio.reference.agent import phases_of
from studio.reference.bodies import read_changes, read_completion, read_new_task, read_transition
from studio.reference.connection import StreamConnection
from studio.reference.failures import ApiError, TextError
from studio.reference.faults import Faults
from studio.reference.hub import EventHub
from studio.reference.lifecycle import Lifecycle
from studio.reference.model import Session, Task
from studio.reference.openapi import DESCRIPTION, VERSION
from studio.reference.playback import Player
from studio.reference.replay import TaskFilter
from studio.reference.room import Room
from studio.reference.streams import EventStreamResponse, Streams
from studio.reference.wire import compact_json

Endpoint = Callable[[Request], Awaitable[Response]]
_Accepted = tuple[Task, Session, bool]
_RETRY_AFTER_S: Final = "1"


class JsonResponse(Response):
    """A compact JSON body."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401  (JSON values)
        """Encode; bytes are JSON already."""
        return content if isinstance(content, bytes) else compact_json(content)


def _identifier(request: Request) -> str:
    text: str = request.path_params["id"]
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise TextError(400, f"Invalid URL: Cannot parse `{text}` as a UUID") from None


def _task_filter(query: QueryParams) -> TaskFilter:
    text = query.get("task_ids")
    return None if text is None else frozenset(part.strip().lower() for part in text.split(","))


class Api:
    """Every endpoint of the service."""

    def __init__(
        self,
        lifecycle: Lifecycle,
        hub: EventHub,
        activity: ActivityHub,
        streams: Streams,
        room: Room,
        faults: Faults,
        player: Player | None,
    ) -> None:
        self._lifecycle = lifecycle
        self._hub = hub
        self._activity = activity
        self._streams = streams
        self._room = room
        self._faults = faults
        self._player = player

    def routes(self) -> list[Route]:
        """One route per path."""
        return [
            _route("/health", GET=self._health),
            _route("/api/openapi.json", GET=self._openapi),
            _route("/api/projects/current", GET=self._project),
            _route(EVENTS_PATH, GET=self._events),
            _route("/api/tasks", GET=self._tasks, POST=self._create),
            _route("/api/tasks/{id}", GET=self._task, PATCH=self._change, DELETE=self._delete),
            _route("/api/tasks/{id}/execute", POST=self._execute),
            _route("/api/tasks/{id}/transition", POST=self._transition),
            _route("/api/tasks/{id}/complete", POST=self._complete),
            _route("/api/tasks/{id}/sessions", GET=self._sessions),
            _route("/api/tasks/{id}/plan", GET=self._plan),
            _route("/api/tasks/{id}/phases", GET=self._phases),
            _route("/api/tasks/{id}/findings", GET=self._findings),
            _route("/api/sessions/{id}", GET=self._session),
            _route("/api/sessions/{id}/activity", GET=self._session_activity),
        ]

    def _requested_task(self, request: Request) -> Task:
        return self._lifecycle.task(_identifier(request))

    async def _health(self, _: Request) -> Response:
        return JsonResponse({"status": "ok", "version": VERSION})

    async def _openapi(self, _: Request) -> Response:
        return JsonResponse(DESCRIPTION)

    async def _project(self, _: Request) -> Response:
        count = self._lifecycle.store.count_tasks()
        project = {"name": "project", "path": "/srv/project", "vcs": "git", "tasks_count": count, "initialized": True}
        return JsonResponse({"project": project})

    async def _tasks(self, _: Request) -> Response:
        parts: list[bytes] = []
        for tasks in self._lifecycle.store.tasks():
            parts.extend(compact_json(task.to_json()) for task in tasks)
            await asyncio.sleep(0)
        return JsonResponse(b"[%b]" % b",".join(parts))

    async def _create(self, request: Request) -> Response:
        task = self._lifecycle.create(*await read_new_task(request))
        return JsonResponse(task.to_json(fresh_created=True, fresh_updated=True), 201)

    async def _task(self, request: Request) -> Response:
        return JsonResponse(self._requested_task(request).to_json())

    async def _change(self, request: Request) -> Response:
        changes = await read_changes(request)
        return JsonResponse(self._lifecycle.change(_identifier(request), changes).to_json(fresh_updated=True))

    async def _delete(self, request: Request) -> Response:
        self._lifecycle.delete(_identifier(request))
        return Response(status_code=204)

    async def _execute(self, request: Request) -> Response:
        work = self._lifecycle.execute(_identifier(request))
        if fault.EXECUTE_WAITS in self._faults:
            work = _while_wanted(request, work)
        task, session, changed = await work
        if fault.SLOW_EXECUTE in self._faults:
            await asyncio.sleep(self._faults.seconds(fault.SLOW_EXECUTE))
        answer = {
            "task": task.to_json(fresh_updated=changed),
            "session_id": session.id,
            "opencode_session_id": session.opencode_session_id,
            "phase": session.phase,
        }
        return JsonResponse(answer, 202)

    async def _transition(self, request: Request) -> Response:
        status = await read_transition(request)
        task, previous = await self._lifecycle.transition(_identifier(request), status)
        return JsonResponse({"task": task.to_json(fresh_updated=True), "previous_status": previous})

    async def _complete(self, request: Request) -> Response:
        cleaned = await read_completion(request)
        self._lifecycle.complete(_identifier(request))
        return JsonResponse({"success": True, "pr": None, "merge_result": None, "worktree_cleaned": cleaned})

    async def _sessions(self, request: Request) -> Response:
        task = self._requested_task(request)
        return JsonResponse([session.to_json() for session in self._lifecycle.store.sessions(task.id)])

    async def _plan(self, request: Request) -> Response:
        plan = self._requested_task(request).plan
        return JsonResponse({"content": plan or "", "exists": plan is not None})

    async def _phases(self, request: Request) -> Response:
        task = self._requested_task(request)
        phases = phases_of(task)
        several = len(phases) > 1
        current = task.phases_done + 1 if several and task.phases_done < len(phases) else None
        shown = [
            {**phase._asdict(), "status": "completed" if several and phase.number <= task.phases_done else "pending"}
            for phase in phases
        ]
        return JsonResponse(
            {"is_multi_phase": several, "total_phases": len(phases), "current_phase": current, "phases": shown}
        )

    async def _findings(self, request: Request) -> Response:
        self._requested_task(request)
        return JsonResponse({"findings": [], "summary": "", "approved": False, "exists": False})

    async def _session(self, request: Request) -> Response:
        return JsonResponse(self._lifecycle.session(_identifier(request)).to_json())

    async def _events(self, request: Request) -> Response:
        await self._room.require(request)
        if self._player is not None:
            return self._player.response()
        tasks = _task_filter(request.query_params)
        last_event_id = request.headers.get("last-event-id")

        async def feed(connection: StreamConnection) -> None:
            self._hub.join(connection, tasks, _utf8(last_event_id))

        return EventStreamResponse(self._streams, feed, self._hub.leave)

    async def _session_activity(self, request: Request) -> Response:
        session_id = _identifier(request)
        if fault.ACTIVITY_OF_NOBODY not in self._faults:
            self._lifecycle.session(session_id)
        await self._room.require(request)

        async def feed(connection: StreamConnection) -> None:
            await self._activity.follow(connection, session_id)

        return EventStreamResponse(self._streams, feed, self._activity.leave)


def _utf8(header: str | None) -> str | None:
    """A header that Starlette decoded as Latin-1, as the UTF-8 that EventSource sends (WHATWG HTML 9.2.3)."""
    return None if header is None else header.encode("latin-1").decode("utf-8", "replace")


async def _while_wanted(request: Request, work: Coroutine[Any, Any, _Accepted]) -> _Accepted:
    """Do the work for as long as the client waits for its answer; raises ``ClientDisconnect`` after that."""

    async def disconnected() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    doing, leaving = asyncio.ensure_future(work), asyncio.ensure_future(disconnected())
    try:
        await asyncio.wait({doing, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        raise ClientDisconnect
    finally:
        doing.cancel()
        leaving.cancel()


def _route(path: str, **endpoints: Endpoint) -> Route:
    async def endpoint(request: Request) -> Response:
        return await endpoints["GET" if request.method == "HEAD" else request.method](request)

    return Route(path, endpoint, methods=list(endpoints))


async def refuse(_: Request, error: Exception) -> Response:
    """Turn a refusal into its answer; unknown paths and methods get no body."""
    if isinstance(error, ApiError):
        headers = {"retry-after": _RETRY_AFTER_S} if error.status == 503 else None
        return JsonResponse({"error": error.error, "message": error.message}, error.status, headers)
    if isinstance(error, TextError):
        return PlainTextResponse(error.message, error.status)
    if isinstance(error, ClientDisconnect):
        return Response(status_code=499)
    if isinstance(error, HTTPException):
        allowed = sorted((error.headers or {}).get("Allow", "").replace(" ", "").split(","))
        return Response(status_code=error.status_code, headers={"allow": ",".join(allowed)} if allowed[0] else None)
    raise error

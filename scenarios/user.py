"""What all users of the Studio share: the global stream, the REST API and the options."""

from __future__ import annotations

from locust import HttpUser

import json
from argparse import Namespace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Final, NamedTuple
from urllib.parse import urljoin

import requests

from config.options import request_headers, tls_verification
from config.values import scenario_counts
from locust_eventsource.errors import EventSourceError
from locust_eventsource.locust.user import EventSourceUser
from locust_eventsource.stream import EventStream, StreamSettings
from run.run import run_of
from run.session import install
from studio.activity import ActivityWatch
from studio.api import StudioApi
from studio.contract import EVENTS_PATH
from studio.wire_reader import WireReader
from studio.wire_times import TimingAdapter

ACTIVITY_NAME: Final = "/api/sessions/[id]/activity"
_CONNECTIONS_KEPT: Final = 100


def activity_path(session_id: str) -> str:
    """Where a session's activity stream is."""
    return f"/api/sessions/{session_id}/activity"


class TaskDefinition(NamedTuple):
    """A task to create, as the tasks file has it."""

    title: str
    description: str


@cache
def task_definitions(path: str) -> tuple[TaskDefinition, ...]:
    """The tasks of a tasks file, which the options have already checked."""
    return tuple(
        TaskDefinition(task["title"], task["description"]) for task in json.loads(Path(path).read_text("utf-8"))
    )


class StudioUser(EventSourceUser, HttpUser):
    """A user that holds the global stream and can call the REST API."""

    abstract = True

    scenario: ClassVar[str] = ""
    """Its name for ``--scenario``; a user of a scenario runs only when it is asked for. Empty for the others."""

    owes_events: ClassVar[bool] = False
    """What it does makes events, which are then owed to every open stream."""

    executes: ClassVar[bool] = False
    """It has tasks executed and follows their sessions."""

    restarts: ClassVar[bool] = False
    """It stops the service and starts it again, which only the embedded Studio lets it do."""

    alone: ClassVar[bool] = False
    """It has the service to itself: where it is asked for, no other user runs."""

    def __init__(self, environment: Any) -> None:  # noqa: ANN401 - Locust's own signature is untyped
        super().__init__(environment)
        self.load = run_of(environment)
        options = self.load.options
        self.stream_settings = StreamSettings(
            idle_timeout_s=options.idle_timeout,
            connect_timeout_s=options.connect_timeout,
            ca=options.ca,
            verify=not options.insecure,
        )
        for scheme in ("http://", "https://"):
            # Triggers overlap, each in a greenlet of its own, and requests would keep ten connections only.
            self.client.mount(scheme, TimingAdapter(self.pool_manager, pool_maxsize=_CONNECTIONS_KEPT))
        self.client.request_event = self.load.requests
        self.client.verify = tls_verification(options)
        self.headers = request_headers(options)
        self.client.headers.update(self.headers)
        self.global_stream: EventStream | None = None
        """The unfiltered stream that the user holds, once it has started."""
        self.api = StudioApi(self.client, self.load.acted, self.load.clock.add, read_sink=self.load.capture.read)

    def wait_time(self) -> float:
        """Seconds between two tasks, which Locust asks for: of a scenario's user, between two rounds."""
        return float(self.load.options.scenario_pause) if self.scenario else 0.0

    @classmethod
    def wanted(cls, options: Namespace) -> int | None:
        """How many users of this class the options ask for; None leaves it to Locust's weights.

        A scenario's class that the command line names runs once where ``--scenario`` says nothing of it.
        """
        if not cls.scenario:
            return None
        named = cls.__name__ in (options.user_classes or ())
        return scenario_counts(options.scenario or ()).get(cls.scenario, int(named))

    def on_start(self) -> None:
        """Hold the global stream."""
        self.global_stream = self.open_global()

    def listens(self) -> bool:
        """Wait for the user's own stream to be open; False when it is not in time. What comes before it is not told."""
        if self.global_stream is None:
            return False
        try:
            self.global_stream.wait_open(self.load.options.connect_timeout)
        except (TimeoutError, EventSourceError):
            return False
        return True

    def open_global(self, task_ids: str = "", *, settings: StreamSettings | None = None) -> EventStream:
        """Open the global stream, filtered when task ids are given, and have every event of it accounted for."""
        parameters = {"task_ids": task_ids} if task_ids else None
        request = requests.Request("GET", EVENTS_PATH, params=parameters, headers=self.headers)
        name = EVENTS_PATH + ("?task_ids=[ids]" if task_ids else "")
        stream = self.open_stream(request, name=name, settings=settings, start=False)
        group = frozenset(filter(None, (part.strip() for part in task_ids.split(",")))) if task_ids else None
        self.load.observer.follow_global(stream, group)
        stream.start()
        return stream

    def read_by_hand(
        self, path: str = EVENTS_PATH, *, receive_buffer: int | None = None, last_event_id: str | None = None
    ) -> WireReader:
        """A stream of this user's own that nobody accounts for, not connected yet."""
        options = self.load.options
        asked = [] if last_event_id is None else [("Last-Event-ID", last_event_id)]
        return WireReader(
            urljoin(self.host or "", path),
            headers=[*self.headers.items(), *asked],
            receive_buffer=receive_buffer,
            ca=options.ca,
            verify=not options.insecure,
        )

    def open_activity(self, session_id: str, watch: ActivityWatch) -> EventStream:
        """Open a session's activity stream; ``watch`` sees what comes."""
        request = requests.Request("GET", activity_path(session_id), headers=self.headers)
        stream = self.open_stream(request, name=ACTIVITY_NAME, start=False)
        self.load.observer.follow_activity(stream, watch)
        stream.start()
        return stream

    def close_activity(self, stream: EventStream) -> None:
        """Close an activity stream of which all that is wanted has come."""
        self.close_stream(stream)
        self.load.observer.forget(stream)


install()

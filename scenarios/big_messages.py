"""The user that makes events of a megabyte, which must come whole and in time on every stream."""

from __future__ import annotations

from locust import constant, task

import time
from functools import cache
from typing import Final

import gevent

from scenarios.user import StudioUser
from studio.marks import short_title
from studio.verify.big_events import BIG_EVENT
from studio.verify.findings import unknown

_SIZE: Final = 1 << 20
_LINE: Final = "{:07d} "
"""Numbered, so that a piece that is missing or moved changes the whole."""
_DESCRIPTION: Final = "Made by a load test for its size; it is deleted at once."
_LOOK_EVERY_S: Final = 0.02
_TESTER_S: Final = 1.0
"""What the tester may take to see that an event has come; the event's own time is the kernel's."""


@cache
def big_title() -> str:
    """A title of 1 MB, without a mark."""
    return "".join(map(_LINE.format, range(_SIZE // len(_LINE.format(0)))))


class BigMessagesUser(StudioUser):
    """Creates one task after another whose title, and so its event, is 1 MB, and deletes it when the event has come."""

    scenario = "big-messages"
    owes_events = True
    wait_time = constant(2)

    @task
    def send(self) -> None:
        """One large event."""
        load = self.load
        if load.stopping.is_set():
            gevent.sleep(3_600)
        with load.busy():
            title = load.title(big_title())
            before = load.observer.open_streams()
            load.big_events.begin()
            created = self.api.create(title, _DESCRIPTION)
            if not created.ok:
                load.big_events.end("", "", 0, [], 0)
                load.checks.note([unknown(BIG_EVENT, f"creating a task with a title of 1 MB: {created.problem}")])
                return
            task_id = str(created.body["id"])
            limit_s = load.options.big_event_limit
            deadline = time.monotonic() + limit_s + _TESTER_S
            while not load.big_events.has_all(task_id, before) and time.monotonic() < deadline:
                gevent.sleep(_LOOK_EVERY_S)
            held = before & load.observer.open_streams()
            load.checks.note(load.big_events.end(task_id, short_title(title), created.out_ns, held, limit_s))
            self.api.delete(task_id)

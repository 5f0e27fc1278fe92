"""A Locust process without its command line: the users of one class, each with a connection of its own."""

from __future__ import annotations

from locust import User
from locust.env import Environment

import itertools
from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

import gevent

if TYPE_CHECKING:
    from locust.runners import LocalRunner

    from benchmarks.readers.running import Run

_OPEN_WITHIN_S = 60.0


class Shared:
    """What the users of a run share: the next connection to take, how many are open, how many have ended."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.open = self.broken = 0
        self._places = itertools.count()

    def next_place(self) -> tuple[str, array[int]]:
        """The URL of the next connection, and the row of the account for its events."""
        connection = next(self._places)
        return self.run.options.url_of(connection), self.run.rows[connection]


def spawn(user: type[User], shared: Shared) -> tuple[Environment, LocalRunner]:
    """Start a user for each connection, and return when all connections are open."""
    options = shared.run.options
    environment = Environment(user_classes=[user], host=options.url)
    runner = environment.create_local_runner()
    runner.start(options.connections, spawn_rate=options.connections)
    with gevent.Timeout(_OPEN_WITHIN_S, SystemExit("a connection could not be opened")):
        while shared.open < options.connections:
            gevent.sleep(0.01)
    return environment, runner


def measure(shared: Shared, runner: LocalRunner, over: Callable[[], bool], implementation: str | None) -> None:
    """Wait for the events, report, and stop the users when the driver is done with them."""
    run = shared.run
    run.opened()
    run.wait(over)
    run.report(broken=shared.broken, implementation=implementation)
    run.hold()
    runner.quit()

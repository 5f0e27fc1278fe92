"""Locust as it is mostly used for event streams: requests, sseclient-py, and a `request` event for each of theirs."""

from __future__ import annotations

from locust import User, task

import time

import requests
import sseclient

from benchmarks.payload import sequence_of
from benchmarks.readers.in_locust import Shared, measure, spawn
from benchmarks.readers.running import Run, read_options


def _user(shared: Shared) -> type[User]:
    account = shared.run.account

    class Watcher(User):
        @task
        def read(self) -> None:
            url, row = shared.next_place()
            client = sseclient.SSEClient(requests.get(url, stream=True))  # type: ignore[arg-type]
            shared.open += 1
            try:
                for event in client.events():
                    now_ns = time.time_ns()
                    sequence = sequence_of(event.data)
                    if sequence == len(row):
                        row.append(now_ns)
                    else:
                        account.take_odd(row, sequence, now_ns)
                    self._tell(event, now_ns)
            finally:
                shared.broken += 1

        def _tell(self, event: sseclient.Event, now_ns: int) -> None:
            sent_ns = int(event.data.split(" ", 1)[0])
            self.environment.events.request.fire(
                request_type="SSE",
                name=event.event,
                response_time=(now_ns - sent_ns) / 1e6,
                response_length=len(event.data),
                exception=None,
                context={},
            )

    return Watcher


def main() -> None:
    """Read one run as the command line says."""
    shared = Shared(Run(read_options("locust_naive")))
    _environment, runner = spawn(_user(shared), shared)
    measure(shared, runner, lambda: shared.broken == shared.open, None)


if __name__ == "__main__":
    main()

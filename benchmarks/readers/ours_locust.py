"""EventSourceUsers in a Locust process, a user a stream, heard through `events.deliveries`."""

from __future__ import annotations

from locust import task

from typing import Any

import gevent

from benchmarks.readers.in_locust import Shared, measure, spawn
from benchmarks.readers.ours import Listener
from benchmarks.readers.running import Run, read_options
from locust_eventsource import EventSourceUser, StreamSettings, events
from locust_eventsource.stream import Arrival
from locust_eventsource.transport.reader import reader_name

_HOUR_S = 3600.0


def _user(shared: Shared, listener: Listener) -> type[EventSourceUser]:
    class Watcher(EventSourceUser):
        stream_settings = StreamSettings(reconnect=False, idle_timeout_s=600, connect_timeout_s=60)

        def on_start(self) -> None:
            url, row = shared.next_place()
            stream = self.open_stream(url, start=False)
            listener.follow(stream, row)
            stream.start()

        @task
        def watch(self) -> None:
            gevent.sleep(_HOUR_S)

    return Watcher


def main() -> None:
    """Read one run as the command line says."""
    run = Run(read_options("ours_locust"))
    listener, shared = Listener(run), Shared(run)

    def opened(**_more: Any) -> None:  # noqa: ANN401 - a hook's arguments
        shared.open += 1

    def broke(**_more: Any) -> None:  # noqa: ANN401 - a hook's arguments
        shared.broken += 1

    def account(arrivals: list[Arrival], **_more: Any) -> None:  # noqa: ANN401 - a hook's arguments
        listener.on_arrivals(arrivals)

    events.connect.add_listener(opened)
    events.disconnect.add_listener(broke)
    events.deliveries.add_listener(account)
    _environment, runner = spawn(_user(shared, listener), shared)
    measure(shared, runner, lambda: shared.broken == shared.open, reader_name())


if __name__ == "__main__":
    main()

"""The user class that holds event streams."""

from __future__ import annotations

from locust import User

from typing import Any
from urllib.parse import urljoin

import requests

from locust_eventsource.locust.pump import pump_of
from locust_eventsource.stream import EventStream, StreamSettings


class EventSourceUser(User):
    """A Locust user that holds any number of event streams.

    Streams are driven by readiness callbacks, not by the user's greenlet: a user whose tasks do something else, or
    nothing, still receives on all of them, and stamps them in the kernel. When the user stops, its streams are closed.

        class Watcher(EventSourceUser):
            host = "https://events.example"

            def on_start(self):
                self.stream = self.open_stream("/events")

            @task
            def watch(self):
                arrival = self.stream.wait_for(lambda a: a.event.type == "ready", timeout=30)
    """

    abstract = True

    stream_settings: StreamSettings = StreamSettings()
    """Settings of the streams that are opened without their own."""

    def __init__(self, environment: Any) -> None:  # noqa: ANN401 - Locust's own signature is untyped
        super().__init__(environment)
        self.streams: list[EventStream] = []

    def open_stream(
        self,
        request: str | requests.Request,
        *,
        name: str | None = None,
        settings: StreamSettings | None = None,
        start: bool = True,
    ) -> EventStream:
        """Open a stream and return at once; ``stream.wait_open(timeout)`` waits for the connection.

        ``request`` is a path below the host, a whole URL, or a ``requests.Request`` with whatever authentication,
        parameters, cookies and headers it needs. ``name`` groups the connections in Locust's statistics: leave ids out
        of it. Events come by ``stream.wait_for``, by iteration, and to the listeners of ``locust_eventsource.events``.
        With ``start=False`` the caller calls ``stream.start()``, once it is ready for the first event.
        """
        url = urljoin(self.host or "", request if isinstance(request, str) else request.url)
        if not isinstance(request, str):
            request.url = url
        stream = EventStream(
            url if isinstance(request, str) else request,
            listener=pump_of(self.environment),
            settings=settings or self.stream_settings,
            name=name or url,
        )
        self.streams.append(stream)
        if start:
            stream.start()
        return stream

    def close_stream(self, stream: EventStream) -> None:
        """Close one of the user's streams now."""
        stream.close()
        if stream in self.streams:
            self.streams.remove(stream)

    def on_stop(self) -> None:
        """Close all streams. A subclass that overrides this must call it."""
        for stream in list(self.streams):
            self.close_stream(stream)

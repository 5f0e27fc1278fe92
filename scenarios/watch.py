"""A stream that is read by hand and inspected byte for byte while the run lasts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from urllib.parse import urljoin

from locust_eventsource.protocol.event import Event
from scenarios.user import StudioUser
from studio.verify.hygiene import Kind
from studio.verify.liveness import Inspection
from studio.wire_reader import WireReader

_LOOK_EVERY_S: Final = 0.05
"""Short, since nothing can be said of a time in which nobody looked."""
_AGAIN_AFTER_S: Final = 1.0


def _ignore(_: Event) -> None:
    """What came is of no further use."""


class Watch:
    """One stream under inspection, outside the accounting of deliveries. Its findings go to the run's checks.

    When the service lets it go, it comes back: how long streams live is `stream.held`'s matter.
    """

    def __init__(
        self, user: StudioUser, path: str, name: str, kind: Kind, *, seen: Callable[[Event], None] = _ignore
    ) -> None:
        """``path`` with its query leads to the stream, ``name`` stands for it in findings; ``seen`` gets each event."""
        self._user = user
        self._load = user.load
        self._url = urljoin(user.host or "", path)
        self._name = name
        self._kind = kind
        self._seen = seen
        self.keep_alives = 0
        """Comments that came."""

    def run(self, until: Callable[[], bool]) -> None:
        """Watch until ``until()``, or the end of the run."""
        while not (until() or self._load.stopping.is_set()):
            self._connection(until)
            if not until():
                self._load.stopping.wait(_AGAIN_AFTER_S)

    def _connection(self, until: Callable[[], bool]) -> None:
        options = self._load.options
        inspection = Inspection(self._name, self._kind, keep_alive_s=options.keep_alive)
        reader = WireReader(
            self._url, headers=tuple(self._user.headers.items()), ca=options.ca, verify=not options.insecure
        )
        try:
            with reader:
                reader.open(options.connect_timeout)
                while True:
                    for event, _ in reader.events:
                        self._seen(event)
                    self._load.checks.note(inspection.look(reader.take(), reader.empty_ns))
                    if reader.end != "open" or until() or self._load.stopping.is_set():
                        break
                    reader.read_for(_LOOK_EVERY_S)
        except OSError:
            # The connection did not come about: the streams of the run fail as well, and are counted.
            return
        finally:
            self.keep_alives += inspection.keep_alives

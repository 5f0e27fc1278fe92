"""A second reader of a recorder, for whoever looks at a part of a run by itself."""

from __future__ import annotations

from locust_eventsource.measure.recorder import Delta, Recorder
from locust_eventsource.measure.series import Series


class Tap:
    """Stands between a recorder and who takes from it: every sample goes there once, and into the reader's series."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._kept = _nothing()
        self._series: Series | None = None

    def take(self) -> Delta:
        """As ``Recorder.take``, whatever the reader has seen of it."""
        self._look()
        kept, self._kept = self._kept, _nothing()
        return kept

    def begin(self) -> None:
        """The reader begins a new part; what came before does not belong to it."""
        self._look()
        self._series = Series()

    def read(self) -> Series:
        """What the reader's part holds by now; it goes on growing. Raise ``ValueError`` before the first part."""
        if self._series is None:
            raise ValueError("no part has begun")
        self._look()
        return self._series

    def _look(self) -> None:
        delta = self._recorder.take()
        self._kept["latencies"] += delta["latencies"]
        self._kept["counters"] += delta["counters"]
        if self._series is not None:
            self._series.add(delta)


def _nothing() -> Delta:
    return {"latencies": [], "counters": []}

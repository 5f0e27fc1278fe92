"""The unit that a stream delivers."""

from __future__ import annotations

from typing import NamedTuple


class Event(NamedTuple):
    """One dispatched event (WHATWG HTML 9.2.6, "dispatch the event").

    ``type`` is ``message`` unless the block named another. ``data`` holds the block's data lines joined with LF.
    ``last_event_id`` is the stream's last event ID string at the dispatch: a block without an id carries the one
    before it.
    """

    type: str
    data: str
    last_event_id: str

"""Activity streams: a session's messages from the first one on, then live, joined without a hole or a double."""

from __future__ import annotations

import asyncio

from studio.reference.clock import ServiceClock
from studio.reference.connection import StreamConnection
from studio.reference.model import Message
from studio.reference.store import Store
from studio.reference.wire import activity_block, compact_json, timestamp


class ActivityHub:
    """Writes messages first, then hands them to who follows the session."""

    def __init__(self, store: Store, clock: ServiceClock) -> None:
        self._store = store
        self._clock = clock
        self._followers: dict[str, dict[StreamConnection, None]] = {}
        self._sessions: dict[StreamConnection, str] = {}
        self._lengths: dict[str, int] = {}

    def publish(self, session_id: str, messages: list[dict[str, object]]) -> None:
        """Stamp, store and send messages that come together."""
        first = self._length(session_id)
        stamped = [self._stamp(message) for message in messages]
        with self._store.transaction():
            self._store.add_messages(session_id, first, stamped)
        self._lengths[session_id] = first + len(stamped)
        self._send(session_id, first, stamped)

    def finish(self, session_id: str, error: str | None) -> None:
        """The last message: how the session ended."""
        self.publish(session_id, [{"type": "finished", "success": error is None, "error": error}])
        self._lengths.pop(session_id, None)

    def vanish(self, session_id: str, error: str) -> None:
        """End a session that is no longer in the database."""
        first = self._lengths.pop(session_id, 0)
        self._send(session_id, first, [self._stamp({"type": "finished", "success": False, "error": error})])

    async def follow(self, connection: StreamConnection, session_id: str) -> None:
        """Send the history, then go on live.

        The history is read in slices, at the reader's pace; the step from its end to the live messages happens in
        one turn of the event loop, so nothing can come between.
        """
        position = 0
        while not connection.closing and (history := self._store.messages(session_id, position)):
            connection.send_all(activity_block(position + i, *message) for i, message in enumerate(history))
            position += len(history)
            await connection.drained()
            await asyncio.sleep(0)
        self._sessions[connection] = session_id
        self._followers.setdefault(session_id, {})[connection] = None

    def leave(self, connection: StreamConnection) -> None:
        """The connection gets nothing more."""
        session_id = self._sessions.pop(connection, None)
        if session_id is None:
            return
        followers = self._followers[session_id]
        del followers[connection]
        if not followers:
            del self._followers[session_id]

    def _length(self, session_id: str) -> int:
        if session_id not in self._lengths:
            self._lengths[session_id] = self._store.count_messages(session_id)
        return self._lengths[session_id]

    def _send(self, session_id: str, first: int, messages: list[Message]) -> None:
        followers = self._followers.get(session_id)
        if not followers:
            return
        blocks = [activity_block(first + i, *message) for i, message in enumerate(messages)]
        for connection in followers:
            for block in blocks:
                connection.send(block)

    def _stamp(self, message: dict[str, object]) -> Message:
        data = compact_json({**message, "timestamp": timestamp(self._clock.now_ns())})
        return Message(str(message["type"]), data)

"""Activity streams: a session's messages from the first one on, then live, joined without a hole or a double."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from studio.reference.activity_defects import ActivityDefects
from studio.reference.clock import ServiceClock
from studio.reference.connection import StreamConnection
from studio.reference.model import Message
from studio.reference.store import Store
from studio.reference.wire import Block, activity_block, compact_json, timestamp

_FINISHED: Final = "finished"


@dataclass(slots=True)
class _Follower:
    """How a reader stands to the session's own numbers of its messages; both only ever change by a defect."""

    missed: int
    """So many messages did not come; the ids, which count what came, are so much lower."""
    misses_next: bool


class ActivityHub:
    """Writes messages first, then hands them to who follows the session."""

    def __init__(self, store: Store, clock: ServiceClock, defects: ActivityDefects) -> None:
        self._store = store
        self._clock = clock
        self._defects = defects
        self._followers: dict[str, dict[StreamConnection, _Follower]] = {}
        self._sessions: dict[StreamConnection, str] = {}
        self._lengths: dict[str, int] = {}

    def publish(self, session_id: str, messages: list[dict[str, object]]) -> None:
        """Stamp, store and send messages that come together."""
        if not self._defects.empties(session_id):
            self._append(session_id, messages)

    def finish(self, session_id: str, error: str | None) -> None:
        """The last message: how the session ended."""
        self._append(session_id, [{"type": _FINISHED, "success": error is None, "error": error}])
        self._lengths.pop(session_id, None)
        self._defects.finished(session_id)

    def vanish(self, session_id: str, error: str) -> None:
        """End a session that is no longer in the database."""
        first = self._lengths.pop(session_id, 0)
        self._send(session_id, first, [self._stamp({"type": _FINISHED, "success": False, "error": error})])
        self._defects.finished(session_id)

    async def follow(self, connection: StreamConnection, session_id: str) -> None:
        """Send the history, then go on live.

        The history is read in slices, at the reader's pace; the step from its end to the live messages happens in
        one turn of the event loop, so nothing can come between.
        """
        position = sent = 0
        while not connection.closing and (messages := self._store.messages(session_id, position)):
            history = self._defects.history(messages, position, over=session_id not in self._lengths)
            connection.send_all(activity_block(sent + i, *message) for i, message in enumerate(history))
            position += len(messages)
            sent += len(history)
            await connection.drained()
            await asyncio.sleep(0)
        self._sessions[connection] = session_id
        follower = _Follower(position - sent, misses_next=position > 0 and self._defects.gap)
        self._followers.setdefault(session_id, {})[connection] = follower

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

    def _append(self, session_id: str, messages: list[dict[str, object]]) -> None:
        first = self._length(session_id)
        stamped = [self._stamp(message) for message in messages]
        with self._store.transaction():
            self._store.add_messages(session_id, first, stamped)
        self._lengths[session_id] = first + len(stamped)
        self._send(session_id, first, stamped)

    def _send(self, session_id: str, first: int, messages: list[Message]) -> None:
        followers = self._followers.get(session_id)
        if not followers:
            return
        for place, message in enumerate(messages, first):
            blocks: dict[int, Block] = {}
            for connection, follower in followers.items():
                if follower.misses_next and message.type != _FINISHED:
                    follower.misses_next = False
                    follower.missed += 1
                    continue
                number = place - follower.missed
                if number not in blocks:
                    blocks[number] = activity_block(number, *message)
                connection.send(blocks[number])

    def _stamp(self, message: dict[str, object]) -> Message:
        data = compact_json({**message, "timestamp": timestamp(self._clock.now_ns())})
        return Message(str(message["type"]), data)

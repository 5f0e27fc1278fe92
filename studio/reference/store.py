"""The database: SQLite on disk, in WAL mode.

Statements run in the event loop. ``synchronous=OFF`` hands pages to the kernel without waiting for the disk, so a
write costs tens of microseconds and still survives a SIGKILL of this process (not a power cut, which a test
service need not). Whatever can be long is read in slices.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from studio.contract import Phase, SessionStatus, Status
from studio.reference.model import Message, Session, Task

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS tasks (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, title TEXT NOT NULL, description TEXT NOT NULL,
  status TEXT NOT NULL, workspace_path TEXT, plan TEXT, phases_done INTEGER NOT NULL,
  created_ns INTEGER NOT NULL, updated_ns INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
  number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
  task_id TEXT NOT NULL REFERENCES tasks(id) ON DELETE CASCADE, opencode_session_id TEXT NOT NULL,
  phase TEXT NOT NULL, status TEXT NOT NULL, came_from TEXT, created_ns INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS sessions_of_task ON sessions(task_id);
CREATE TABLE IF NOT EXISTS messages (
  session_id TEXT NOT NULL REFERENCES sessions(id) ON DELETE CASCADE, position INTEGER NOT NULL,
  type TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (session_id, position)) WITHOUT ROWID;
"""
_PRAGMAS: Final = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=5000;"
_TASK: Final = "id, title, description, status, workspace_path, plan, phases_done, created_ns, updated_ns"
_SESSION: Final = "id, task_id, opencode_session_id, phase, status, came_from, created_ns"
_SLICE: Final = 200
_SLICE_BYTES: Final = 262_144
"""After so many bytes a slice of messages ends: it is sent at once, while every other stream waits."""


def _task(row: tuple[Any, ...]) -> Task:
    return Task(*row)._replace(status=Status(row[3]))


def _session(row: tuple[Any, ...]) -> Session:
    came_from = None if row[5] is None else Status(row[5])
    session = Session(*row)
    return session._replace(phase=Phase(row[3]), status=SessionStatus(row[4]), came_from=came_from)


class Store:
    """Tasks, sessions and the messages of their activity."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = self._connect()
        self._db.executescript(_SCHEMA)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None)
        connection.executescript(_PRAGMAS)
        return connection

    def close(self) -> None:
        """Close the file; the WAL is merged into it."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make several writes one."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def add_task(self, task: Task) -> None:
        """Insert a task."""
        self._db.execute(f"INSERT INTO tasks ({_TASK}) VALUES (?,?,?,?,?,?,?,?,?)", task)

    def save_task(self, task: Task) -> None:
        """Write every column of an existing task."""
        self._db.execute(
            "UPDATE tasks SET title=?, description=?, status=?, workspace_path=?, plan=?, phases_done=?, created_ns=?,"
            " updated_ns=? WHERE id=?",
            (*task[1:], task.id),
        )

    def delete_task(self, task_id: str) -> bool:
        """Delete a task with its sessions and their messages; False when there was none."""
        return self._db.execute("DELETE FROM tasks WHERE id=?", (task_id,)).rowcount > 0

    def task(self, task_id: str) -> Task | None:
        """Read one task."""
        row = self._db.execute(f"SELECT {_TASK} FROM tasks WHERE id=?", (task_id,)).fetchone()
        return None if row is None else _task(row)

    def count_tasks(self) -> int:
        """How many tasks there are."""
        return int(self._db.execute("SELECT count(*) FROM tasks").fetchone()[0])

    def tasks(self) -> Iterator[list[Task]]:
        """All tasks in slices, oldest first, as one snapshot whatever is written in between."""
        reader = self._connect()
        try:
            cursor = reader.execute(f"SELECT {_TASK} FROM tasks ORDER BY number")
            while rows := cursor.fetchmany(_SLICE):
                yield [_task(row) for row in rows]
        finally:
            reader.close()

    def add_session(self, session: Session) -> None:
        """Insert a session."""
        self._db.execute(f"INSERT INTO sessions ({_SESSION}) VALUES (?,?,?,?,?,?,?)", session)

    def set_session_status(self, session_id: str, status: SessionStatus) -> None:
        """Change a session's status."""
        self._db.execute("UPDATE sessions SET status=? WHERE id=?", (status, session_id))

    def session(self, session_id: str) -> Session | None:
        """Read one session."""
        row = self._db.execute(f"SELECT {_SESSION} FROM sessions WHERE id=?", (session_id,)).fetchone()
        return None if row is None else _session(row)

    def sessions(self, task_id: str) -> list[Session]:
        """A task's sessions, newest first."""
        query = f"SELECT {_SESSION} FROM sessions WHERE task_id=? ORDER BY number DESC"
        return [_session(row) for row in self._db.execute(query, (task_id,))]

    def unfinished_sessions(self) -> list[Session]:
        """Sessions that are pending or running, oldest first."""
        query = f"SELECT {_SESSION} FROM sessions WHERE status IN ('pending', 'running') ORDER BY number"
        return [_session(row) for row in self._db.execute(query)]

    def add_messages(self, session_id: str, first: int, messages: list[Message]) -> None:
        """Append messages to a session's activity, from position ``first`` on."""
        rows = [(session_id, first + offset, *message) for offset, message in enumerate(messages)]
        self._db.executemany("INSERT INTO messages (session_id, position, type, data) VALUES (?,?,?,?)", rows)

    def messages(self, session_id: str, first: int) -> list[Message]:
        """A slice of a session's activity from position ``first`` on; empty at its end."""
        query = "SELECT type, data FROM messages WHERE session_id=? AND position>=? ORDER BY position LIMIT ?"
        messages, size = [], 0
        cursor = self._db.execute(query, (session_id, first, _SLICE))
        while size < _SLICE_BYTES and (row := cursor.fetchone()) is not None:
            messages.append(Message(*row))
            size += len(messages[-1].data)
        cursor.close()
        return messages

    def count_messages(self, session_id: str) -> int:
        """How many messages a session's activity has."""
        query = "SELECT coalesce(max(position) + 1, 0) FROM messages WHERE session_id=?"
        return int(self._db.execute(query, (session_id,)).fetchone()[0])

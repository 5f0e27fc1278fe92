"""Tasks and sessions, and how the REST API shows them."""

from __future__ import annotations

import secrets
import string
from typing import Any, Final, NamedTuple

from studio.contract import Phase, SessionStatus, Status
from studio.reference.wire import timestamp

_LETTERS: Final = string.digits + string.ascii_letters


def agent_id(prefix: str) -> str:
    """An id as the agent backend gives them: ``ses_`` or ``prt_``, 12 hexadecimal digits, 14 letters and digits."""
    return f"{prefix}_{secrets.token_hex(6)}{''.join(secrets.choice(_LETTERS) for _ in range(14))}"


class Task(NamedTuple):
    """One row of ``tasks``."""

    id: str
    title: str
    description: str
    status: Status
    workspace_path: str | None
    plan: str | None
    phases_done: int
    created_ns: int
    updated_ns: int

    def to_json(self, *, fresh_created: bool = False, fresh_updated: bool = False) -> dict[str, Any]:
        """The task as REST shows it: whole seconds, and nanoseconds only for what this very call has set."""
        return {
            "id": self.id,
            "title": self.title,
            "description": self.description,
            "status": self.status,
            "roadmap_item_id": None,
            "workspace_path": self.workspace_path,
            "created_at": timestamp(self.created_ns, 9 if fresh_created else 0),
            "updated_at": timestamp(self.updated_ns, 9 if fresh_updated else 0),
        }


class Session(NamedTuple):
    """One row of ``sessions``."""

    id: str
    task_id: str
    opencode_session_id: str
    phase: Phase
    status: SessionStatus
    came_from: Status | None
    """The status that the task goes back to when the session fails; None when execute changed nothing."""
    created_ns: int

    def to_json(self) -> dict[str, Any]:
        """The session as REST shows it; the service never fills in when it started and completed."""
        return {
            "id": self.id,
            "task_id": self.task_id,
            "opencode_session_id": self.opencode_session_id,
            "phase": self.phase,
            "status": self.status,
            "started_at": None,
            "completed_at": None,
            "created_at": timestamp(self.created_ns, 0),
        }


class Message(NamedTuple):
    """One message of a session's activity; ``data`` is its JSON."""

    type: str
    data: bytes

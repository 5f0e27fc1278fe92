"""What the service says of a session over REST: its status, and how it refuses the activity of one that is not there.

Nothing here changes anything on the service, so no call is an ``Action`` of the run.
"""

from __future__ import annotations

from locust.clients import HttpSession

from typing import Final

from studio.api import TIMEOUT_S
from studio.verify.activity import Refusal

_SESSION: Final = "/api/sessions/[id]"
_REFUSED: Final = "/api/sessions/[none]/activity"


def session_status(client: HttpSession, session_id: str) -> str:
    """The session's status; empty without an answer that tells it, which is a failed request in Locust."""
    path = f"/api/sessions/{session_id}"
    with client.get(path, name=_SESSION, timeout=TIMEOUT_S, catch_response=True, allow_redirects=False) as response:
        try:
            status = str(response.json()["status"]) if response.status_code == 200 else ""
        except (ValueError, KeyError, TypeError):
            status = ""
        if status:
            response.success()
        else:
            response.failure(f"GET {_SESSION}: no status in {response.status_code} {(response.text or '')[:200]}")
    return status


def ask_activity_of_nobody(client: HttpSession, session_id: str) -> Refusal:
    """Ask for the activity of a session that does not exist; whatever the answer, it is no failed request.

    The answer is not read when it is a stream, which would not end.
    """
    path = f"/api/sessions/{session_id}/activity"
    with client.get(
        path, name=_REFUSED, timeout=TIMEOUT_S, catch_response=True, allow_redirects=False, stream=True
    ) as response:
        status = response.status_code or 0
        content_type = str(response.headers.get("Content-Type", "")) if status else ""
        body = "" if "event-stream" in content_type or not status else response.text[:500]
        if status:
            response.success()
        response.close()
    return Refusal(status, content_type, body)

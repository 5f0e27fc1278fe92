"""A stop and a new start: how streams ended, and what became of a session that ran."""

from __future__ import annotations

from typing import Any

import pytest

from studio.verify.restart import CHECKS, RECOVERED, STREAMS_END, Aftermath, Ending, recovered, streams_end

TAKEN_BACK = Aftermath(
    signal="SIGKILL",
    task_id="t1",
    session_id="s1",
    status_before="todo",
    task_status="todo",
    session_status="failed",
    sessions={"s1": "failed"},
    activity=("agent_message", "step_start", "finished"),
    success=False,
    waited_s=0.5,
)


def test_streams_and_process_that_end_in_order() -> None:
    findings = streams_end("SIGTERM", [Ending("a", "complete", 0.1), Ending("b", "complete", 0.2)], 0.4, 5)
    assert [(finding.check, finding.verdict) for finding in findings] == [(STREAMS_END, "pass")] * 3


def test_streams_that_end_without_the_last_chunk_or_not_at_all_are_named() -> None:
    streams = [Ending("/api/events (port 1)", "cut", 0.25), Ending("b", "open", None), Ending("c", "complete", 1.0)]
    cut, still, well, process = streams_end("SIGTERM", streams, None, 5)
    assert cut.what == "/api/events (port 1) ended (cut) 0.250 s after SIGTERM, without the last chunk"
    assert still.what == "b was still open 5 s after SIGTERM"
    assert well.verdict == "pass"
    assert "the process had not ended 5 s after SIGTERM, while 1 of the 3 streams" in process.what
    assert [finding.verdict for finding in (cut, still, process)] == ["fail"] * 3
    assert cut.evidence == {"signal": "SIGTERM", "stream": "/api/events (port 1)", "end": "cut", "after_s": 0.25}


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"session_status": "aborted", "sessions": {"s1": "aborted", "s0": "completed"}},
        {
            "session_status": "completed",
            "sessions": {"s1": "completed"},
            "task_status": "planning_review",
            "success": True,
        },
    ],
)
def test_what_was_taken_back_or_had_completed_is_recovered(changed: dict[str, Any]) -> None:
    finding = recovered(TAKEN_BACK._replace(**changed))
    assert (finding.check, finding.verdict) == (RECOVERED, "pass")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"session_status": "running", "sessions": {"s1": "running"}}, "the session is still 'running'"),
        ({"task_status": "planning"}, "its task is 'planning', and was 'todo' before the execute"),
        ({"sessions": {"s1": "failed", "s2": "pending"}}, "1 are pending or running, though nothing runs them"),
        ({"sessions": {}}, "the list of the task's sessions says None of it, and the session 'failed'"),
        ({"activity": ()}, "does not end with one 'finished': 0 came, and the last of 0 messages is nothing"),
        ({"activity": ("finished", "finished")}, "2 came, and the last of 2 messages is 'finished'"),
        ({"activity": ("finished", "reasoning")}, "1 came, and the last of 2 messages is 'reasoning'"),
        ({"success": True}, "its activity finished with success, and the session is 'failed'"),
    ],
)
def test_what_is_left_behind_is_said_in_words(changed: dict[str, Any], says: str) -> None:
    finding = recovered(TAKEN_BACK._replace(**changed))
    assert finding.verdict == "fail"
    assert says in finding.what
    assert finding.what.startswith("0.5 s after the restart (SIGKILL) of the service, of session s1 of task t1: ")


def test_an_orphan_is_described_whole() -> None:
    orphan = TAKEN_BACK._replace(
        session_status="running", task_status="planning", sessions={"s1": "running"}, activity=("step_start",) * 9
    )
    finding = recovered(orphan._replace(success=None))
    assert finding.what.count(";") == 2
    assert finding.evidence["activity"] == ["step_start"] * 5
    assert finding.evidence["activity_count"] == 9


def test_the_checks_are_documented() -> None:
    assert [check.name for check in CHECKS] == [STREAMS_END, RECOVERED]

"""The service's contract: keys, timestamps, envelopes and transitions."""

from __future__ import annotations

import json

import pytest

from studio.contract import REVERTS, TRANSITIONS, Envelope, EventKey, Status, parse_envelope, parse_timestamp

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("fraction", "nanoseconds", "resolution"),
    [
        ("", 0, SECOND),
        (".5", 500_000_000, 100_000_000),
        (".123", 123_000_000, 1_000_000),
        (".000001", 1_000, 1_000),
        (".123456789", 123_456_789, 1),
    ],
)
def test_a_timestamp_is_read_to_its_last_digit(fraction: str, nanoseconds: int, resolution: int) -> None:
    assert parse_timestamp(f"1970-01-02T00:00:01{fraction}Z") == (86_401 * SECOND + nanoseconds, resolution)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Z",
        "yesterday",
        "2026-11-23T11:45:34",
        "2026-11-23T11:45:34+01:00",
        "2026-11-23T11:45:34.1234567890Z",
        "2026-11-23T11:45:34.12x4Z",
        "2026-13-23T11:45:34Z",
        "2026-11-23T11:45:34.²Z",
    ],
)
def test_what_is_not_a_utc_timestamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an RFC 3339 UTC timestamp"):
        parse_timestamp(text)


def test_an_envelope_is_read_with_its_key() -> None:
    event = {"type": "task.status_changed", "task_id": "t", "from_status": "todo", "to_status": "planning"}
    read = parse_envelope(json.dumps({"id": "e", "timestamp": "1970-01-01T00:00:01Z", "event": event}))
    assert read == Envelope("e", "task.status_changed", SECOND, SECOND, event)
    assert read.key == EventKey("t", "task.status_changed", "todo>planning")


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"type": "task.created", "task_id": "t", "title": "x"}, ("t", "task.created", "")),
        ({"type": "session.started", "task_id": "t", "session_id": "s"}, ("t", "session.started", "s")),
        ({"type": "session.ended", "task_id": "t", "session_id": "s"}, ("t", "session.ended", "s")),
        ({"type": "session.completed", "task_id": "t", "session_id": "s"}, ("t", "session.ended", "s")),
        ({"type": "phase.completed", "task_id": "t", "phase_number": 2}, ("t", "phase.completed", "2")),
        ({"type": "phase.continuing", "task_id": "t", "next_phase_number": 3}, ("t", "phase.continuing", "3")),
        ({"type": "workspace.created", "task_id": "t", "path": "/w"}, ("t", "workspace.created", "")),
        ({"type": "project.opened"}, ("", "project.opened", "")),
    ],
)
def test_the_key_is_the_fact_under_the_name_of_the_contract(
    fields: dict[str, object], key: tuple[str, str, str]
) -> None:
    text = json.dumps({"id": "e", "timestamp": "1970-01-01T00:00:01Z", "event": fields})
    assert parse_envelope(text).key == EventKey(*key)


@pytest.mark.parametrize("data", ["[]", "{}", '{"event": 1}', "1", "null"])
def test_data_without_an_event_object_is_no_envelope(data: str) -> None:
    with pytest.raises(ValueError, match="not an envelope"):
        parse_envelope(data)


@pytest.mark.parametrize(
    "change", [{"id": 1}, {"timestamp": None}, {"event": {"type": 7}}, {"event": {"task_id": "t"}}]
)
def test_an_envelope_without_its_texts_is_refused(change: dict[str, object]) -> None:
    whole = {"id": "e", "timestamp": "1970-01-01T00:00:01Z", "event": {"type": "task.created"}}
    with pytest.raises(ValueError, match="lacks id, timestamp"):
        parse_envelope(json.dumps(whole | change))


def test_data_that_is_not_json_is_refused() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        parse_envelope("oops")


def test_every_status_but_the_last_leads_somewhere_and_done_is_reached() -> None:
    assert set(TRANSITIONS) == set(Status)
    assert [status for status, targets in TRANSITIONS.items() if not targets] == [Status.DONE]
    reached = {Status.TODO}
    for _ in Status:
        reached |= {target for status in reached for target in TRANSITIONS[status]}
    assert reached == set(Status)


def test_taking_back_an_execute_undoes_a_change_that_an_execute_makes() -> None:
    assert all(before in TRANSITIONS[after] for before, after in REVERTS)

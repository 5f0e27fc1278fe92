"""REST: what is refused and how, and what the calls change."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator

import pytest

from tests.support.studio_process import StudioProcess

MISSING = str(uuid.UUID(int=1))
TARGET = "Failed to deserialize the JSON body into the target type: "
PARSE = "Failed to parse the request body as JSON: "
STATUSES = "`todo`, `planning`, `planning_review`, `in_progress`, `ai_review`, `fix`, `review`, `done`"


@pytest.fixture(scope="module")
def studio() -> Iterator[StudioProcess]:
    """One Studio for all tests of this file."""
    with StudioProcess("--turn-ms", "20") as process:
        yield process


def refusal(error: str, message: str) -> str:
    """The body of a JSON refusal."""
    return json.dumps({"error": error, "message": message}, separators=(",", ":"))


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b'{"title":""}', 422, TARGET + "missing field `description` at line 1 column 12"),
        (b'{"description":"x"}', 422, TARGET + "missing field `title` at line 1 column 19"),
        (b'{"title":null,"description":""}', 422, TARGET + "missing field `title` at line 1 column 31"),
        (
            b'{"title": 5,"description":""}',
            422,
            TARGET + "title: invalid type: integer `5`, expected a string at line 1 column 11",
        ),
        (
            b'{"title": [],"description":""}',
            422,
            TARGET + "title: invalid type: sequence, expected a string at line 1 column 11",
        ),
        (b"[]", 422, TARGET + "invalid type: sequence, expected a map at line 1 column 0"),
        (b'{"title":"","description":""}', 400, refusal("bad_request", "Title cannot be empty")),
        (b'{"title":"  ","description":""}', 400, refusal("bad_request", "Title cannot be empty")),
        (b"", 400, PARSE + "Expecting value at line 1 column 1"),
        (b'{"title":\n x}', 400, PARSE + "Expecting value at line 2 column 2"),
        (b"\xff", 400, PARSE + "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    ],
)
def test_a_task_that_cannot_be_read_is_refused(studio: StudioProcess, body: bytes, status: int, text: str) -> None:
    answer = studio.call("POST", "/api/tasks", raw=body, content_type="application/json")
    assert (answer.status, answer.text) == (status, text)
    expected_type = "application/json" if status == 400 and text.startswith("{") else "text/plain; charset=utf-8"
    assert answer.headers[0] == ("content-type", expected_type)


def test_a_body_nested_without_end_is_refused(studio: StudioProcess) -> None:
    answer = studio.call("POST", "/api/tasks", raw=b"[" * 100_000, content_type="application/json")
    assert answer.status == 400
    assert answer.text.startswith(PARSE)


def test_a_lone_surrogate_is_refused_and_other_text_comes_back_as_it_was(studio: StudioProcess) -> None:
    lone = studio.call("POST", "/api/tasks", raw=b'{"title":"\\ud800","description":""}', content_type="text/json")
    assert lone.status == 415
    lone = studio.call("POST", "/api/tasks", {"title": "\ud800", "description": ""})
    assert lone.status == 400
    title = 'naïve \U0001f600 \u2028 \u0001 " \\ </script>'
    task_id = studio.create(title, "\n")
    read = studio.call("GET", f"/api/tasks/{task_id}").json
    assert (read["title"], read["description"]) == (title, "\n")


@pytest.mark.parametrize(
    "media_type", ["application/json; charset=utf-8", "application/merge-patch+json", "APPLICATION/JSON"]
)
def test_every_json_media_type_is_accepted(studio: StudioProcess, media_type: str) -> None:
    answer = studio.call("POST", "/api/tasks", raw=b'{"title":"t","description":""}', content_type=media_type)
    assert answer.status == 201


@pytest.mark.parametrize("headers", [{}, {"content_type": "text/plain"}, {"content_type": "application/jsonl"}])
def test_a_body_that_is_not_declared_as_json_is_refused(studio: StudioProcess, headers: dict[str, str]) -> None:
    answer = studio.call("POST", "/api/tasks", raw=b'{"title":"t","description":""}', **headers)
    assert (answer.status, answer.text) == (415, "Expected request with `Content-Type: application/json`")


@pytest.mark.parametrize(("size", "status"), [(2 * 1024 * 1024 - 1, 201), (2 * 1024 * 1024, 413)])
def test_a_body_of_two_mebibytes_is_refused(studio: StudioProcess, size: int, status: int) -> None:
    start, end = b'{"title":"t","description":"', b'"}'
    body = start + b"x" * (size - len(start) - len(end)) + end
    answer = studio.call("POST", "/api/tasks", raw=body, content_type="application/json")
    assert answer.status == status
    if status == 413:
        assert answer.text == "Failed to buffer the request body: length limit exceeded"
    assert studio.call("GET", "/health").status == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "what"),
    [
        ("GET", "/api/tasks/{}", None, "Task"),
        ("PATCH", "/api/tasks/{}", {"title": "t"}, "Task"),
        ("DELETE", "/api/tasks/{}", None, "Task"),
        ("POST", "/api/tasks/{}/execute", None, "Task"),
        ("POST", "/api/tasks/{}/transition", {"status": "done"}, "Task"),
        ("POST", "/api/tasks/{}/complete", {"action": "complete_only"}, "Task"),
        ("GET", "/api/tasks/{}/sessions", None, "Task"),
        ("GET", "/api/tasks/{}/plan", None, "Task"),
        ("GET", "/api/tasks/{}/phases", None, "Task"),
        ("GET", "/api/tasks/{}/findings", None, "Task"),
        ("GET", "/api/sessions/{}", None, "Session"),
        ("GET", "/api/sessions/{}/activity", None, "Session"),
    ],
)
def test_an_unknown_id_is_404_and_a_bad_one_400(
    studio: StudioProcess, method: str, path: str, body: object, what: str
) -> None:
    unknown = studio.call(method, path.format(MISSING), body)
    assert (unknown.status, unknown.text) == (404, refusal("not_found", f"{what} not found: {MISSING}"))
    bad = studio.call(method, path.format("nonsense"), body)
    assert (bad.status, bad.text) == (400, "Invalid URL: Cannot parse `nonsense` as a UUID")


def test_unknown_paths_and_methods_have_no_body(studio: StudioProcess) -> None:
    unknown = studio.call("GET", "/api/nothing")
    assert (unknown.status, unknown.raw) == (404, b"")
    method = studio.call("DELETE", "/api/tasks")
    assert (method.status, method.raw, method.headers[0]) == (405, b"", ("allow", "GET,HEAD,POST"))
    assert studio.call("POST", "/api/events").status == 405
    assert studio.call("GET", "/api/tasks/").status == 404


def test_a_preflight_is_allowed_everything(studio: StudioProcess) -> None:
    answer = studio.call("OPTIONS", "/api/tasks", origin="http://elsewhere")
    headers = dict(answer.headers)
    assert answer.status == 200
    assert headers["access-control-allow-methods"] == headers["access-control-allow-headers"] == "*"


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        (
            "transition",
            b'{"status":"asleep"}',
            TARGET + f"status: unknown variant `asleep`, expected one of {STATUSES} at line 1 column 18",
        ),
        ("transition", b"{}", TARGET + "missing field `status` at line 1 column 2"),
        (
            "complete",
            b'{"action":"complete_only","cleanup_worktree":1}',
            TARGET + "cleanup_worktree: invalid type: integer `1`, expected a boolean at line 1 column 46",
        ),
    ],
)
def test_a_call_on_a_task_that_cannot_be_read_is_refused(
    studio: StudioProcess, path: str, body: bytes, text: str
) -> None:
    task_id = studio.create()
    answer = studio.call("POST", f"/api/tasks/{task_id}/{path}", raw=body, content_type="application/json")
    assert (answer.status, answer.text) == (422, text)


def test_completing_is_refused_outside_review_and_for_what_needs_a_code_host(studio: StudioProcess) -> None:
    path = f"/api/tasks/{studio.create()}/complete"
    early = studio.call("POST", path, {"action": "complete_only"})
    assert early.text == refusal("bad_request", "Task must be in review to be completed, but is in todo")
    assert studio.call("POST", path, {"action": "create_pr"}).status == 400


def test_all_tasks_come_oldest_first_in_one_answer(studio: StudioProcess) -> None:
    with StudioProcess() as fresh:
        assert fresh.call("GET", "/api/tasks").text == "[]"
        made = [fresh.create(f"task {number}") for number in range(450)]
        listed = fresh.call("GET", "/api/tasks").json
        assert [task["id"] for task in listed] == made
        assert fresh.call("GET", "/api/projects/current").json["project"]["tasks_count"] == 450
        assert listed[0] == fresh.call("GET", f"/api/tasks/{made[0]}").json


def test_a_task_without_a_plan_says_so(studio: StudioProcess) -> None:
    path = f"/api/tasks/{studio.create()}"
    assert studio.call("GET", path + "/plan").text == '{"content":"","exists":false}'
    assert studio.call("GET", path + "/phases").json == {
        "is_multi_phase": False,
        "total_phases": 0,
        "current_phase": None,
        "phases": [],
    }


def test_the_description_names_every_path_that_answers(studio: StudioProcess) -> None:
    description = studio.call("GET", "/api/openapi.json").json
    assert description["openapi"] == "3.1.0"
    for path, item in description["paths"].items():
        for method in item.keys() - {"parameters"}:
            answer = studio.call(method.upper(), path.format(id=MISSING), raw=b"") if "events" not in path else None
            assert answer is None or (answer.status not in (405, 500) and answer.raw), (method, path)


def test_health_names_status_and_version(studio: StudioProcess) -> None:
    assert studio.call("GET", "/health").text == '{"status":"ok","version":"0.1.0"}'
    assert studio.call("HEAD", "/health").status == 200

"""The command that deletes what runs left, against the embedded Studio and against services that misbehave."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from reports.model import RESULT_FILE, save
from run.__main__ import main
from tests.support.locust_process import free_port
from tests.support.sample_result import sample_result
from tests.support.studio_process import StudioProcess

MINE, OTHER = "lt-1f2e3d4c", "lt-00000000"
TITLES = (f"a [{MINE} 1a 1]", f"b [{MINE} 1b 2]", f"c [{OTHER} 1a 1]", "somebody's task", f"about {MINE}", "[lt-x]")


@contextmanager
def studio() -> Iterator[StudioProcess]:
    with StudioProcess() as process:
        for title in TITLES:
            process.create(title)
        yield process


def titles(process: StudioProcess) -> set[str]:
    return {task["title"] for task in process.call("GET", "/api/tasks").json}


def test_the_tasks_of_one_run_go_and_all_others_stay(capsys: pytest.CaptureFixture[str]) -> None:
    with studio() as process:
        assert main(["cleanup", "--host", process.url, "--run", MINE, "--dry-run"]) == 3
        assert titles(process) == set(TITLES)
        assert capsys.readouterr().out.count("would delete") == 2
        assert main(["cleanup", "--host", process.url, "--run", MINE]) == 0
        assert titles(process) == set(TITLES[2:])
        assert "2 tasks deleted, 0 left" in capsys.readouterr().out
        assert main(["cleanup", "--host", process.url, "--run", MINE, "--dry-run"]) == 0


def test_all_runs_are_those_with_a_whole_mark() -> None:
    with studio() as process:
        assert main(["cleanup", "--host", process.url, "--all"]) == 0
        assert titles(process) == set(TITLES[3:])


class Stubborn(BaseHTTPRequestHandler):
    """Lists one task of a run, redirects every DELETE, and notes what it was asked."""

    listing = f'[{{"id": "t 1/2", "title": "a [{MINE} 1a 1]"}}]'
    asked: list[str]

    def do_GET(self) -> None:
        self._answer(200, self.listing)

    def do_DELETE(self) -> None:
        self._answer(302, "")

    def _answer(self, status: int, body: str) -> None:
        self.asked.append(f"{self.command} {self.path} {self.headers['x-key']}")
        self.send_response(status)
        self.send_header("location", "/elsewhere")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""


@contextmanager
def service(**attributes: object) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Handler", (Stubborn,), {"asked": asked, **attributes})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_what_cannot_be_deleted_is_listed_and_nothing_but_delete_is_sent(capsys: pytest.CaptureFixture[str]) -> None:
    with service() as (url, asked):
        assert main(["cleanup", "--host", url, "--run", MINE, "--header", "X-Key: secret"]) == 3
    assert asked == ["GET /api/tasks secret", "DELETE /api/tasks/t%201%2F2 secret"]
    assert "could not delete t 1/2" in capsys.readouterr().out


@pytest.mark.parametrize("listing", ["<html>", '{"tasks": []}', "[1]", '[{"id": "t"}]'])
def test_an_answer_that_is_no_list_of_tasks_says_nothing_about_what_is_left(
    listing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with service(listing=listing) as (url, asked):
        assert main(["cleanup", "--host", url, "--all"]) == 4
    assert asked == ["GET /api/tasks None"]
    assert "was not answered with a list of tasks" in capsys.readouterr().err


def test_a_service_that_is_gone_is_no_clean_service(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cleanup", "--host", f"http://user:secret@127.0.0.1:{free_port()}", "--all"]) == 4
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "no service answers" in said and "secret" not in said


def test_a_folder_of_results_names_the_run_and_its_service(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save(tmp_path / RESULT_FILE, sample_result())
    with service(listing="[]") as (url, asked):
        assert main(["cleanup", "--results", str(tmp_path), "--host", url]) == 0
    assert asked == ["GET /api/tasks None"]
    assert main(["cleanup", "--results", str(tmp_path / "nothing")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["cleanup", "--host", "http://x"],
        ["cleanup", "--all"],
        ["cleanup", "--host", "studio:3000", "--all"],
        ["cleanup", "--host", "http://x", "--run", "1f2e3d4c"],
        ["cleanup", "--host", "http://x", "--all", "--run", MINE],
        ["cleanup", "--host", "http://x", "--all", "--header", "nothing"],
    ],
)
def test_wrong_usage_is_one_line(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(arguments)
    except SystemExit as end:
        code = int(str(end.code))
    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1

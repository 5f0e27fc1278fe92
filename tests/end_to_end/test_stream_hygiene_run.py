"""Whole runs that look at the bytes of streams: nothing is found on a right service, and what is wrong is named."""

from __future__ import annotations

from pathlib import Path

from tests.support.locust_process import UNTIMED, LocustProcess

RUN = (*UNTIMED, "--headless", "--only-summary", "-u", "8", "-r", "50", "-t", "6s", "--settle", "2")
QUICK = (*RUN, "--studio-option", "keep-alive-s=1", "--keep-alive", "1")


def checks(results: Path, *arguments: str) -> tuple[dict[str, str], dict[str, str], str]:
    """Verdicts by check, the first offender's text by check, and the output."""
    with LocustProcess(results, arguments) as process:
        process.wait()
        assert "Traceback" not in process.output, process.output
        result = process.result()
        found = {check.name: str(check.offenders[0]["what"]) for check in result.checks if check.offenders}
        return {check.name: check.verdict for check in result.checks}, found, process.output


def test_a_right_service_passes_every_check_of_its_streams(tmp_path: Path) -> None:
    scenarios = [part for name in ("hygiene", "long-idle", "big-messages") for part in ("--scenario", name)]
    verdicts, found, output = checks(tmp_path, *QUICK, *scenarios, "--turn-ms", "300", "--executions", "1")
    assert found == {}, output
    assert set(verdicts.values()) == {"pass"}, output
    names = {name.removeprefix("stream.") for name in verdicts if name.startswith("stream.")}
    assert names == {
        "content_type",
        "keep_alive",
        "chunks",
        "encoding",
        "envelope",
        "prompt",
        "held",
        "big_event",
    }


def test_what_is_wrong_on_the_wire_is_named_with_its_place(tmp_path: Path) -> None:
    faults = ("--fault", "corrupt-utf8:50%", "--fault", "split-chunks", "--fault", "no-keep-alive")
    verdicts, found, output = checks(
        tmp_path, *QUICK, "--scenario", "hygiene", "--scenario", "long-idle", "--executions", "0", *faults
    )
    assert found.keys() == {"stream.encoding", "stream.chunks", "stream.keep_alive"}, output
    assert "which is no UTF-8" in found["stream.encoding"]
    assert "is split over 2 chunks, at byte" in found["stream.chunks"]
    assert "a keep-alive is promised every 1 s" in found["stream.keep_alive"]
    assert verdicts["stream.envelope"] == verdicts["stream.prompt"] == verdicts["stream.held"] == "pass"


def test_a_run_on_which_no_stream_can_open_ends_at_once_and_says_why(tmp_path: Path) -> None:
    arguments = [*RUN, "--fault", "wrong-content-type", "--executions", "0"]
    arguments[arguments.index("-t") + 1] = "10m"
    verdicts, found, output = checks(tmp_path, *arguments)
    assert "No stream has opened (RefusedResponse: the answer's Content-Type is 'text/plain'" in output
    assert [name for name, verdict in verdicts.items() if verdict == "fail"] == ["stream.content_type"]
    assert "Content-Type is 'text/plain' instead of text/event-stream" in found["stream.content_type"]

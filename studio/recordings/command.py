"""The command line: which files, and what is said of them."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NoReturn

from locust_eventsource.measure.exit_codes import FAILED, INCONCLUSIVE, INTERNAL_ERROR, PASS
from studio.check_log import CheckLog
from studio.recordings import activity_streams, global_streams
from studio.recordings.calls import judged as calls_judged
from studio.recordings.global_streams import Request
from studio.recordings.rest_file import Call, actions, load_calls
from studio.recordings.stream_file import Recording, RecordingError, load_recording
from studio.verify.checks import CheckResult
from studio.verify.hygiene import Kind, block_findings, head_findings

_EPILOG: Final = """\
Streams of one session's activity are compared with each other. What the request asked is not in a recording: say it
with --task-ids and --last-event-id, which are for the global streams among the files.
Exit code: 0 every check passed; 2 wrong usage; 3 a check failed; 4 nothing failed, but something could not be said.
"""
_WIDTH: Final = 100
_INDENT: Final = " " * 9


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(INTERNAL_ERROR, f"{self.prog}: {message} (--help shows the options)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge the files that the arguments name; returns the exit code."""
    parser = _Parser(
        prog="python -m studio.recordings",
        description="Judge recorded streams of the Studio by the checks of a run.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.jsonl", help="recorded streams")
    parser.add_argument("--rest", type=Path, metavar="FILE.json", help="the REST calls of the same time")
    parser.add_argument("--task-ids", metavar="IDS", help="?task_ids= of the streams, separated by commas")
    parser.add_argument("--last-event-id", metavar="ID", help="the Last-Event-ID that the streams were asked with")
    parser.add_argument("--execute-limit", type=float, default=1.0, metavar="S", help="as for locust (default 1)")
    given = parser.parse_args(arguments)
    group = frozenset(filter(None, given.task_ids.split(","))) if given.task_ids is not None else None
    try:
        recordings = [load_recording(path) for path in given.files]
        calls = load_calls(given.rest) if given.rest is not None else []
    except RecordingError as error:
        parser.exit(INTERNAL_ERROR, f"{parser.prog}: {error}\n")
    results = judged(recordings, calls, Request(group, given.last_event_id), given.execute_limit)
    print("\n".join(_table(results)))
    return _exit_code(results)


def judged(
    recordings: Sequence[Recording], calls: Sequence[Call], request: Request, execute_limit_s: float = 1.0
) -> list[CheckResult]:
    """What every check says that has something to say of the recordings."""
    streams = [recording for recording in recordings if recording.kind is Kind.GLOBAL]
    log = CheckLog()
    for recording in recordings:
        log.note(head_findings(recording.head, recording.name))
        for block in recording.blocks:
            log.note(block_findings(block, recording.kind, recording.name))
    for recording in streams:
        log.note(global_streams.returned(recording, request))
    log.note(activity_streams.judged([recording for recording in recordings if recording.kind is Kind.ACTIVITY]))
    log.note(calls_judged(calls, streams, execute_limit_s))
    delivered = global_streams.judged(streams, actions(calls), request) if streams else []
    return [*delivered, *log.results()]


def _exit_code(results: Sequence[CheckResult]) -> int:
    verdicts = {result.verdict for result in results}
    if "fail" in verdicts:
        return FAILED
    return PASS if verdicts == {"pass"} else INCONCLUSIVE


def _table(results: Iterable[CheckResult]) -> list[str]:
    lines = [f"{'VERDICT':<9}CHECK", "-" * _WIDTH]
    for result in results:
        lines += _wrapped(f"{result.name}: {result.summary}", f"{result.verdict.upper():<9}")
        for offender in result.offenders[:1]:
            lines += _wrapped(str(offender.get("what", "")), _INDENT)
    return lines


def _wrapped(text: str, first: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=_INDENT)

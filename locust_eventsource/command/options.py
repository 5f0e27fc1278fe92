"""The options of the command line, checked."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from locust_eventsource.protocol.event_stream import DEFAULT_MAX_EVENT_BYTES, DEFAULT_MAX_LINE_BYTES
from locust_eventsource.stream_types import StreamSettings
from locust_eventsource.transport.request import HttpRequest

_EPILOG = """\
Prints one JSON object a line: for each event type, data, last_event_id, received_ns (CLOCK_REALTIME) and source
("kernel" or "user": who stamped it), for each change of state state, status, error and retry_ms.
Exit code: 0 ended as asked, by 204, Ctrl-C, SIGTERM or a closed pipe; 1 the stream failed; 2 wrong usage.
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. ``events`` and ``duration_s`` end the command early, as asked."""

    request: HttpRequest
    settings: StreamSettings
    events: int | None
    duration_s: float | None
    pretty: bool


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (--help shows the options)\n")


def parse_options(arguments: Sequence[str]) -> Options:
    """The options in ``arguments``. Ends the process with code 2 and one line where they are wrong."""
    given = _parser().parse_args(arguments)
    body: str | None = given.data
    request = HttpRequest(
        method=(given.method or ("POST" if body is not None else "GET")).upper(),
        url=given.url,
        headers=tuple(given.header),
        body=os.fsencode(body or ""),
    )
    settings = StreamSettings(
        reconnect=not given.no_reconnect,
        max_retries=given.max_retries,
        max_event_bytes=given.max_event_bytes,
        max_line_bytes=given.max_line_bytes,
        idle_timeout_s=given.idle_timeout,
        ca=given.ca,
        verify=not given.insecure,
        last_event_id=given.last_event_id,
    )
    return Options(request, settings, given.events, given.duration, given.pretty)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m locust_eventsource",
        description="Read one Server-Sent Events stream and print what comes, stamped on arrival in the kernel.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("url", metavar="URL", help="http:// or https:// address of the stream")
    add("--header", metavar="'N: V'", action="append", type=_header, default=[], help="request header (repeatable)")
    add("--method", metavar="NAME", help="request method (GET; POST with --data)")
    add("--data", metavar="TEXT", help="request body")
    add("--last-event-id", metavar="ID", type=_event_id, default="", help="sent with the first connection")
    add("--events", metavar="N", type=_whole(1), help="end after N events")
    add("--duration", metavar="S", type=_seconds, help="end after S seconds")
    add("--no-reconnect", action="store_true", help="end with the first connection")
    add("--max-retries", metavar="N", type=_whole(0), help="fail when more than N attempts fail in a row (no limit)")
    add(
        "--max-event-bytes",
        metavar="N",
        type=_whole(1),
        default=DEFAULT_MAX_EVENT_BYTES,
        help="limit of an event's data (%(default)s)",
    )
    add(
        "--max-line-bytes",
        metavar="N",
        type=_whole(1),
        default=DEFAULT_MAX_LINE_BYTES,
        help="limit of a line (%(default)s)",
    )
    add("--idle-timeout", metavar="S", type=_seconds, default=45.0, help="silence that ends a connection (%(default)s)")
    add("--ca", metavar="FILE", help="PEM file or directory of the authorities to trust")
    add("--insecure", action="store_true", help="check neither certificate nor name")
    add("--pretty", action="store_true", help="print for people")
    return parser


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not name or name != name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is no header: write it as 'Name: value'")
    return name, value.strip()


def _event_id(text: str) -> str:
    if any(character in text for character in "\0\r\n"):
        raise argparse.ArgumentTypeError("an id cannot hold NUL, CR or LF")
    return text


def _whole(least: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of {least} or more")
        return int(text)

    return parse


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds

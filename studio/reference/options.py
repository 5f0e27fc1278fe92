"""The command line of the embedded Studio."""

from __future__ import annotations

import argparse
import ipaddress
import re
import sys
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

from studio.contract import REPLAY_BUFFER
from studio.reference.clock import ClockError, ClockSettings
from studio.reference.faults import FaultError, Faults
from studio.reference.playback import Recording, RecordingError, load_recording
from studio.reference.switches import SWITCHES, Switch, as_found

_SIGNED: Final = ("--clock-skew", "--clock-drift", "--clock-step")
_NEGATIVE: Final = re.compile(r"-[0-9.]")
_LOG_LEVELS: Final = ("critical", "error", "warning", "info", "debug")


class Settings(NamedTuple):
    """What the command line asks for."""

    host: str
    port: int
    db: Path | None
    turn_s: float
    backend_timeout_s: float
    log_level: str
    buffer: int
    keep_alive_s: float
    max_streams: int | None
    queue_limit: int
    faults: Faults
    clock: ClockSettings
    recording: Recording | None
    rebase: bool
    speed: float
    exit_with_stdin: bool


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line and exit with 2."""
        print(f"{self.prog}: {message}", file=sys.stderr)
        raise SystemExit(2)


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} must be at least 1")
    return number


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port: 0 to 65535")
    return number


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} must be above 0")
    return number


def _loopback(text: str) -> str:
    host = "127.0.0.1" if text == "localhost" else text
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise argparse.ArgumentTypeError(
            f"{text} is not a loopback address; the embedded Studio has no authentication and listens on 127.0.0.1,"
            " ::1 or localhost only"
        )
    return host


def _parser() -> _Parser:
    parser = _Parser(
        prog="python -m studio.reference",
        description="The embedded Studio. Prints one JSON line with its url and pid when it is ready.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--host", type=_loopback, default="127.0.0.1", help="loopback address to listen on (default %(default)s)")
    add("--port", type=_port, default=0, help="port to listen on; 0, the default, takes a free one")
    add("--db", type=Path, metavar="PATH", help="SQLite file, made when missing (default: a temporary one)")
    add("--turn-ms", type=_positive, default=600.0, metavar="MS", help="length of an agent's turn (default 600)")
    add(
        "--backend-timeout-s",
        type=_positive,
        default=5.0,
        metavar="S",
        help="seconds that the agent backend may take to accept a prompt (default %(default)g)",
    )
    add("--log-level", choices=_LOG_LEVELS, default="warning", help="what is logged to standard error")
    add(
        "--buffer", type=_count, default=REPLAY_BUFFER, metavar="N", help="events kept for replay (default %(default)s)"
    )
    add("--keep-alive-s", type=_positive, default=15.0, metavar="S", help="seconds of silence before a keep-alive")
    add("--max-streams", type=_count, metavar="N", help="streams that may be open; more get 503 (default: no limit)")
    add(
        "--queue-limit",
        type=_count,
        default=500,
        metavar="N",
        help="events that may wait for a slow reader before it is disconnected (default %(default)s)",
    )
    add("--seed", type=int, default=0, metavar="N", help="seed of the faults' random draws (default %(default)s)")
    add(
        "--fault",
        action="append",
        default=[],
        metavar="NAME[:VALUE]",
        help="bring in a defect, repeatable: " + "; ".join(map(_help, SWITCHES.values())).replace("%", "%%"),
    )
    add("--as-found", action="store_true", help="bring in every defect that the public server has")
    add("--clock-skew", metavar="DURATION", help="how far its clock is ahead, such as 3s, or behind, such as -250ms")
    add("--clock-drift", metavar="PPM", help="how fast its clock gains, such as 200ppm, or loses, such as -50ppm")
    add(
        "--clock-step",
        action="append",
        default=[],
        metavar="DURATION@DURATION",
        help="let its clock jump, repeatable: 500ms@6s is half a second forward six seconds after the start",
    )
    add("--replay", type=Path, metavar="FILE.jsonl", help="play this recording to each connection of /api/events")
    add("--rebase", action="store_true", help="with --replay: move the envelopes' timestamps to the time of sending")
    add("--speed", type=_positive, default=1.0, metavar="X", help="with --replay: X times as fast as recorded")
    add("--exit-with-stdin", action="store_true", help="end when standard input ends, so with the parent process")
    return parser


def _help(switch: Switch) -> str:
    value = f":{switch.default}" if switch.default else ""
    return f"{switch.name}{value} ({switch.meaning})"


def _joined(arguments: list[str]) -> list[str]:
    """Each ``--clock-...`` in one word with a negative value, which argparse would take for an option of its own."""
    joined: list[str] = []
    for argument in arguments:
        if _NEGATIVE.match(argument) and joined and joined[-1] in _SIGNED:
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def parse(arguments: list[str]) -> Settings:
    """Read the command line; a mistake ends the process with exit code 2 and one line."""
    parser = _parser()
    given = vars(parser.parse_args(_joined(arguments)))
    replay: Path | None = given.pop("replay")
    if replay is None and (given["rebase"] or given["speed"] != 1.0):
        parser.error("--rebase and --speed need --replay FILE.jsonl")
    try:
        texts = [*(as_found() if given.pop("as_found") else ()), *given.pop("fault")]
        faults = Faults.parse(texts, given.pop("seed"))
        clock = ClockSettings.parse(given.pop("clock_skew"), given.pop("clock_drift"), given.pop("clock_step"))
        recording = None if replay is None else load_recording(replay)
    except (FaultError, ClockError, RecordingError) as error:
        parser.error(str(error))
    turn_s = given.pop("turn_ms") / 1000
    return Settings(faults=faults, clock=clock, recording=recording, turn_s=turn_s, **given)

"""Every option of the package, in one place: its name, type, default, environment variable and meaning.

Locust reads the same names from its TOML and ``.conf`` files, so a profile is a file of these options.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from config import values

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser

    from argparse import Namespace

Group = str
LOAD: Final = "Event streams: load"
TARGET: Final = "Event streams: targets and results"
CONNECTION: Final = "Event streams: connections"
EMBEDDED: Final = "Event streams: embedded Studio (only without --host)"

TASKS_FILE: Final = Path(__file__).parent.parent / "scenarios" / "test_tasks.json"


@dataclass(frozen=True, slots=True)
class Option:
    """One option of the command line, of a profile and of the environment."""

    name: str
    group: Group
    help: str
    read: Callable[[str], Any] | None = None
    default: Any = None
    metavar: str = "N"
    repeatable: bool = False
    in_web_form: bool = False
    default_text: str = ""

    @property
    def flag(self) -> str:
        """The name on the command line."""
        return f"--{self.name}"

    @property
    def dest(self) -> str:
        """The attribute of Locust's parsed options."""
        return self.name.replace("-", "_")

    @property
    def env_var(self) -> str:
        """The environment variable."""
        return f"LOCUST_{self.dest.upper()}"

    @property
    def is_switch(self) -> bool:
        """True when the option takes no value."""
        return self.read is None


OPTIONS: Final[tuple[Option, ...]] = (
    Option(
        "streams-per-user",
        LOAD,
        "Event streams that each StreamUser holds open.",
        values.whole(1, 10_000),
        1,
        in_web_form=True,
    ),
    Option(
        "stream-filter",
        LOAD,
        "Task ids, separated by commas: StreamUser's streams ask for these tasks only (?task_ids=).",
        str,
        "",
        "IDS",
        in_web_form=True,
    ),
    Option(
        "task-rate",
        LOAD,
        "Tasks that TriggerUser creates, moves and deletes per second, in the whole run (open model).",
        values.number(0.01, 10_000),
        2.0,
        in_web_form=True,
    ),
    Option("task-moves", LOAD, "Status changes of each of those tasks.", values.whole(0, 6), 2, in_web_form=True),
    Option(
        "executions",
        LOAD,
        "ExecutionUsers. Each keeps one task executing, and every execution costs model runs in production.",
        values.whole(0, 1_000),
        None,
        default_text="1 with the embedded Studio, 0 with --host",
    ),
    Option(
        "session-timeout",
        LOAD,
        "Seconds that ExecutionUser waits for a session to finish before it reports it as stuck.",
        values.number(0.1),
        120.0,
        "S",
        in_web_form=True,
    ),
    Option(
        "tasks-file",
        LOAD,
        "JSON file with the titles and descriptions of the tasks to create.",
        values.tasks_file,
        str(TASKS_FILE),
        "FILE",
        default_text="scenarios/test_tasks.json",
    ),
    Option(
        "threshold",
        TARGET,
        "A target such as 'delivery:p(99)<50ms'. Repeatable. Replaces the default row of the same metric, type and "
        "aggregation; 'none' clears the rows before it.",
        values.threshold,
        None,
        "EXPR",
        repeatable=True,
    ),
    Option("results-dir", TARGET, "Folder that gets one sub-folder of results per run.", str, "results", "DIR"),
    Option(
        "settle",
        TARGET,
        "Seconds after which an event that has not arrived counts as lost.",
        values.number(0.1, 600),
        5.0,
        "S",
        in_web_form=True,
    ),
    Option(
        "status-grace",
        TARGET,
        "Seconds within which a task's status over REST must agree with the stream's last word.",
        values.number(0, 600),
        2.0,
        "S",
        in_web_form=True,
    ),
    Option(
        "clock-probe",
        TARGET,
        "Seconds between probes of the service's clock, in each process that runs users: a task with the run's mark is "
        "created and deleted. 0 makes none.",
        values.zero_or(values.number(0.5, 3_600)),
        5.0,
        "S",
        in_web_form=True,
    ),
    Option(
        "drain-timeout",
        TARGET,
        "Seconds that the end of the run waits for triggers and executions under way.",
        values.number(0, 3_600),
        15.0,
        "S",
    ),
    Option(
        "header",
        CONNECTION,
        "A header for every request and stream, such as 'Authorization: Bearer …'. Repeatable; never in the results.",
        values.header,
        None,
        "'N: V'",
        repeatable=True,
    ),
    Option(
        "idle-timeout",
        CONNECTION,
        "Seconds of silence after which a stream is taken for half-open and connected anew. Must be above the "
        "service's keep-alive period (15 s).",
        values.number(1),
        45.0,
        "S",
        in_web_form=True,
    ),
    Option(
        "connect-timeout",
        CONNECTION,
        "Seconds that connecting a stream may take.",
        values.number(0.1),
        10.0,
        "S",
        in_web_form=True,
    ),
    Option("ca", CONNECTION, "PEM file of the authorities to trust.", values.readable_file, None, "FILE"),
    Option("insecure", CONNECTION, "Do not check TLS certificates."),
    Option(
        "event-alias",
        CONNECTION,
        "Another name for an event type, such as 'session.completed=session.ended'. Repeatable.",
        values.alias,
        None,
        "A=B",
        repeatable=True,
    ),
    Option(
        "fault",
        EMBEDDED,
        "A defect to bring, such as 'drop:1%%' or 'slow-delivery:80ms'. Repeatable.",
        str,
        None,
        "NAME[:VALUE]",
        repeatable=True,
    ),
    Option(
        "turn-ms",
        EMBEDDED,
        "Milliseconds of an agent's turn.",
        values.whole(1, 3_600_000),
        600,
        "MS",
    ),
    Option(
        "studio-seed",
        EMBEDDED,
        "Seed of the faults' chances.",
        values.whole(0),
        1,
    ),
    Option(
        "clock-skew",
        EMBEDDED,
        "How far its clock is ahead, such as '3s', or behind, such as '-250ms' (then as --clock-skew=-250ms).",
        values.clock_setting("skew"),
        None,
        "DURATION",
    ),
    Option(
        "clock-drift",
        EMBEDDED,
        "How fast its clock gains, such as '200ppm', or loses, such as '-50ppm' (then as --clock-drift=-50ppm).",
        values.clock_setting("drift"),
        None,
        "PPM",
    ),
    Option(
        "clock-step",
        EMBEDDED,
        "A jump of its clock some time after its start, such as '500ms@6s'. Repeatable.",
        values.clock_setting("step"),
        None,
        "JUMP@TIME",
        repeatable=True,
    ),
    Option(
        "replay",
        EMBEDDED,
        "A recording that every global stream plays from its start, byte for byte. Delivery is then not asked.",
        values.readable_file,
        None,
        "FILE",
    ),
    Option(
        "replay-speed",
        EMBEDDED,
        "How many times faster than recorded.",
        values.number(0.01, 10_000),
        1.0,
    ),
    Option("rebase", EMBEDDED, "With --replay: move the envelopes' timestamps to now, so that delivery can be judged."),
)


def add_options(parser: LocustArgumentParser) -> None:
    """Declare every option on Locust's parser.

    Options of the web form must be declared on the parser itself: Locust's form does not see those of an argument
    group (``LocustArgumentParser.add_argument``).
    """
    groups = {name: parser.add_argument_group(name) for name in dict.fromkeys(option.group for option in OPTIONS)}
    for option in OPTIONS:
        arguments: dict[str, Any] = {"dest": option.dest, "env_var": option.env_var, "default": option.default}
        text = option.default_text or (option.default if option.default not in (None, "") else "")
        arguments["help"] = option.help + (f" Default: {text}." if text != "" else "")
        if option.is_switch:
            arguments |= {"action": "store_true", "default": False}
        else:
            arguments |= {"type": option.read, "metavar": option.metavar}
            if option.repeatable:
                arguments["action"] = "append"
        if option.in_web_form:
            parser.add_argument(option.flag, **arguments)
        else:
            groups[option.group].add_argument(option.flag, **arguments)


def chosen(parsed: Namespace) -> dict[str, Any]:
    """Option values for the results, by name; headers are left out because they carry credentials."""
    return {
        option.name: value
        for option in OPTIONS
        if option.name != "header" and (value := getattr(parsed, option.dest, option.default)) not in (None, "", False)
    }


def without_credentials(url: str) -> str:
    """The URL without the user name and password that it may carry."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def tls_verification(parsed: Namespace) -> str | bool:
    """What ``requests`` takes as ``verify``: the file of ``--ca``, or whether to check at all."""
    return parsed.ca or not parsed.insecure


def probes_clock(parsed: Namespace) -> bool:
    """Whether the service's clock is probed: not while the streams play a recording, which shows no task."""
    return bool(parsed.clock_probe) and not parsed.replay


def delivery_asked(parsed: Namespace) -> bool:
    """Whether delivery can be judged: the timestamps of a recording are old unless they are moved to now."""
    return not parsed.replay or bool(parsed.rebase)


def request_headers(parsed: Namespace) -> dict[str, str]:
    """The headers that ``--header`` asks for."""
    pairs = (header.partition(":") for header in parsed.header or ())
    return {name.strip(): value.strip() for name, _, value in pairs}


def table() -> str:
    """The options as the Markdown table that the README shows."""
    lines = ["| option | environment | default | meaning |", "|---|---|---|---|"]
    for option in OPTIONS:
        value = "" if option.is_switch else f" {option.metavar}"
        default = option.default_text or ("off" if option.is_switch else option.default)
        default_cell = "" if default in (None, "") else f"`{default}`" if not option.default_text else str(default)
        meaning = option.help.replace("%%", "%").replace("|", "\\|")
        form = " *(web form)*" if option.in_web_form else ""
        lines.append(f"| `{option.flag}{value}` | `{option.env_var}` | {default_cell} | {meaning}{form} |")
    return "\n".join(lines)

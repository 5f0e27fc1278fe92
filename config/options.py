"""The options on Locust's parser and in Markdown, and what the parsed ones ask for."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from config.option_list import OPTIONS

if TYPE_CHECKING:
    from locust.argument_parser import LocustArgumentParser

    from argparse import Namespace


_UNREPEATED: Final = ("header", "results-dir")
"""Options that a repetition of the run does without."""


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


def command_line(parsed: Namespace, *, host: str, users: int | None) -> str:
    """The line that repeats a run, without headers, which carry credentials.

    ``host`` is empty for the embedded Studio.
    """
    words = ["locust", "--headless"]
    run_time = getattr(parsed, "run_time", None)
    of_locust = {"host": host, "users": users, "spawn-rate": parsed.spawn_rate, "run-time": run_time and f"{run_time}s"}
    for name, value in of_locust.items():
        words += [f"--{name}", f"{value:g}" if isinstance(value, float) else str(value)] if value else []
    for option in OPTIONS:
        value = getattr(parsed, option.dest, option.default)
        if option.name in _UNREPEATED or value in (option.default, None, "", False):
            continue
        values = value if isinstance(value, list) else [value]
        words += [word for each in values for word in ([option.flag] if each is True else [option.flag, _text(each)])]
    return shlex.join([*words, *(getattr(parsed, "user_classes", None) or ())])


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


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

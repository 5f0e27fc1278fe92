"""Readers of option values: each returns the value or says in one sentence what to write instead."""

from __future__ import annotations

import json
import math
import re
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from locust_eventsource.measure.thresholds import ThresholdSyntaxError, parse_threshold


def number(low: float, high: float = math.inf, *, what: str = "a number") -> Callable[[str], float]:
    """A finite number from ``low`` to ``high``."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high or math.isinf(value):
            bounds = f"of at least {low:g}" if math.isinf(high) else f"from {low:g} to {high:g}"
            raise ArgumentTypeError(f"{text!r} is not {what} {bounds}")
        return value

    return read


def zero_or(read: Callable[[str], float]) -> Callable[[str], float]:
    """What ``read`` takes, and 0, which turns something off."""

    def read_or_zero(text: str) -> float:
        if text.strip() in ("0", "0.0"):
            return 0.0
        try:
            return read(text)
        except ArgumentTypeError as error:
            raise ArgumentTypeError(f"{error}, and not 0") from error

    return read_or_zero


def whole(low: int, high: int | None = None) -> Callable[[str], int]:
    """A whole number from ``low`` to ``high``."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if value < low or (high is not None and value > high):
            bounds = f"of at least {low}" if high is None else f"from {low} to {high}"
            raise ArgumentTypeError(f"{text!r} is not a whole number {bounds}")
        return value

    return read


def threshold(text: str) -> str:
    """A threshold expression, or ``none``; kept as text because Locust sends options to its workers."""
    if text.strip() != "none":
        try:
            parse_threshold(text, "command line")
        except ThresholdSyntaxError as error:
            raise ArgumentTypeError(str(error)) from error
    return text


def header(text: str) -> str:
    """A request header as ``Name: value``."""
    name, colon, value = text.partition(":")
    if not (colon and name.strip() and value.strip()) or "\n" in text:
        raise ArgumentTypeError(f"{text!r} is not a header; write it as 'Name: value'")
    return text


def alias(text: str) -> str:
    """An event-type alias as ``other.name=known.name``."""
    other, equals, known = text.partition("=")
    if not (equals and other.strip() and known.strip()):
        raise ArgumentTypeError(f"{text!r} is not an alias; write it as 'other.name=known.name'")
    return text


_SCENARIO: Final = re.compile(r"([a-z]+(?:-[a-z]+)*)(?::([1-9]\d{0,3}))?")
_LOAD: Final = re.compile(r"([1-9]\d{0,4})x(\d+(?:\.\d+)?)")
_STUDIO_OPTION: Final = re.compile(r"[a-z]+(-[a-z]+)*=\S+")


def scenario(text: str) -> str:
    """A scenario and how many users of it, as ``name`` or ``name:users``."""
    if _SCENARIO.fullmatch(text) is None:
        raise ArgumentTypeError(f"{text!r} is no scenario; write it such as reconnects or slow-readers:4")
    return text


def scenario_counts(texts: Iterable[str]) -> dict[str, int]:
    """Users by scenario, of texts that ``scenario`` has read; of one that comes twice the later counts."""
    matches = filter(None, map(_SCENARIO.fullmatch, texts))
    return {match[1]: int(match[2] or 1) for match in matches}


def choice(*names: str) -> Callable[[str], str]:
    """One of some names."""

    def read(text: str) -> str:
        if text not in names:
            raise ArgumentTypeError(f"{text!r} is none of {', '.join(names)}")
        return text

    return read


def load(text: str) -> str:
    """A load as ``STREAMSxEVENTS``; kept as text because Locust sends options to its workers."""
    load_of(text)
    return text


def load_of(text: str) -> tuple[int, float]:
    """How many streams, and how many events a second on each of them, a load means."""
    match = _LOAD.fullmatch(text)
    if match is None or not 0.1 <= float(match[2]) <= 10_000:
        raise ArgumentTypeError(f"{text!r} is no load; write streams and events per second, such as 20x10")
    return int(match[1]), float(match[2])


def studio_option(text: str) -> str:
    """An option of the embedded Studio's own command line, as ``name=value``."""
    if _STUDIO_OPTION.fullmatch(text) is None:
        raise ArgumentTypeError(f"{text!r} is no option of the embedded Studio; write it such as max-streams=50")
    return text


_DURATION: Final = r"\d+(\.\d+)?(us|ms|s)"
_CLOCK_SETTINGS: Final = {
    "skew": (rf"-?{_DURATION}", "a duration; write it such as 3s or -250ms"),
    "drift": (r"-?\d+(\.\d+)?ppm", "a drift; write it such as 200ppm or -50ppm"),
    "step": (rf"-?{_DURATION}@{_DURATION}", "a jump and its time after the start; write it such as 500ms@6s"),
}


def clock_setting(kind: str) -> Callable[[str], str]:
    """A setting of the embedded Studio's clock: its ``skew``, ``drift`` or a ``step``.

    Kept as text for the Studio, which knows the limits of the values.
    """
    pattern, meaning = _CLOCK_SETTINGS[kind]

    def read(text: str) -> str:
        if re.fullmatch(pattern, text, re.ASCII) is None:
            raise ArgumentTypeError(f"{text!r} is not {meaning}")
        return text

    return read


def readable_file(text: str) -> str:
    """A file that can be read."""
    try:
        with Path(text).open("rb"):
            return text
    except OSError as error:
        raise ArgumentTypeError(f"cannot read {text!r}: {error.strerror}; name a file that exists") from error


def tasks_file(text: str) -> str:
    """A JSON file with a list of tasks, each with a title and a description."""
    try:
        tasks = json.loads(Path(readable_file(text)).read_text("utf-8"))
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is not JSON: {error}") from error
    usable = isinstance(tasks, list) and all(
        isinstance(task, dict) and isinstance(task.get("title"), str) and isinstance(task.get("description"), str)
        for task in tasks
    )
    if not usable or not tasks:
        raise ArgumentTypeError(f'{text!r} must hold a list such as [{{"title": "…", "description": "…"}}]')
    return text

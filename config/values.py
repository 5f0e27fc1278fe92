"""Readers of option values: each returns the value or says in one sentence what to write instead."""

from __future__ import annotations

import json
import math
from argparse import ArgumentTypeError
from collections.abc import Callable
from pathlib import Path

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

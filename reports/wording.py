"""How figures, verdicts and evidence read: the same words on the terminal, in Markdown and in HTML."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from locust_eventsource.measure.verdict_text import size_text
from reports.model import CheckRecord, Gap, Result, RowRecord

HEADLINES = {
    "pass": "Passed",
    "fail": "Failed",
    "inconclusive": "Inconclusive",
    "internal error": "Internal error",
    "not asked": "Not judged",
}
NOTHING = "\N{EN DASH}"
"""Stands where there is no figure."""
SYMBOLS = {"pass": "✓", "fail": "✗", "internal error": "✗", "inconclusive": "?", "unknown": "?", "not asked": NOTHING}
MAX_LISTED = 12
# A number of nanoseconds above this is a date (after 1973), below it a duration.
DATE_NS = 10**17

_IN_PARENTHESES = re.compile(r" \([^)]*\)")
_UNITS = ("_ns", "_us", "_s")
_MICRO = re.compile(r"(\d) us\b")
_FIRST_COLUMNS = (
    "what",
    "event_id",
    "event",
    "type",
    "task_id",
    "task",
    "title",
    "detail",
    "stream",
    "streams",
    "stream_count",
)


class Reason(NamedTuple):
    """A row or a check that stands against the verdict."""

    verdict: str
    subject: str
    text: str


class Measured(NamedTuple):
    """A measured figure and what stands beside it: the maximum, the lost, part and total."""

    figure: str
    beside: str


class Offender(NamedTuple):
    """One offender: a sentence, and labelled texts about the event, the streams and the times."""

    what: str
    event: list[tuple[str, str]]
    streams: list[tuple[str, str]]
    times: list[tuple[str, str]]
    again: str
    """The line that looks again; empty when there is none."""


def headline(result: Result) -> str:
    """The verdict in a word or two."""
    return headline_of(result.verdict.result)


def headline_of(verdict: str) -> str:
    """A run's verdict, as ``VerdictOfRun.result`` has it, in a word or two."""
    return HEADLINES.get(verdict, plain(verdict))


def symbol(verdict: str) -> str:
    """A sign that carries the verdict without its colour."""
    return SYMBOLS.get(verdict, "?")


def reasons(result: Result) -> list[Reason]:
    """Every row and check that stands against the verdict, in words: failures first, then what is open."""
    rows = [Reason(row.verdict, plain(row.expression), _why(row)) for row in result.rows]
    found = rows + [Reason(check.verdict, plain(check.name), plain(check.summary)) for check in result.checks]
    failed = [reason for reason in found if reason.verdict == "fail"]
    return failed + [reason for reason in found if reason.verdict in ("inconclusive", "unknown")]


def identity(result: Result) -> str:
    """The identity of the deliveries: expected = delivered + lost."""
    tally = result.deliveries
    return f"{count(tally.expected)} expected = {count(tally.delivered)} delivered + {count(tally.lost)} lost"


def duration(microseconds: float | None) -> str:
    """Microseconds as µs, ms or s, three digits. Never: the rank falls among lost events."""
    if microseconds is None or math.isnan(microseconds):
        return NOTHING
    if math.isinf(microseconds):
        return "never"
    for limit, divisor, unit in ((1e3, 1.0, "µs"), (1e6, 1e3, "ms")):
        if abs(microseconds) < limit * 0.9995:
            return f"{_three_digits(microseconds / divisor)} {unit}"
    return f"{_three_digits(microseconds / 1e6)} s"


def milliseconds(value: float | None) -> str:
    """Locust's milliseconds in the same form as every other duration."""
    return duration(None if value is None else value * 1000)


def seconds(value: float | None) -> str:
    """A moment or a span in seconds, to the millisecond where that matters."""
    if value is None:
        return NOTHING
    return f"{value:,.3f} s" if abs(value) < 100 else f"{value:,.1f} s"


def size(value: int | None) -> str:
    """An amount of bytes in the unit that fits."""
    return NOTHING if value is None else size_text(value)


def span(value: float) -> str:
    """How long something took, in the two units that matter."""
    if value < 99.95:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def figure(text: str) -> str:
    """A measured figure in words, with the sign for micro that the rest of the report has."""
    return _MICRO.sub(r"\1 µs", plain(text))


def gap_summary(gaps: list[Gap]) -> str:
    """How many streams were without a connection, and for how long at worst."""
    streams = len({gap.stream for gap in gaps})
    never = sum(gap.to_s is None for gap in gaps)
    longest = max((gap.to_s - gap.from_s for gap in gaps if gap.to_s is not None), default=None)
    parts = [f"{len(gaps)} gaps on {streams} streams"]
    parts += [f"the longest {seconds(longest)}"] if longest is not None else []
    parts += [f"{never} never closed"] if never else []
    return ", ".join(parts) + "."


def measured(text: str) -> Measured:
    """The figure itself, and what ``measure.verdicts`` puts beside it in parentheses."""
    head, _, rest = figure(text).partition(" (")
    return Measured(head, rest.removesuffix(")"))


def margin(text: str) -> str:
    """A margin without its share and the words that a column of margins need not repeat."""
    short = _IN_PARENTHESES.sub("", figure(text)).removesuffix(" the limit")
    return short.replace(" percentage points", " % points")


def count(value: float) -> str:
    """A whole number with its thousands apart."""
    return f"{value:,.0f}"


def share(part: int, whole: int) -> str:
    """A part in percent; never rounded to 0 % or 100 % when it is not."""
    if not whole:
        return NOTHING
    if part in (0, whole):
        return "100 %" if part else "0 %"
    percent = min(max(100 * part / whole, 0.01), 99.99)
    return f"{percent:.2f} %"


def offenders(check: CheckRecord, started_ns: int) -> list[Offender]:
    """The offenders one by one: what is wrong, and the rest in the three groups that a reader looks for."""
    return [_offender(each, started_ns) for each in check.offenders]


def plain(text: object) -> str:
    """Text on one line without control or direction characters, which could rewrite a terminal or hide text."""
    return "".join(" " if _is_hidden(character) else character for character in str(text)).strip()


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _offender(offender: Mapping[str, object], started_ns: int) -> Offender:
    groups: dict[str, list[tuple[str, str]]] = {"event": [], "streams": [], "times": []}
    for key in sorted(offender, key=_place):
        value = offender[key]
        if key not in ("what", "again") and value not in (None, "", []):
            groups[_group(key)].append((_label(key), _cell(key, value, started_ns)))
    what, again = (plain(offender.get(key) or "") for key in ("what", "again"))
    return Offender(what or plain(offender.get("type") or ""), **groups, again=again)


def _place(key: str) -> int:
    return _FIRST_COLUMNS.index(key) if key in _FIRST_COLUMNS else len(_FIRST_COLUMNS)


def _group(key: str) -> str:
    if key.startswith("stream"):
        return "streams"
    return "times" if key.endswith(_UNITS) else "event"


def _why(row: RowRecord) -> str:
    # What was measured of the tester is a sentence, too, and the reason repeats the part of it that counts.
    if row.metric == "tester" and row.reason:
        return figure(row.reason)
    return ", ".join(part for part in (figure(row.measured_text), figure(row.reason)) if part)


def _three_digits(value: float) -> str:
    digits = 0 if abs(value) >= 99.95 else 1 if abs(value) >= 9.995 else 2
    return f"{value:,.{digits}f}"


def _label(key: str) -> str:
    for unit in _UNITS:
        key = key.removesuffix(unit)
    return plain(key).replace("_", " ")


def _cell(key: str, value: object, started_ns: int) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, (list, tuple)):
        return _listed(_cell(key, item, started_ns) for item in value)
    if isinstance(value, Mapping):
        return _listed(f"{plain(name)}: {_cell(str(name), item, started_ns)}" for name, item in value.items())
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _number(key, value, started_ns)
    return plain(value)


def _number(key: str, value: float, started_ns: int) -> str:
    if key.endswith("_ns"):
        return seconds((value - started_ns) / 1e9) if abs(value) > DATE_NS else duration(value / 1e3)
    if key.endswith("_us"):
        return duration(value)
    if key.endswith("_s"):
        return seconds(float(value))
    return str(value)


def _listed(items: Iterable[str]) -> str:
    texts = list(items)
    more = len(texts) - MAX_LISTED
    return ", ".join(texts[:MAX_LISTED]) + (f" and {more} more" if more > 0 else "")

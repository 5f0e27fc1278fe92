"""The words of a threshold expression, each with its position; what they mean is in ``thresholds``.

    threshold   = metric [ "{" type "}" ] ":" aggregation operator number [ unit ]
    metric      = letter { letter | digit | "_" }
    type        = one or more characters other than "{", "}", line ends and controls
    aggregation = "p" "(" number ")" | name             ; max, min, avg, count, rate
    operator    = "<" | "<=" | ">" | ">=" | "==" | "!="
    number      = digit { digit } [ "." digit { digit } ]
    unit        = letter { letter } | "%"               ; us, ms, s, %

White space is allowed between any two of these.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Final, NamedTuple

from locust_eventsource.errors import Misuse

EXAMPLE: Final = "delivery:p(99)<50ms"


class ThresholdSyntaxError(Misuse):
    """A threshold expression is wrong; the message is one line with the position and a right example.

    ``position`` counts characters from 1.
    """

    def __init__(self, text: str, position: int, problem: str, example: str = EXAMPLE) -> None:
        shown = json.dumps(text, ensure_ascii=False)
        super().__init__(f"threshold {shown}: {problem} at position {position}; for example: {example}")
        self.position = position


class Word(NamedTuple):
    """A part of the expression and its position, counted from 1."""

    text: str
    position: int


class Parts(NamedTuple):
    """The expression taken apart. ``type`` and ``percentile`` are None where they are not written."""

    metric: Word
    type: Word | None
    aggregation: Word
    percentile: Decimal | None
    operator: Word
    number: Decimal
    number_position: int
    unit: Word


_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_TYPE: Final = re.compile(r"[^{}\x00-\x1f\x7f\x85\u2028\u2029]+")
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_OPERATOR: Final = re.compile(r"[<>]=?|[=!]=")
_UNIT: Final = re.compile(r"[A-Za-z]+|%|")


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def find(self, pattern: re.Pattern[str]) -> Word | None:
        self.at = len(self.text) - len(self.text[self.at :].lstrip())
        match = pattern.match(self.text, self.at)
        if match is None:
            return None
        word = Word(match.group(), self.at + 1)
        self.at = match.end()
        return word

    def need(self, pattern: re.Pattern[str], what: str) -> Word:
        word = self.find(pattern)
        if word is None:
            raise ThresholdSyntaxError(self.text, self.at + 1, f"{what} is missing")
        return word

    def sign(self, sign: str) -> None:
        self.need(re.compile(re.escape(sign)), f'"{sign}"')

    def finds(self, sign: str) -> bool:
        return self.find(re.compile(re.escape(sign))) is not None


def take_apart(text: str) -> Parts:
    """Split an expression into its words. Raises ThresholdSyntaxError."""
    scan = _Scanner(text)
    metric = scan.need(_NAME, "a metric")
    type_ = _type(scan)
    scan.sign(":")
    aggregation = scan.need(_NAME, "an aggregation such as p(99), max or count")
    percentile = _percentile(scan) if aggregation.text == "p" else None
    operator = scan.need(_OPERATOR, "an operator (<, <=, >, >=, == or !=)")
    number = scan.need(_NUMBER, "a number")
    unit = scan.need(_UNIT, "a unit")
    end = scan.need(re.compile(r"(?s).*"), "the end")
    if end.text:
        raise ThresholdSyntaxError(text, end.position, f"{json.dumps(end.text, ensure_ascii=False)} is too much")
    return Parts(metric, type_, aggregation, percentile, operator, Decimal(number.text), number.position, unit)


def _type(scan: _Scanner) -> Word | None:
    if not scan.finds("{"):
        return None
    word = scan.need(_TYPE, "an event type")
    scan.sign("}")
    return Word(word.text.strip(), word.position)


def _percentile(scan: _Scanner) -> Decimal:
    scan.sign("(")
    word = scan.need(_NUMBER, "a percentile")
    scan.sign(")")
    value = Decimal(word.text)
    if not 0 < value <= 100:
        raise ThresholdSyntaxError(scan.text, word.position, f"the percentile {word.text} is not above 0 and up to 100")
    return value

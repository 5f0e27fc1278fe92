"""How a service behaves at the limit of the streams that it holds: whom it refuses, how, and who suffers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

from studio.verify.findings import Check, Finding, failed, passed, unknown
from studio.verify.wire import OVER, End

REFUSED: Final = "limits.refused"
ENFORCED: Final = "limits.enforced"
UNHARMED: Final = "limits.unharmed"

CHECKS: Final = (
    Check(
        name=REFUSED,
        holds="a stream too many was refused with 429 or 503, a reason and Retry-After",
        promise="the first stream that the service did not take was answered with 429 or 503, with words in the body "
        "and with a Retry-After that says when to come back",
        blind="limits above `--probe-streams`: without a refusal the check is not made",
        unknown="where no answer came from a service that had missed its targets before: that is load, no limit",
    ),
    Check(
        name=ENFORCED,
        holds="the service held as many streams as `--stream-limit` says, and no more",
        promise="with the run's own other streams counted, the limit that was stated was reached and not passed",
        blind="streams that other people or other processes of the run hold, for which a refusal may be early; it is "
        "made only when `--stream-limit` states the limit",
        unknown="a refusal before the limit while other processes of the run held streams, or the run ended first",
    ),
    Check(
        name=UNHARMED,
        holds="streams that were open at a limit stayed open and lost nothing",
        promise="each stream of the probe, and of the other users of its process, that was open before its last "
        "attempt was still open after it, and those of the probe got the events of its tasks from before and after it",
        blind="harm that comes later than the last of those events, and to streams of other processes",
        unknown="never",
    ),
)

_FULL: Final = (429, 503)
"""Too Many Requests (RFC 6585, 4) and Service Unavailable (RFC 9110, 15.6.4)."""
_NAMED: Final = 5
_SHOWN: Final = 200


class Attempt(NamedTuple):
    """The first stream that was not held."""

    number: int
    """Which one it was, from 1 on, of those that the probe asked for."""
    others: int
    """Streams that the run held beside the probe's."""
    waited_s: float
    """From before the connect until it was over, or given up."""
    problem: str = ""
    """Why no connection came about; empty when there was one."""
    status: int | None = None
    """Of the answer; None without one."""
    retry_after: str | None = None
    body: str = ""
    """Of an answer that is no stream."""
    end: End = "open"
    silent_for: int = 0
    """How many events the streams before it got after it was accepted, and it did not."""


class HeldStream(NamedTuple):
    """A stream at the end of the probe that was open before its last attempt."""

    name: str
    """Such as ``stream 3 of the probe``."""
    end: str
    """How it ended, in a word or two; ``open`` while it has not."""
    ended_after_s: float | None
    """Seconds from the last attempt to its end; None while it is open."""
    owed: int = 0
    """How many events of the probe's tasks it should have."""
    missing: Sequence[str] = ()
    """The titles of those tasks whose creation it was not told."""


def refused(attempt: Attempt, overloaded: str = "") -> Finding:
    """Whether the refusal was one that a client can understand and act upon.

    ``overloaded`` says how the service fared before, where it missed its targets: then silence is no refusal.
    """
    wrong = refusal_problems(attempt)
    if not wrong:
        return passed(REFUSED)
    if overloaded and attempt.status is None and attempt.end == "open":
        return unknown(REFUSED, f"no answer came, and the service was behind before: {overloaded}")
    what = f"stream {attempt.number} of the probe ({attempt.others} others were open): {' and '.join(wrong)}"
    return failed(REFUSED, what, **_shown(attempt))


def refusal_problems(attempt: Attempt) -> list[str]:
    """What is wrong with a refusal, in words."""
    if attempt.problem:
        return [f"no connection came about: {attempt.problem}"]
    if attempt.status is None:
        return [_without_answer(attempt)]
    if attempt.status == 200:
        return [f"it was accepted with 200 and got none of the {attempt.silent_for} events that came meanwhile"]
    if attempt.status not in _FULL:
        return [f"it was answered {attempt.status}, where 429 or 503 says that there is no room: {_body(attempt)}"]
    wrong = [] if attempt.body.strip() else [f"the {attempt.status} carries no reason in its body"]
    if attempt.retry_after is None:
        wrong.append(f"the {attempt.status} carries no Retry-After")
    elif not _is_retry_after(attempt.retry_after):
        wrong.append(f"its Retry-After {attempt.retry_after!r} is neither seconds nor a date (RFC 9110, 10.2.3)")
    return wrong


def how(attempt: Attempt) -> str:
    """How the stream was refused, in a few words."""
    if attempt.status in _FULL:
        return f"refused with {attempt.status} ({_body(attempt)})"
    return refusal_problems(attempt)[0]


def _without_answer(attempt: Attempt) -> str:
    if attempt.end == "reset":
        return "its connection was reset without an answer"
    if attempt.end in OVER:
        return "its connection was closed without an answer"
    if attempt.end == "malformed":
        return "its answer was no valid HTTP"
    return f"it got no answer within {attempt.waited_s:.1f} s: the service let it hang"


def _is_retry_after(text: str) -> bool:
    if re.fullmatch(r"\d{1,9}", text.strip(), re.ASCII):
        return True
    try:
        parsedate_to_datetime(text)
    except ValueError:
        return False
    return True


def _body(attempt: Attempt) -> str:
    return attempt.body.strip()[:_SHOWN] or "without a word"


def _shown(attempt: Attempt) -> dict[str, object]:
    return attempt._asdict() | {"body": attempt.body[:_SHOWN], "again": 'curl -i -N --max-time 5 "$HOST/api/events"'}


def enforced(
    limit: int, held: int, others_least: int, others_most: int, *, refused_next: bool, all_known: bool
) -> Finding:
    """Whether a stated limit holds: ``held`` streams of the probe beside the run's others, whose number may vary.

    ``all_known``: no other process of the run can hold streams that are not counted.
    """
    evidence: dict[str, object] = {"limit": limit, "held": held, "others": [others_least, others_most]}
    total = f"{held} of the probe and {others_least} others"
    if held + others_least > limit:
        what = f"the service is to hold {limit} streams, and held {held + others_least} at the same time ({total})"
        return failed(ENFORCED, what, **evidence)
    if not refused_next:
        return unknown(ENFORCED, f"the probe ended at {held + others_most} streams, before the limit of {limit}")
    if held + others_most >= limit:
        return passed(ENFORCED)
    what = f"the service is to hold {limit} streams, and refused one more than {held + others_most} ({total})"
    if not all_known:
        return unknown(ENFORCED, f"{what}; other processes of the run held streams, too")
    return failed(ENFORCED, what, **evidence)


def unharmed(stream: HeldStream, *, after: str) -> Finding:
    """Whether an open stream outlived what the probe did last: ``after`` says what that was."""
    evidence: dict[str, object] = {"stream": stream.name, "end": stream.end, "ended_after_s": stream.ended_after_s}
    if stream.ended_after_s is not None:
        when = f"{stream.ended_after_s:.3f} s after" if stream.ended_after_s >= 0 else "before"
        return failed(UNHARMED, f"{stream.name} was open and ended ({stream.end}) {when} {after}", **evidence)
    if stream.missing:
        what = (
            f"{stream.name} stayed open over {after} and lost {len(stream.missing)} of {stream.owed} events: "
            f"the creation of {', '.join(stream.missing[:_NAMED])}"
        )
        return failed(UNHARMED, what, missing=list(stream.missing[:_NAMED]), **evidence)
    return passed(UNHARMED)

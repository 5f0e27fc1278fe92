"""What must hold of a session's activity: whole, the same for every reader, and true about the outcome."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final, NamedTuple

from studio.contract import SessionStatus
from studio.verify.findings import Check, Finding, failed, passed, unknown
from studio.verify.readings import Comparison, Deviation, Reading

CHECKS: Final = (
    Check(
        name="activity.complete",
        holds="every session's activity was not empty and ended with `finished`",
        promise="a reader that joined at the start of each session got messages, `finished` once, and nothing after it",
        blind="messages that no reader got: ids of an activity stream close up over a hole",
        unknown="never",
    ),
    Check(
        name="activity.agrees",
        holds="readers of one session that joined at different moments got the same messages in the same order",
        promise="each reader that joined while a session ran got its history from the first message on and every live "
        "message once, in the order in which the others got them",
        blind="messages that no reader of the session got, and moments at which no reader joined",
        unknown="when fewer than two readers got a session's activity to its end",
    ),
    Check(
        name="activity.rereads",
        holds="an activity that was read again after its end came whole and in the same order, however large",
        promise="each read after a session's end gave every message that any reader of the session got, once, in order",
        blind="what the service forgets later than the run",
        unknown="when nobody else got the session's activity to its end",
    ),
    Check(
        name="activity.refused",
        holds="the activity of a session that does not exist was refused",
        promise="an unknown session id was answered 404 with a JSON error, a malformed one 400, and no stream opened",
        blind="ids that the run did not try",
        unknown="when the service did not answer",
    ),
    Check(
        name="session.truthful",
        holds="`session.ended`, the activity's `finished` and REST said the same of each session's success, and truly",
        promise="all three said the same of each executed session's success, and none claimed success for a session "
        "whose activity shows no work",
        blind="whether the work that the activity shows is any good",
        unknown="when a session's end was not told by all three",
    ),
)

_SUCCESS: Final = {SessionStatus.COMPLETED: True, SessionStatus.FAILED: False, SessionStatus.ABORTED: False}


class Refusal(NamedTuple):
    """How the service answered a request for an activity that does not exist."""

    status: int
    """0 without an answer."""
    content_type: str
    body: str
    """Empty for a stream, which is not read."""


class Outcome(NamedTuple):
    """What was said of one session's end."""

    ended: bool | None
    """``success`` of `session.ended` on the global stream; None when it was not told."""
    finished: bool | None
    """``success`` of the activity's ``finished``; None when it was not told."""
    error: str
    """The error that ``finished`` names."""
    status: str
    """The session's status over REST; empty without an answer."""
    work: int
    """Messages of the activity that show work of the agent."""
    messages: int
    """All messages of the activity."""


def complete(reading: Reading, **ids: object) -> list[Finding]:
    """Judge one reading of a session's activity from its start; ``ids`` go into the evidence."""
    problem = _incomplete(reading)
    if not problem:
        return [passed("activity.complete")]
    return [failed("activity.complete", problem, **ids, types=dict(reading.types), error=reading.error)]


def _incomplete(reading: Reading) -> str:
    if not reading.finished:
        return f"the activity did not end with `finished`; it held {_messages(len(reading.digests))}"
    if len(reading.digests) == reading.finished:
        return "the activity held nothing but `finished`"
    if reading.finished > 1:
        return f"`finished` came {reading.finished} times"
    if reading.after_finished:
        return f"{_messages(reading.after_finished)} came after `finished`"
    return ""


def compared(live: Sequence[Reading], late: Sequence[Reading], **ids: object) -> list[Finding]:
    """Judge the readings of one session: those that joined while it ran, and those after its end.

    ``activity.agrees`` is judged once for the live ones, ``activity.rereads`` once for each late one.
    """
    if len(live) + len(late) < 2:
        why = "fewer than two readers got a session's activity to its end"
        return [unknown("activity.agrees" if live else "activity.rereads", why, **ids)] if live or late else []
    comparison = Comparison(live, late)
    findings = [_reread(comparison, reading, ids) for reading in late]
    if live:
        findings.append(_agreement(comparison, live, ids))
    return findings


def _agreement(comparison: Comparison, live: Sequence[Reading], ids: dict[str, object]) -> Finding:
    deviations = [comparison.of(reading) for reading in comparison.readings if reading in live]
    deviating = [deviation for deviation in deviations if deviation]
    if not deviating:
        return passed("activity.agrees")
    return _deviates("activity.agrees", comparison, deviating[0], ids)


def _reread(comparison: Comparison, reading: Reading, ids: dict[str, object]) -> Finding:
    deviation = comparison.of(reading)
    return _deviates("activity.rereads", comparison, deviation, ids) if deviation else passed("activity.rereads")


def _deviates(check: str, comparison: Comparison, deviation: Deviation, ids: dict[str, object]) -> Finding:
    reading = deviation.reading
    digest = _first_wrong(deviation)
    had = [reader for reader in comparison.had(digest) if reader != reading.reader]
    return failed(
        check,
        f"{_who(comparison, reading)} {_difference(comparison, deviation, had)}: {comparison.excerpt(digest)}",
        **ids,
        message=comparison.excerpt(digest),
        position=comparison.place(digest),
        had_it=had,
        readers=[_reader(comparison, other) for other in comparison.readings],
    )


def _first_wrong(deviation: Deviation) -> int:
    if deviation.missing:
        return deviation.missing[0]
    return deviation.reading.digests[(deviation.doubled or deviation.moved)[0]]


def _who(comparison: Comparison, reading: Reading) -> str:
    after_ms = (reading.joined_ns - comparison.readings[0].joined_ns) / 1e6
    return f"{reading.reader}, which joined {after_ms:.0f} ms after {comparison.readings[0].reader},"


def _difference(comparison: Comparison, deviation: Deviation, had: list[str]) -> str:
    reading, missing, doubled, moved = deviation
    others, total = ", ".join(had), comparison.messages
    if missing:
        place = comparison.place(missing[0])
        if len(missing) == total - place:
            return f"got only the first {place} of {total} messages, of which {others} got more: number {place} is"
        run_on = "; its ids run on over the hole" if reading.gapless_ids else ""
        return f"lacks {len(missing)} of {total} messages, which {others} got{run_on}; number {place} is the first"
    if doubled:
        first = reading.digests.index(reading.digests[doubled[0]])
        return f"got {_messages(len(doubled))} twice, the first as number {first} and again as number {doubled[0]}"
    place = comparison.place(reading.digests[moved[0]])
    return (
        f"got {len(moved)} of {total} messages in another order than {comparison.fullest.reader}, the first as number "
        f"{moved[0]} instead of {place}"
    )


def _reader(comparison: Comparison, reading: Reading) -> dict[str, object]:
    deviation = comparison.of(reading)
    return {
        "reader": reading.reader,
        "joined_ns": reading.joined_ns,
        "messages": len(reading.digests),
        "characters": reading.characters,
        "missing": len(deviation.missing),
        "doubled": len(deviation.doubled),
        "moved": len(deviation.moved),
    }


def refused(session_id: str, refusal: Refusal, *, malformed: bool) -> list[Finding]:
    """Judge the answer for an activity that does not exist: of an unknown session, or of an id that is no UUID."""
    if not refusal.status:
        return [unknown("activity.refused", "the service did not answer", session_id=session_id)]
    expected = 400 if malformed else 404
    problem = _not_refused(refusal, expected)
    if not problem:
        return [passed("activity.refused")]
    kind = "a malformed" if malformed else "an unknown"
    what = f"the activity of {kind} session id was answered {problem}"
    return [failed("activity.refused", what, session_id=session_id, **refusal._asdict())]


def _not_refused(refusal: Refusal, expected: int) -> str:
    if refusal.status != expected:
        stream = " with an open stream" if "event-stream" in refusal.content_type else ""
        return f"{refusal.status}{stream} instead of {expected}"
    if expected == 404 and not _is_json_error(refusal.body):
        return f"{expected} without a JSON object that holds `error` and `message`"
    return ""


def _is_json_error(body: str) -> bool:
    try:
        document = json.loads(body)
    except ValueError:
        return False
    return isinstance(document, dict) and bool(document.get("error")) and bool(document.get("message"))


def truthful(outcome: Outcome, **ids: object) -> list[Finding]:
    """Judge what was said of one session's success."""
    if outcome.ended is None or outcome.finished is None or not outcome.status:
        untold = "a session's end was not told by the global stream, its activity and REST alike"
        return [unknown("session.truthful", untold, **ids, **outcome._asdict())]
    problem = _untrue(outcome)
    if not problem:
        return [passed("session.truthful")]
    return [failed("session.truthful", problem, **ids, **outcome._asdict())]


def _untrue(outcome: Outcome) -> str:
    rest = _SUCCESS.get(SessionStatus(outcome.status)) if outcome.status in set(SessionStatus) else None
    if not outcome.ended == outcome.finished == rest:
        return (
            f"session.ended says success {_word(outcome.ended)}, `finished` says success {_word(outcome.finished)}, "
            f"and REST says {outcome.status}"
        )
    if outcome.finished and outcome.error:
        return f"`finished` says success true and names an error: {outcome.error}"
    if outcome.finished and not outcome.work:
        return (
            f"success is claimed for a session whose activity shows no work: it holds "
            f"{_messages(outcome.messages)}, none of them the agent's"
        )
    return ""


def _word(success: bool | None) -> str:
    return str(success).lower()


def _messages(count: int) -> str:
    return f"{count} message{'s' * (count != 1)}"

"""One reading of an activity, the answer for one that does not exist, and what is said of a session's success."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from locust_eventsource.protocol.event_stream import EventStreamDecoder
from locust_eventsource.protocol.http_response import ResponseReader
from studio.verify import activity
from studio.verify.activity import Outcome, Refusal
from studio.verify.readings import Excerpts, Reading

_CAPTURES = os.environ.get("STUDIO_CAPTURES")
_OWN = Path(__file__).parent.parent / "recordings"
needs_captures = pytest.mark.skipif(
    not _CAPTURES, reason="STUDIO_CAPTURES is not set: name the folder of the service's recordings in it"
)

PROMPT = ("agent_message", '{"type":"agent_message","content":"Plan it","is_partial":true}')
SAID = ("agent_message", '{"type":"agent_message","content":"The plan","is_partial":false}')
STEP = ("step_start", '{"type":"step_start"}')
TOOL = ("tool_call", '{"type":"tool_call"}')
DONE = ("finished", '{"type":"finished","success":true,"error":null}')
FAILED = ("finished", '{"type":"finished","success":false,"error":"status code 500"}')


def reading(*messages: tuple[str, str]) -> Reading:
    taken = Reading("reader 1", 0, Excerpts())
    for position, (event_type, data) in enumerate(messages):
        taken.took(event_type, str(position), data)
    return taken


def recorded(path: Path, reader: str = "reader 1") -> Reading:
    """A recorded activity stream as one reader's reading."""
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    response, decoder = ResponseReader(), EventStreamDecoder()
    taken = Reading(reader, lines[0]["t_ns"], Excerpts())
    for line in lines:
        for event in decoder.feed(response.feed(line["b"].encode("latin-1"))):
            taken.took(event.type, event.last_event_id, event.data)
    return taken


@pytest.mark.parametrize(
    ("messages", "problem"),
    [
        ([PROMPT, DONE], ""),
        ([PROMPT, FAILED], ""),
        ([], "the activity did not end with `finished`; it held 0 messages"),
        ([PROMPT], "the activity did not end with `finished`; it held 1 message"),
        ([DONE], "the activity held nothing but `finished`"),
        ([DONE, DONE], "the activity held nothing but `finished`"),
        ([PROMPT, DONE, DONE], "`finished` came 2 times"),
        ([PROMPT, DONE, TOOL], "1 message came after `finished`"),
    ],
)
def test_an_activity_is_complete_when_it_holds_something_and_ends_once(
    messages: list[tuple[str, str]], problem: str
) -> None:
    (finding,) = activity.complete(reading(*messages), task_id="t")
    assert finding.check == "activity.complete"
    assert (finding.verdict, finding.what) == ("fail" if problem else "pass", problem)
    assert not problem or finding.evidence["task_id"] == "t"


@pytest.mark.parametrize(
    ("messages", "work"),
    [
        ([PROMPT, DONE], 0),
        ([PROMPT, STEP, DONE], 0),
        ([SAID, DONE], 1),
        ([PROMPT, PROMPT, DONE], 1),
        ([TOOL, PROMPT, DONE], 2),
        ([("agent_message", "no JSON"), DONE], 1),
        ([("agent_message", "[]"), DONE], 1),
    ],
)
def test_the_prompt_the_steps_and_the_end_are_no_work(messages: list[tuple[str, str]], work: int) -> None:
    assert reading(*messages).work == work


@pytest.mark.parametrize(
    ("finished", "success", "error"),
    [
        (DONE[1], True, ""),
        (FAILED[1], False, "status code 500"),
        ('{"success": "yes"}', None, ""),
        ("broken", None, ""),
    ],
)
def test_finished_tells_the_outcome_where_it_can_be_read(finished: str, success: bool | None, error: str) -> None:
    taken = reading(PROMPT, ("finished", finished))
    assert (taken.success, taken.error) == (success, error)


UNKNOWN_SESSION = '{"error":"not_found","message":"Session not found"}'


@pytest.mark.parametrize(
    ("refusal", "malformed", "problem"),
    [
        (Refusal(404, "application/json", UNKNOWN_SESSION), False, ""),
        (Refusal(400, "text/plain", "Invalid URL"), True, ""),
        (Refusal(200, "text/event-stream", ""), False, "an unknown session id was answered 200 with an open stream"),
        (Refusal(200, "application/json", "{}"), False, "an unknown session id was answered 200 instead of 404"),
        (Refusal(404, "text/plain", "Not Found"), False, "404 without a JSON object that holds `error` and `message`"),
        (Refusal(404, "application/json", "[]"), False, "404 without a JSON object"),
        (Refusal(404, "application/json", '{"error":"x"}'), False, "404 without a JSON object"),
        (Refusal(404, "application/json", '{"message":"x"}'), False, "404 without a JSON object"),
        (Refusal(500, "", ""), True, "a malformed session id was answered 500 instead of 400"),
    ],
)
def test_an_activity_that_does_not_exist_must_be_refused(refusal: Refusal, malformed: bool, problem: str) -> None:
    (finding,) = activity.refused("an-id", refusal, malformed=malformed)
    assert finding.check == "activity.refused"
    assert finding.verdict == ("fail" if problem else "pass")
    assert problem in finding.what
    assert not problem or finding.evidence["session_id"] == "an-id"


def test_no_answer_is_no_refusal_and_no_fault() -> None:
    (finding,) = activity.refused("an-id", Refusal(0, "", ""), malformed=False)
    assert (finding.verdict, finding.evidence) == ("unknown", {"session_id": "an-id"})


TRUE = Outcome(ended=True, finished=True, error="", status="completed", work=5, messages=9)
FALSE = Outcome(ended=False, finished=False, error="status code 500", status="failed", work=0, messages=2)


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (TRUE, ""),
        (FALSE, ""),
        (FALSE._replace(status="aborted"), ""),
        (TRUE._replace(work=1), ""),
        (
            FALSE._replace(ended=True),
            "session.ended says success true, `finished` says success false, and REST says failed",
        ),
        (TRUE._replace(finished=False), "session.ended says success true, `finished` says success false"),
        (TRUE._replace(status="failed"), "and REST says failed"),
        (TRUE._replace(status="running"), "and REST says running"),
        (FALSE._replace(status="of late"), "and REST says of late"),
        (TRUE._replace(error="status code 400"), "`finished` says success true and names an error: status code 400"),
        (TRUE._replace(work=0), "success is claimed for a session whose activity shows no work: it holds 9 messages"),
    ],
)
def test_all_must_say_the_same_of_success_and_say_it_truly(outcome: Outcome, problem: str) -> None:
    (finding,) = activity.truthful(outcome, session_id="s")
    assert finding.check == "session.truthful"
    assert finding.verdict == ("fail" if problem else "pass")
    assert problem in finding.what
    assert not problem or (finding.evidence["session_id"], finding.evidence["status"]) == ("s", outcome.status)


@pytest.mark.parametrize("outcome", [TRUE._replace(ended=None), TRUE._replace(finished=None), TRUE._replace(status="")])
def test_an_end_that_not_all_have_told_cannot_be_judged(outcome: Outcome) -> None:
    assert activity.truthful(outcome)[0].verdict == "unknown"


def test_every_recorded_lifecycle_has_whole_activities_that_show_work() -> None:
    paths = sorted(_OWN.glob("lifecycle-*-activity-*.jsonl"))
    assert paths
    for path in paths:
        taken = recorded(path)
        assert activity.complete(taken)[0].verdict == "pass", path
        assert (taken.success, taken.gapless_ids) == (True, True), path
        assert taken.work > 10, path


@needs_captures
def test_the_recorded_lifecycles_of_the_service_are_complete() -> None:
    paths = sorted(Path(str(_CAPTURES)).glob("lifecycle-*-activity-*.jsonl"))
    assert len(paths) == 6
    for path in paths:
        taken = recorded(path)
        assert activity.complete(taken)[0].verdict == "pass", path
        assert (taken.success, taken.gapless_ids) == (True, True), path
        assert taken.work > 10, path


@needs_captures
def test_a_refused_prompt_leaves_nothing_but_finished() -> None:
    taken = recorded(Path(str(_CAPTURES)) / "defect-prompt500-activity.jsonl")
    (finding,) = activity.complete(taken)
    assert (finding.verdict, finding.what) == ("fail", "the activity held nothing but `finished`")
    assert finding.evidence["error"] == "error in response: status code 500 Internal Server Error"
    assert (taken.success, taken.work) == (False, 0)


@needs_captures
def test_the_one_message_that_a_late_joiner_lost_is_named() -> None:
    folder = Path(str(_CAPTURES))
    whole = recorded(folder / "defect-iii-gap-complete.jsonl", "reader 1")
    holed = recorded(folder / "defect-iii-gap-missing-one.jsonl", "reader 2")
    (finding,) = activity.compared([whole, holed], [])
    assert (finding.check, finding.verdict) == ("activity.agrees", "fail")
    assert finding.what.startswith(
        "reader 2, which joined 315 ms after reader 1, lacks 1 of 904 messages, which reader 1 got; its ids run on "
        "over the hole; number 317 is the first: "
        '{"type":"agent_message","id":"prt_a","content":"315 xxxxxxxxxxxxxxxxxxxx"'
    )
    assert finding.evidence["had_it"] == ["reader 1"]
    assert activity.complete(holed)[0].verdict == "pass"

"""Returns with a Last-Event-ID: what joins, what is missing, doubled, out of turn, out of the filter, or untold."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from studio.verify.findings import CheckVerdict, Finding
from studio.verify.replay import (
    COMPLETE,
    EXACT,
    FILTERED,
    ORDERED,
    TOLD,
    Notice,
    Promise,
    Return,
    Seen,
    command,
    judge,
)

ASKED_NS = 55
"""In a world in which event ``eN`` reached the witness at 10 N: e1 to e5 were out before the stream asked again."""

Verdicts = dict[str, CheckVerdict]
GOOD: Verdicts = {COMPLETE: "pass", EXACT: "pass", ORDERED: "pass"}


def seen(*numbers: int, task: str = "") -> list[Seen]:
    """Events by number; an even one is about task ``even``, an odd one about ``odd``."""
    return [Seen(f"e{n}", "task.created", task or ("odd", "even")[n % 2 == 0], 10 * n) for n in numbers]


def back(
    came: Iterable[Seen],
    *,
    had: Iterable[Seen] = tuple(seen(1, 2)),
    witness: Iterable[Seen] = tuple(seen(*range(1, 8))),
    last_event_id: str = "e2",
    group: frozenset[str] | None = None,
    promise: Promise = "replay",
    notice: Notice | None = None,
    doubt: str = "",
    asked_ns: int = ASKED_NS,
) -> Return:
    """A return of a stream that had e1 and e2, while the witness got e1 to e7."""
    return Return(
        "reset",
        promise,
        last_event_id,
        group,
        4711,
        asked_ns,
        list(witness),
        list(had),
        list(came),
        notice,
        doubt,
    )


def verdicts(findings: list[Finding]) -> Verdicts:
    """Verdict by check; no check speaks twice."""
    by_check = {finding.check: finding.verdict for finding in findings}
    assert len(by_check) == len(findings)
    return by_check


def of(check: str, findings: list[Finding]) -> Finding:
    """The finding of a check."""
    return next(finding for finding in findings if finding.check == check)


def test_a_replay_that_joins_the_live_events_passes() -> None:
    assert verdicts(judge(back(seen(3, 4, 5, 6, 7)))) == GOOD


def test_two_events_are_enough_to_have_an_order_and_one_is_not() -> None:
    def with_witness(*numbers: int) -> Verdicts:
        return verdicts(judge(back(seen(*numbers), witness=seen(1, 2, *numbers))))

    assert with_witness(3, 4)[ORDERED] == "pass"
    assert ORDERED not in with_witness(3)


def test_a_hole_is_named_with_what_was_out_before_the_stream_asked() -> None:
    findings = judge(back(seen(3, 5, 7)))
    assert verdicts(findings) == {**GOOD, COMPLETE: "fail"}
    hole = of(COMPLETE, findings)
    assert hole.what == (
        "reset: 2 of 5 events after the acknowledged one came neither replayed nor live; "
        "1 of them were out before the stream asked again"
    )
    assert hole.evidence["missing"] == [event._asdict() for event in seen(4, 6)]
    assert hole.evidence["stream"] == 4711
    assert hole.evidence["came_count"] == 3
    assert hole.evidence["again"] == "curl -N -H 'Last-Event-ID: e2' \"$HOST/api/events\""


def test_an_event_out_at_the_very_moment_of_asking_is_not_counted_as_out_before() -> None:
    assert "; 0 of them" in of(COMPLETE, judge(back(seen(3, 4, 6, 7), asked_ns=50))).what
    assert "; 1 of them" in of(COMPLETE, judge(back(seen(3, 4, 6, 7), asked_ns=51))).what


def test_what_the_stream_had_is_not_owed_again_although_the_witness_had_it_later() -> None:
    assert verdicts(judge(back(seen(4, 5, 6, 7), had=seen(1, 3, 2)))) == GOOD


def test_nothing_can_be_said_of_completeness_when_nothing_happened_meanwhile() -> None:
    findings = judge(back(seen(3, 4), witness=seen(1, 2, 3, 4), asked_ns=30))
    assert verdicts(findings) == {**GOOD, COMPLETE: "unknown"}
    assert "nothing happened" in of(COMPLETE, findings).what
    assert verdicts(judge(back(seen(3, 4), witness=seen(1, 2, 3, 4), asked_ns=31))) == GOOD


def test_doubles_are_counted_by_id_and_the_acknowledged_event_is_named() -> None:
    findings = judge(back([*seen(1), *seen(2) * 3, *seen(3) * 2, *seen(4, 5, 6, 7)]))
    assert verdicts(findings) == {**GOOD, EXACT: "fail"}
    double = of(EXACT, findings)
    assert double.what == (
        "reset: 10 events came for 5 that the stream had missed, 3 of them more often than they should; "
        "the acknowledged event itself came again, 3 times"
    )
    assert double.evidence["times"] == {"e2": 3, "e3": 2, "e1": 1}
    assert double.evidence["acknowledged_again"] == 3


def test_the_acknowledged_event_comes_again_even_if_the_stream_is_not_known_to_have_had_it() -> None:
    double = of(EXACT, judge(back(seen(2, 3, 4, 5, 6, 7), had=[])))
    assert double.verdict == "fail"
    assert "6 events came for 5" in double.what
    assert double.what.endswith("came again, once")


def test_a_double_without_the_acknowledged_event_does_not_speak_of_it() -> None:
    double = of(EXACT, judge(back(seen(3, 3, 4, 5, 6, 7))))
    assert double.verdict == "fail"
    assert "acknowledged" not in double.what


def test_a_buffer_that_every_client_fills_is_suspected_only_where_all_of_the_replay_is_doubled() -> None:
    def suspected(came: list[Seen], asked_ns: int = ASKED_NS) -> bool:
        return "every connected client" in of(EXACT, judge(back(came, asked_ns=asked_ns))).what

    assert suspected([*seen(2, 3, 3, 4, 4, 5, 5), *seen(6, 7)])
    assert not suspected([*seen(2, 3, 3, 4, 5, 5), *seen(6, 7)])
    assert not suspected([*seen(3, 3, 4, 4, 5, 5), *seen(6, 7)])
    assert not suspected(seen(2, 6, 7))
    assert suspected([*seen(2, 3, 3)])
    assert suspected(seen(2, 3, 3, 4, 4, 5, 6, 7), asked_ns=50)
    assert not suspected(seen(2, 3, 3, 4, 4, 5, 6, 7), asked_ns=51)


def test_an_order_other_than_the_witness_s_is_named_with_both_events() -> None:
    findings = judge(back(seen(3, 5, 4, 6, 7)))
    assert verdicts(findings) == {**GOOD, ORDERED: "fail"}
    assert of(ORDERED, findings).what.startswith("reset: task.created e4 came after task.created e5, which")


def test_doubles_and_events_of_before_do_not_disturb_the_order() -> None:
    came = [*seen(3, 4, 3, 4, 1, 2, 5, 6, 7)]
    assert verdicts(judge(back(came)))[ORDERED] == "pass"
    twice = [*seen(1, 2, 3, 4, 5), *seen(3), *seen(6, 7)]
    assert verdicts(judge(back(seen(3, 4, 5, 6, 7), witness=twice)))[ORDERED] == "pass"


def test_a_filtered_replay_owes_its_tasks_only() -> None:
    group = frozenset({"odd"})
    findings = judge(back(seen(3, 5, 7), had=seen(1), last_event_id="e1", group=group))
    assert verdicts(findings) == {**GOOD, FILTERED: "pass"}
    assert of(COMPLETE, judge(back(seen(3, 7), had=seen(1), last_event_id="e1", group=group))).what.startswith(
        "reset: 1 of 3 events"
    )


def test_a_replay_that_ignores_the_filter_is_named_with_the_strangers() -> None:
    findings = judge(back(seen(2, 3, 4, 4, 5, 7), had=seen(1), last_event_id="e1", group=frozenset({"odd"})))
    assert verdicts(findings) == {**GOOD, EXACT: "fail", FILTERED: "fail"}
    strangers = of(FILTERED, findings)
    assert strangers.what == (
        "reset: the replay of a stream filtered by ?task_ids= held 2 events of other tasks, such as task.created e2"
    )
    assert strangers.evidence["strangers"] == [event._asdict() for event in seen(2, 4)]
    assert strangers.evidence["again"] == "curl -N -H 'Last-Event-ID: e1' \"$HOST/api/events?task_ids=odd\""


def test_live_events_outside_the_filter_are_not_the_replay_s_fault() -> None:
    came = seen(3, 5, 6, 7)
    findings = judge(back(came, had=seen(1), last_event_id="e1", group=frozenset({"odd"}), asked_ns=60))
    assert verdicts(findings)[FILTERED] == "pass"
    assert verdicts(judge(back(came, had=seen(1), group=frozenset({"odd"}), last_event_id="e1", asked_ns=61)))[
        FILTERED
    ] == ("fail")


def test_a_filter_is_not_tried_where_no_other_task_had_an_event() -> None:
    findings = judge(
        back(
            seen(3, 5), had=seen(1), witness=seen(1, 3, 5, 6), last_event_id="e1", group=frozenset({"odd"}), asked_ns=60
        )
    )
    assert verdicts(findings) == {**GOOD, FILTERED: "unknown"}


def test_events_of_no_task_pass_every_filter() -> None:
    project = [Seen("p", "project.opened", "", 45)]
    witness = [*seen(1, 2, 3, 4), *project, *seen(5)]
    with_it = [*seen(3), *project, *seen(5)]
    group = frozenset({"odd"})
    assert verdicts(judge(back(with_it, had=seen(1), witness=witness, last_event_id="e1", group=group))) == {
        **GOOD,
        FILTERED: "pass",
    }
    assert (
        verdicts(judge(back(seen(3, 5), had=seen(1), witness=witness, last_event_id="e1", group=group)))[COMPLETE]
        == "fail"
    )


def test_notices_that_the_witness_got_itself_are_owed_to_nobody() -> None:
    notice = [Seen("n", "replay.unavailable", "", 35)]
    assert verdicts(judge(back(seen(3, 4, 5, 6, 7), witness=[*seen(1, 2, 3), *notice, *seen(4, 5, 6, 7)]))) == GOOD


@pytest.mark.parametrize("last_event_id", ["never-given-out", ""])
def test_silence_about_an_id_that_cannot_be_replayed_from_fails(last_event_id: str) -> None:
    findings = judge(back(seen(7), last_event_id=last_event_id, promise="notice"))
    assert verdicts(findings) == {TOLD: "fail"}
    assert findings[0].what == (
        f"reset: the stream asked with Last-Event-ID {last_event_id!r} and was not told that nothing can be replayed "
        "from it: it got no first event replay.unavailable, but task.created e7"
    )
    assert "but nothing" in judge(back([], promise="notice"))[0].what


def test_a_first_event_that_says_so_passes_if_it_names_the_id_and_a_reason() -> None:
    def told(last_event_id: str, reason: str) -> Verdicts:
        notice = Notice(last_event_id, reason)
        return verdicts(judge(back(seen(7), last_event_id="x", promise="notice", notice=notice)))

    assert told("x", "unknown") == {TOLD: "pass"}
    assert told("y", "unknown") == {TOLD: "fail"}
    assert told("x", "") == {TOLD: "fail"}
    findings = judge(back(seen(7), last_event_id="x", promise="notice", notice=Notice("y", "unknown")))
    assert "names 'y' and the reason 'unknown'" in findings[0].what


def test_a_service_that_cannot_replay_a_fresh_id_and_says_so_leaves_completeness_open() -> None:
    findings = judge(back(seen(7), notice=Notice("e2", "unknown")))
    assert verdicts(findings) == {TOLD: "pass", COMPLETE: "unknown"}
    assert "cannot replay: unknown" in of(COMPLETE, findings).what


def test_an_id_as_old_as_the_buffer_is_replayed_whole_or_answered_with_a_word() -> None:
    whole, silent = back(seen(3, 4, 5, 6, 7), promise="either"), back(seen(6, 7), promise="either")
    told = back(seen(7), promise="either", notice=Notice("e2", "unknown"))
    assert verdicts(judge(whole)) == {TOLD: "pass", EXACT: "pass", ORDERED: "pass"}
    assert verdicts(judge(silent))[TOLD] == "fail"
    assert judge(silent)[0].what.endswith(
        "it got no first event replay.unavailable, and 3 of 5 events after it were not replayed"
    )
    assert verdicts(judge(told)) == {TOLD: "pass"}


@pytest.mark.parametrize(
    ("promise", "group", "names"),
    [
        ("replay", None, {COMPLETE, EXACT, ORDERED}),
        ("replay", frozenset({"odd"}), {COMPLETE, EXACT, ORDERED, FILTERED}),
        ("either", None, {TOLD, EXACT, ORDERED}),
        ("notice", None, {TOLD}),
    ],
)
def test_a_doubt_makes_everything_unknown_that_it_concerns(
    promise: Promise, group: frozenset[str] | None, names: set[str]
) -> None:
    findings = judge(back(seen(3, 3), promise=promise, group=group, doubt="the witness broke"))
    assert verdicts(findings) == dict.fromkeys(names, "unknown")
    assert {finding.what for finding in findings} == {"reset: the witness broke"}


def test_a_witness_without_the_acknowledged_event_is_no_witness() -> None:
    findings = judge(back(seen(3, 4), witness=seen(3, 4)))
    assert verdicts(findings) == dict.fromkeys((COMPLETE, EXACT, ORDERED), "unknown")
    assert "lacks the acknowledged event" in findings[0].what


def test_at_most_ten_events_are_named() -> None:
    many = seen(*range(3, 20))
    hole = of(COMPLETE, judge(back([], witness=[*seen(1, 2), *many])))
    assert hole.what.startswith("reset: 17 of 17")
    assert hole.evidence["missing"] == [event._asdict() for event in many[:10]]
    double = of(EXACT, judge(back([*many, *many, *many[3:4]], witness=[*seen(1, 2), *many])))
    times = double.evidence["times"]
    assert isinstance(times, dict)
    assert (len(times), next(iter(times.items()))) == (10, ("e6", 3))


def test_the_command_sends_an_empty_header_and_sorts_the_filter() -> None:
    assert command("", frozenset({"b", "a"})) == "curl -N -H 'Last-Event-ID;' \"$HOST/api/events?task_ids=a,b\""

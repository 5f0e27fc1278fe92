"""Readers of one session held against each other: what each lacks, has twice or has out of order."""

from __future__ import annotations

import itertools
import json
import random

import pytest

from studio.verify import activity
from studio.verify.findings import Finding
from studio.verify.readings import Comparison, Excerpts, Reading

MS = 1_000_000
MESSAGES = [f"message {number}" for number in range(10)]


def data(text: str) -> str:
    return json.dumps({"type": "agent_message", "content": text, "is_partial": True})


def read(texts: list[str], number: int = 1, *, excerpts: Excerpts, ids: list[int] | None = None) -> Reading:
    """What reader ``number``, which joined that many milliseconds after the epoch, got: these texts, then the end."""
    reading = Reading(f"reader {number}", number * MS, excerpts)
    for position, text in enumerate(texts):
        reading.took("agent_message", str(ids[position] if ids else position), data(text))
    reading.took("finished", str(len(texts)), '{"type":"finished","success":true,"error":null}')
    return reading


def readings(*several: list[str]) -> list[Reading]:
    excerpts = Excerpts()
    return [read(texts, number, excerpts=excerpts) for number, texts in enumerate(several, 1)]


def without(*positions: int) -> list[str]:
    return [text for position, text in enumerate(MESSAGES) if position not in positions]


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1
    return findings[0]


def deviation(reading: Reading, *others: Reading) -> tuple[int, int, int]:
    found = Comparison([reading, *others]).of(reading)
    return len(found.missing), len(found.doubled), len(found.moved)


def test_readers_that_got_the_same_agree_whenever_they_joined() -> None:
    live, late = readings(MESSAGES, MESSAGES, MESSAGES), readings(MESSAGES, MESSAGES)
    verdicts = [(finding.check, finding.verdict) for finding in activity.compared(live, late)]
    assert verdicts == [("activity.rereads", "pass")] * 2 + [("activity.agrees", "pass")]


def test_a_hole_between_history_and_live_is_named_with_who_joined_when() -> None:
    live = readings(MESSAGES, without(4), MESSAGES)
    finding = only(activity.compared(live, [], session_id="s"))
    assert (finding.check, finding.verdict) == ("activity.agrees", "fail")
    assert finding.what == (
        "reader 2, which joined 1 ms after reader 1, lacks 1 of 11 messages, which reader 1, reader 3 got; its ids run "
        f"on over the hole; number 4 is the first: {data('message 4')}"
    )
    assert finding.evidence["session_id"] == "s"
    assert finding.evidence["position"] == 4
    assert finding.evidence["had_it"] == ["reader 1", "reader 3"]
    told = finding.evidence["readers"]
    assert isinstance(told, list)
    assert [(reader["reader"], reader["messages"], reader["missing"]) for reader in told] == [
        ("reader 1", 11, 0),
        ("reader 2", 10, 1),
        ("reader 3", 11, 0),
    ]


def test_ids_that_show_the_hole_are_not_said_to_hide_it() -> None:
    excerpts = Excerpts()
    whole = read(MESSAGES, 1, excerpts=excerpts)
    holed = read(without(4), 2, excerpts=excerpts, ids=[0, 1, 2, 3, 5, 6, 7, 8, 9])
    assert "ids run on" not in only(activity.compared([whole, holed], [])).what


def test_each_of_two_readers_may_lack_what_the_other_has() -> None:
    first, second = readings(without(2), without(7))
    assert deviation(first, second) == (1, 0, 0) == deviation(second, first)
    comparison = Comparison([first, second])
    assert comparison.messages == len(MESSAGES) + 1
    assert comparison.fullest is first
    assert (
        "reader 1, which joined 0 ms after reader 1, lacks 1 of 11" in only(activity.compared([first, second], [])).what
    )
    third = readings(without(2, 7))[0]
    assert deviation(third, first, second) == (2, 0, 0)


def test_a_message_that_comes_twice_is_named_with_both_places() -> None:
    live = readings(MESSAGES, [*MESSAGES[:4], "message 3", *MESSAGES[4:]])
    finding = only(activity.compared(live, []))
    assert "got 1 message twice, the first as number 3 and again as number 4" in finding.what
    assert deviation(live[1], live[0]) == (0, 1, 0)
    assert deviation(live[0], live[1]) == (0, 0, 0)


def test_a_doubled_message_is_found_where_every_reader_has_it() -> None:
    doubled = [*MESSAGES, "message 0"]
    assert deviation(*readings(doubled, doubled)) == (0, 1, 0)


def test_a_message_that_moved_is_named_with_both_places() -> None:
    moved = [*MESSAGES[:2], *MESSAGES[3:6], "message 2", *MESSAGES[6:]]
    live, late = readings(MESSAGES, MESSAGES), [read(moved, 9, excerpts=Excerpts())]
    reread, agreement = activity.compared(live, late)
    assert agreement.verdict == "pass"
    assert (reread.check, reread.verdict) == ("activity.rereads", "fail")
    assert "got 1 of 11 messages in another order than reader 1, the first as number 5 instead of 2" in reread.what


def test_the_order_of_most_readers_is_the_common_one() -> None:
    swapped = ["message 1", "message 0", *MESSAGES[2:]]
    live = readings(swapped, MESSAGES, MESSAGES)
    assert Comparison(live).fullest is live[1]
    assert only(activity.compared(live, [])).what.startswith("reader 1, which joined 0 ms")


def test_histories_do_not_outvote_the_reader_that_saw_the_messages_come_about() -> None:
    swapped = ["message 1", "message 0", *MESSAGES[2:]]
    excerpts = Excerpts()
    live = read(MESSAGES, 1, excerpts=excerpts)
    late = [read(swapped, number, excerpts=excerpts) for number in (2, 3)]
    verdicts = [(finding.check, finding.verdict) for finding in activity.compared([live], late)]
    assert verdicts == [("activity.rereads", "fail")] * 2 + [("activity.agrees", "pass")]
    assert Comparison([], [*late, live]).fullest is late[0]


def test_moved_messages_are_as_few_as_can_be() -> None:
    def fewest(order: tuple[int, ...]) -> int:
        for size in range(len(order), 0, -1):
            if any(list(part) == sorted(part) for part in itertools.combinations(order, size)):
                return len(order) - size
        raise AssertionError

    for order in itertools.permutations(range(5)):
        texts = [MESSAGES[place] for place in order]
        excerpts = Excerpts()
        common = [read(MESSAGES[:5], number, excerpts=excerpts) for number in (1, 2)]
        assert deviation(read(texts, 3, excerpts=excerpts), *common) == (0, 0, fewest(order)), order


@pytest.mark.parametrize("seed", range(20))
def test_what_was_taken_from_a_reader_is_what_it_is_said_to_lack(seed: int) -> None:
    generator = random.Random(seed)
    lacking = generator.sample(range(9), generator.randrange(1, 8))
    live = readings(MESSAGES, without(*lacking))
    assert deviation(live[1], live[0]) == (len(lacking), 0, 0)
    comparison = Comparison(live)
    assert sorted(comparison.place(digest) for digest in comparison.of(live[1]).missing) == sorted(lacking)


def test_a_history_that_comes_cut_is_said_to_hold_only_its_beginning() -> None:
    live = readings(MESSAGES, MESSAGES)
    late = Reading("the first read after the end", 40 * MS, live[0].excerpts)
    for position in range(3):
        late.took("agent_message", str(position), data(MESSAGES[position]))
    reread, _ = activity.compared(live, [late])
    assert reread.what.startswith(
        "the first read after the end, which joined 39 ms after reader 1, got only the first 3 of 11 messages, of "
        "which reader 1, reader 2 got more: number 3 is"
    )
    assert reread.evidence["message"] == data("message 3")


def test_a_single_reader_can_be_compared_with_nothing() -> None:
    one = readings(MESSAGES)
    assert [(f.check, f.verdict) for f in activity.compared(one, [])] == [("activity.agrees", "unknown")]
    assert [(f.check, f.verdict) for f in activity.compared([], one)] == [("activity.rereads", "unknown")]
    assert activity.compared([], []) == []


def test_two_reads_after_the_end_are_compared_where_nobody_read_before() -> None:
    verdicts = [finding.verdict for finding in activity.compared([], readings(MESSAGES, without(3)))]
    assert verdicts == ["pass", "fail"]


def test_a_double_is_laid_to_the_reader_that_has_it() -> None:
    doubled = [*MESSAGES, "message 0"]
    live = [*readings(doubled), read(doubled[1:], 2, excerpts=Excerpts())]
    told = only(activity.compared(live, [])).what
    assert "got 1 message twice, the first as number 0 and again as number 10" in told


def test_texts_are_cut_and_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("studio.verify.readings._EXCERPTS_KEPT", 1)
    excerpts = Excerpts()
    excerpts.keep(1, "x" * 500)
    excerpts.keep(2, "short")
    excerpts.keep(1, "again")
    assert excerpts.of(1) == "x" * 160 + "..."
    assert excerpts.of(2) == ""
    whole = Excerpts()
    whole.keep(1, "x" * 160)
    assert whole.of(1) == "x" * 160
    live = [read(MESSAGES, 1, excerpts=excerpts), read(without(3), 2, excerpts=excerpts)]
    told = only(activity.compared(live, [])).what
    assert told.endswith("number 3 is the first: its text is not kept, as it came after 1 others")


def test_a_reading_costs_eight_bytes_a_message_however_large_the_messages_are() -> None:
    reading = read(["x" * 100_000, *MESSAGES], excerpts=Excerpts())
    assert reading.digests.itemsize == 8
    assert len(reading.digests) == 12
    ends = len('{"type":"finished","success":true,"error":null}')
    assert reading.characters == sum(len(data(text)) for text in ["x" * 100_000, *MESSAGES]) + ends

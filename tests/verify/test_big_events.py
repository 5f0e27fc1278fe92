"""A large event on every stream: whole, in time, and on which it was not."""

from __future__ import annotations

from studio.contract import Envelope
from studio.marks import GAP, short_title
from studio.verify.big_events import BigEvents, OpenStream

SECOND = 1_000_000_000
TITLE = short_title("x" * 1_000_000 + " [lt-00000001 1 1]")
STREAMS = [OpenStream(0, 5), OpenStream(1, 6)]


def created(title: str = TITLE, task_id: str = "t", event_type: str = "task.created") -> Envelope:
    return Envelope("e", event_type, 0, 1, {"type": event_type, "task_id": task_id, "title": title})


def awaited(*arrivals: tuple[int, Envelope, float]) -> BigEvents:
    big = BigEvents()
    big.begin()
    for number, envelope, second in arrivals:
        big.arrived(number, envelope, int(second * SECOND))
    return big


def verdicts(big: BigEvents) -> list[tuple[str, str]]:
    return [(one.verdict, one.what) for one in big.end("t", TITLE, 10 * SECOND, STREAMS, 2)]


def test_it_came_on_every_stream_within_the_limit() -> None:
    big = awaited((0, created(), 10.1), (1, created(), 12))
    assert big.has_all("t", STREAMS)
    assert verdicts(big) == [("pass", "")] * 2
    assert not big.watching


def test_a_stream_without_it_and_one_on_which_it_is_late_fail() -> None:
    big = awaited((0, created(), 12.001), (2, created(), 11), (1, created(task_id="other"), 11))
    assert not big.has_all("t", STREAMS)
    assert verdicts(big) == [
        ("fail", "a task.created with a title of 1 MB came 2.00 s after the call, not within 2 s"),
        ("fail", "a task.created with a title of 1 MB did not come within 2 s on an open stream"),
    ]


def test_a_title_that_was_cut_is_described_by_its_size() -> None:
    cut, short = short_title("x" * 65_536), "x" * 200
    (first, what), (second, also) = verdicts(awaited((0, created(cut), 11), (1, created(short), 11)))
    assert first == second == "fail"
    assert "65536 characters (SHA-256 " in what and " in the place of 1000018 characters (SHA-256 " in what
    assert f"than the task was created with: {'x' * 60!r} in the place" in also


def test_a_short_title_that_holds_a_gap_is_described_by_itself() -> None:
    gapped = f"one{GAP}two"
    (_, what), _ = verdicts(awaited((0, created(gapped), 11)))
    assert f"than the task was created with: {gapped!r} in the place" in what


def test_only_the_first_arrival_of_a_creation_counts_and_only_while_one_is_awaited() -> None:
    big = awaited((0, created(), 11), (0, created("another"), 11), (1, created(event_type="task.updated"), 11))
    assert [verdict for verdict, _ in verdicts(big)] == ["pass", "fail"]
    big.arrived(0, created(), 11)
    big.begin()
    assert [verdict for verdict, _ in verdicts(big)] == ["fail", "fail"]

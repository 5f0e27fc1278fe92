"""The service's own clock: how wrong it can be made, that every time comes from it, and that nothing else does."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from studio.reference.clock import ClockSettings, ClockStep, ServiceClock
from studio.reference.options import parse
from tests.support.studio_process import Answer, StudioProcess

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
RECORDINGS = Path(__file__).parent.parent / "recordings"


class Span(NamedTuple):
    """Where a true time lies."""

    low_ns: int
    high_ns: int

    def contains(self, at_ns: int) -> bool:
        """Whether the time can be the true one."""
        return self.low_ns <= at_ns <= self.high_ns


def ns(text: str) -> int:
    """Nanoseconds since the epoch of a timestamp with 0 to 9 fraction digits."""
    second, _, fraction = text.removesuffix("Z").partition(".")
    whole = int(datetime.fromisoformat(second).replace(tzinfo=UTC).timestamp())
    return whole * SECOND + int((fraction or "0").ljust(9, "0"))


def during(answer: Answer) -> Span:
    """From before the request to after its answer."""
    return Span(answer.t_ns, answer.t_ns + int(answer.duration_ms * 1e6) + 1000)


def offsets(text: str, true: Span) -> Span:
    """Where the clock's offset lies, if the timestamp was made in ``true``."""
    return Span(ns(text) - true.high_ns, ns(text) - true.low_ns)


def post(studio: StudioProcess) -> Answer:
    """Create a task."""
    return studio.call("POST", "/api/tasks", {"title": "t", "description": ""})


def clock_at(*options: str) -> list[int]:
    """The offsets of a clock with these options, read 0, 1, 2 and 10 s after its start."""
    moments = iter([START, START, START + SECOND, START + 2 * SECOND, START + 10 * SECOND])
    read: list[int] = []

    def true_ns() -> int:
        read.append(next(moments))
        return read[-1]

    clock = ServiceClock(parse(list(options)).clock, true_ns)
    return [clock.now_ns() - read[-1] for _ in range(4)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], [0, 0, 0, 0]),
        (["--clock-skew", "3s"], [3 * SECOND] * 4),
        (["--clock-skew", "-1.5ms"], [-1_500_000] * 4),
        (["--clock-drift", "200ppm"], [0, 200_000, 400_000, 2_000_000]),
        (["--clock-drift", "-0.5ppm"], [0, -500, -1000, -5000]),
        (["--clock-step", "500ms@2s"], [0, 0, SECOND // 2, SECOND // 2]),
        (["--clock-step", "500ms@2000.000001ms"], [0, 0, 0, SECOND // 2]),
        (
            ["--clock-step", "-2s@1s", "--clock-step", "1us@1500ms"],
            [0, -2 * SECOND, 1000 - 2 * SECOND, 1000 - 2 * SECOND],
        ),
        (
            ["--clock-skew=3s", "--clock-drift=200ppm", "--clock-step=500ms@6s"],
            [3 * SECOND, 3 * SECOND + 200_000, 3 * SECOND + 400_000, 3 * SECOND + 2_000_000 + SECOND // 2],
        ),
    ],
)
def test_the_offset_is_skew_and_drift_and_the_steps_that_were(options: list[str], expected: list[int]) -> None:
    assert clock_at(*options) == expected


def test_without_options_the_clock_is_the_true_one() -> None:
    assert parse([]).clock == ClockSettings(0, 0, ())
    low_ns = time.time_ns()
    now_ns = ServiceClock(ClockSettings()).now_ns()
    assert low_ns <= now_ns <= time.time_ns()


def test_a_negative_value_may_stand_apart_from_its_option() -> None:
    options = ["--clock-skew", "-3s", "--clock-drift", "-50ppm", "--clock-step", "-1s@0s", "--clock-step", "1ms@1us"]
    steps = (ClockStep(-SECOND, 0), ClockStep(1_000_000, 1000))
    assert parse(options).clock == ClockSettings(-3 * SECOND, -50_000, steps)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--clock-skew", "3"], "--clock-skew takes a duration such as 3s or -250ms, not '3'"),
        (["--clock-skew", "- 3s"], "--clock-skew"),
        (["--clock-skew="], "--clock-skew takes a duration such as 3s or -250ms, not ''"),
        (["--clock-skew", "86401s"], "not '86401s': at most a day, 86400s"),
        (["--clock-drift", "200"], "--clock-drift takes parts per million such as 200ppm or -50ppm, not '200'"),
        (
            ["--clock-drift", "-1000000ppm"],
            "--clock-drift takes less than 1000000ppm, such as 200ppm, not '-1000000ppm'",
        ),
        (["--clock-step", "500ms"], "--clock-step takes a jump and its time after the start such as 500ms@6s"),
        (["--clock-step", "500ms@"], "not '500ms@'"),
        (["--clock-step", "500ms@-6s"], "not '500ms@-6s'"),
        (["--clock-step", "1s@2s@3s"], "not '1s@2s@3s'"),
        (["--clock-skew", "--port", "0"], "argument --clock-skew: expected one argument"),
    ],
)
def test_what_no_clock_can_be_is_refused_in_one_line_with_a_right_example(
    options: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(options)
    assert ended.value.code == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert expected in error


@pytest.mark.parametrize(
    ("options", "skew_s"), [([], 0), (["--clock-skew", "3600s"], 3600), (["--clock-skew", "-90s"], -90)]
)
def test_every_time_in_an_answer_is_the_services(options: list[str], skew_s: int) -> None:
    with StudioProcess("--turn-ms", "60000", *options) as studio:
        created = post(studio)
        path = f"/api/tasks/{created.json['id']}"
        assert created.json["created_at"] == created.json["updated_at"]
        patched = studio.call("PATCH", path, {"title": "new"})
        executed = studio.call("POST", path + "/execute")
        moved = studio.call("POST", path + "/transition", {"status": "planning_review"})
        fresh = {
            created.json["updated_at"]: created,
            patched.json["updated_at"]: patched,
            executed.json["task"]["updated_at"]: executed,
            moved.json["task"]["updated_at"]: moved,
        }
        for text, answer in fresh.items():
            assert offsets(text, during(answer)).contains(skew_s * SECOND)
        assert studio.call("GET", path).json["created_at"] == created.json["created_at"][:19] + "Z"
        session = studio.call("GET", f"/api/sessions/{executed.json['session_id']}").json["created_at"]
        assert offsets(session, Span(executed.t_ns - SECOND, during(executed).high_ns)).contains(skew_s * SECOND)


@pytest.mark.parametrize("skew_s", [3600, -90])
def test_every_time_on_a_stream_is_the_services(skew_s: int) -> None:
    before_ns = time.time_ns()
    with StudioProcess("--turn-ms", "40", "--clock-skew", f"{skew_s}s") as studio:
        stream = studio.stream(Last_Event_ID="x")
        task_id = studio.create("t", "phases: 2")
        session_id = studio.execute(task_id)
        activity = studio.stream(f"/api/sessions/{session_id}/activity")
        activity.wait_for(lambda stream: stream.types[-1:] == ["finished"], "finished")
        stream.wait_for(lambda stream: "session.ended" in stream.types, "session.ended")
        studio.execute(task_id)
        stream.wait_for(lambda stream: stream.types.count("session.ended") == 3, "the end of both phases")
        true = Span(before_ns, time.time_ns())
    assert stream.types[0] == "replay.unavailable"
    texts = [event.data["timestamp"] for event in (*stream.events, *activity.events)]
    texts += [event.event["created_at"] for event in stream.events if event.type == "session.started"]
    assert stream.types.count("session.started") == 3
    assert all(offsets(text, true).contains(skew_s * SECOND) for text in texts)


def test_the_date_header_is_the_services_too() -> None:
    with StudioProcess("--clock-skew", "3600s") as studio:
        for method in ("GET", "OPTIONS"):
            answer = studio.call(method, "/health")
            date_ns = int(parsedate_to_datetime(dict(answer.headers)["date"]).timestamp()) * SECOND
            true = during(answer)
            assert Span(true.low_ns + 3599 * SECOND, true.high_ns + 3600 * SECOND).contains(date_ns)


def test_drift_grows_with_true_time_and_turns_last_as_long_as_ever() -> None:
    with StudioProcess("--turn-ms", "500", "--clock-drift", "-500000ppm") as studio:
        stream = studio.stream()
        first = post(studio)
        studio.execute(first.json["id"])
        stream.wait_for(lambda stream: "session.ended" in stream.types, "session.ended")
        last = post(studio)
    shortest_ns, longest_ns = last.t_ns - during(first).high_ns, during(last).high_ns - first.t_ns
    assert shortest_ns >= SECOND // 2
    told_ns = ns(last.json["created_at"]) - ns(first.json["created_at"])
    assert shortest_ns // 2 - 1 <= told_ns <= longest_ns // 2 + 1


def test_the_clock_jumps_at_its_times_and_events_keep_their_order() -> None:
    jumps = {0: (0, None), 1000: (1000, 2000), -2000: (2000, None)}
    before_ns = time.time_ns()
    with StudioProcess("--buffer", "100000", "--clock-step", "1000s@1s", "--clock-step", "-3000s@2s") as studio:
        start = Span(before_ns, time.time_ns())
        stream = studio.stream()
        made: list[str] = []
        seen: set[int] = set()
        while -2000 not in seen:
            answer = post(studio)
            made.append(answer.json["id"])
            (offset_s,) = [s for s in jumps if offsets(answer.json["created_at"], during(answer)).contains(s * SECOND)]
            seen.add(offset_s)
            from_ms, until_ms = jumps[offset_s]
            assert during(answer).high_ns >= start.low_ns + from_ms * 1_000_000
            assert until_ms is None or answer.t_ns <= start.high_ns + until_ms * 1_000_000
            assert answer.t_ns < before_ns + 15 * SECOND
        first, *rest = stream.wait_for_events(len(made))
        assert [event.event["task_id"] for event in (first, *rest)] == made
        assert [task["id"] for task in studio.call("GET", "/api/tasks").json] == made
        assert studio.stream(Last_Event_ID=first.id).wait_for_events(len(rest)) == rest


def test_a_rebased_recording_tells_the_services_time_and_an_untouched_one_its_own() -> None:
    path = RECORDINGS / "lifecycle-human-events.jsonl"
    recorded = b"".join(json.loads(line)["b"].encode("latin-1") for line in path.read_text("utf-8").splitlines())
    options = ["--replay", str(path), "--speed", "50", "--clock-skew", "-90s"]
    with StudioProcess(*options, "--rebase") as studio:
        low_ns = time.time_ns()
        events = studio.stream().wait_for_events(14)
        true = Span(low_ns, time.time_ns())
    assert all(offsets(event.data["timestamp"], true).contains(-90 * SECOND) for event in events)
    with StudioProcess(*options) as studio:
        stream = studio.stream()
        stream.wait_for(lambda stream: len(stream.raw) >= len(recorded), "the recording")
        assert stream.raw == recorded

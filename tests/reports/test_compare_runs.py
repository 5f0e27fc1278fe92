"""Comparing runs: what is called a change, what is not, what is refused, and with which exit code."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy
import pytest

from locust_eventsource.measure.buckets import bucket_of
from locust_eventsource.measure.hlog import logged
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series
from reports.__main__ import main
from reports.compare.allowance import AllowanceError, parse_allowance
from reports.compare.change import Seconds, change, seconds_of
from reports.model import Deliveries, Result, save
from tests.support.sample_result import passing_result

PAIRS = 20
START_S = 1_795_451_400
SECOND = 1_000_000_000


def latencies_ns(scale: float, random: numpy.random.Generator, seconds: int) -> list[list[int]]:
    """A service of 2 ms, whose seconds differ by themselves."""
    moods = random.lognormal(0, 0.05, seconds)
    return [[int(ns) for ns in 2e6 * scale * mood * random.lognormal(0, 0.4, 500)] for mood in moods]


def side(scale: float, random: numpy.random.Generator, *, seconds: int = 120, runs: int = 1) -> Seconds:
    return seconds_of(
        [[Counter(map(bucket_of, second)) for second in latencies_ns(scale, random, seconds)] for _ in range(runs)]
    )


def test_equal_runs_stay_silent_and_ten_per_cent_are_called_in_twenty_of_twenty_pairs() -> None:
    random = numpy.random.default_rng(6)
    for _ in range(PAIRS):
        base, same, slower = side(1, random), side(1, random), side(1.1, random)
        for percentile in (50, 99):
            assert change(base, same, percentile).direction == "no difference"
            assert change(base, slower, percentile).direction == "worse"
            assert change(slower, base, percentile).direction == "better"


def test_the_interval_of_a_change_holds_it() -> None:
    random = numpy.random.default_rng(7)
    found = change(side(1, random, runs=3), side(1.3, random, runs=3), 99)
    assert found.ratio is not None
    low, high = found.ratio
    assert low < 1.3 < high
    assert found.new_us / found.base_us == pytest.approx(1.3, rel=0.1)


def test_too_little_to_say_is_undecided_with_the_reason() -> None:
    random = numpy.random.default_rng(8)
    enough = side(1, random)
    short = change(enough, side(1, random, seconds=5), 50)
    assert (short.direction, short.why) == ("undecided", "the new side has samples in 5 seconds only, and 8 are needed")
    rare = change(side(1, random, seconds=10), enough, 99.9)
    assert "too few for this percentile" in rare.why
    nothing = change(seconds_of([]), enough, 50)
    assert nothing.why == "the base side has no samples"


@pytest.mark.parametrize(
    "text", ["delivery", "delivery:p(99)", "delivery:p(99)-10%", "delivery:p(0)+1%", "delivery:p(99)+10"]
)
def test_what_is_no_allowance_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(AllowanceError, match="write it such as"):
        parse_allowance(text)


Written = Callable[..., Path]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    """Writes a run whose deliveries are so many times slower than usual."""
    random = numpy.random.default_rng(9)

    def write(name: str, scale: float, **changes: object) -> Path:
        recorder, series = Recorder(), Series()
        for second, values in enumerate(latencies_ns(scale, random, 60)):
            for value_ns in values:
                recorder.record("delivery", value_ns, (START_S + second) * SECOND, "task.created")
        series.add(recorder.take())
        result: Result = replace(passing_result(), metrics={}, deliveries=Deliveries())
        (tmp_path / name).mkdir()
        save(tmp_path / name / "result.json", replace(result, **changes))  # type: ignore[arg-type]
        list(logged(tmp_path / name / "delivery.hlog", "delivery", series.sealed("delivery"), START_S * SECOND))
        return tmp_path / name

    return write


def test_the_exit_code_says_whether_more_was_lost_than_allowed(
    written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    base, slower = str(written("base", 1)), str(written("slower", 1.5))
    assert main(["compare", base, slower]) == 0
    assert "worse" in capsys.readouterr().out
    assert main(["compare", base, slower, "--fail-on", "delivery:p(99)+10%"]) == 3
    assert "Worse than allowed" in capsys.readouterr().out
    assert main(["compare", base, slower, "--fail-on", "delivery:p(99)+100%"]) == 0
    assert main(["compare", base, slower, "--fail-on", "delivery:p(50)+50%"]) == 4
    assert "Undecided" in capsys.readouterr().out
    assert main(["compare", base, slower, "--fail-on", "connect:p(99)+10%"]) == 4
    assert "the base side has no connect" in capsys.readouterr().out


def test_unlike_runs_are_compared_only_when_told_to(written: Written, capsys: pytest.CaptureFixture[str]) -> None:
    base = written("base", 1)
    other = written("other", 1, run=replace(passing_result().run, users=7))
    assert main(["compare", str(base), str(other)]) == 4
    told = capsys.readouterr().out
    assert f"users: {passing_result().run.users} against 7" in told
    assert "--anyway" in told
    assert main(["compare", str(base), str(other), "--anyway"]) == 0
    assert "no difference" in capsys.readouterr().out


def test_a_side_that_lost_deliveries_has_no_latency_to_compare(
    written: Written, capsys: pytest.CaptureFixture[str]
) -> None:
    base, lossy = written("base", 1), written("lossy", 1, deliveries=Deliveries(expected=9, delivered=6, lost=3))
    assert main(["compare", str(base), str(lossy), "--fail-on", "delivery:p(99)+10%"]) == 4
    assert "the new side lost 3 deliveries" in capsys.readouterr().out


def test_several_runs_a_side_are_one_side(written: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sides = [",".join(str(written(f"{name}{number}", 1)) for number in range(3)) for name in ("base", "new")]
    pages = [tmp_path / "comparison.html", tmp_path / "comparison.md"]
    assert main(["compare", *sides, *(word for page in pages for word in ("--write", str(page)))]) == 0
    capsys.readouterr()
    html, markdown = (page.read_text("utf-8") for page in pages)
    assert "<table>" in html and "http" not in html.replace("http-equiv", "")
    assert markdown.startswith("# ") and "| Delivery p99 |" in markdown


def test_what_cannot_be_read_or_written_is_one_line(written: Written, tmp_path: Path) -> None:
    def told(*arguments: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "reports", "compare", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr.splitlines()[-1]

    base = str(written("base", 1))
    assert told(base, str(tmp_path / "no"))[0] == 1
    assert told(base, base, "--fail-on", "delivery+10%")[0] == 2
    code, line = told(base, base, "--write", "x.pdf")
    assert code == 2 and "must end in .html or .md" in line

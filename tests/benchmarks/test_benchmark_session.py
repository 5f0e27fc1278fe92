"""Whole runs, small: every reader gets every event of a real source, and what it says of them is held to the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.accuracy import accuracy, reported, writing
from benchmarks.certificate import write_certificate
from benchmarks.native import can_build, has_tls
from benchmarks.programs import READERS, Unavailable
from benchmarks.session import Cores, Plan, faults, hold, run

ANYWHERE = Cores(None, None)
CONNECTIONS, EVENTS = 3, 20
PLAN = Plan(CONNECTIONS, rate=CONNECTIONS * EVENTS / 0.2, seconds=0.2)

pytestmark = pytest.mark.skipif(can_build("source") is not None, reason=str(can_build("source")))


def skip_unless_available(name: str) -> None:
    try:
        READERS[name].command()
    except Unavailable as missing:
        pytest.skip(str(missing))


@pytest.mark.parametrize("mode", ["broadcast", "distinct"])
@pytest.mark.parametrize("name", list(READERS))
def test_every_reader_gets_every_event_and_keeps_a_stamp_of_each(name: str, mode: str) -> None:
    skip_unless_available(name)
    result = run(Plan(PLAN.connections, PLAN.rate, PLAN.seconds, mode=mode), READERS[name], ANYWHERE)
    assert faults(result) == []
    assert result.reader.delivered == result.source.written == CONNECTIONS * EVENTS
    assert (result.truth.before > 0).all() and (result.truth.after >= result.truth.before).all()
    assert writing(result.truth).p50_ms > 0
    if result.stamps is not None:
        assert result.stamps.received.shape == (CONNECTIONS, EVENTS)
        assert reported(result.truth, result.stamps).max_ms < float("inf")


@pytest.mark.parametrize(
    "changes", [{}, {"block_ms": 1.0}, {"busy": True}, {"burst": 4}], ids=["quiet", "slow listener", "busy", "bursts"]
)
@pytest.mark.parametrize("name", ["ours", "ours_python"])
def test_our_intervals_hold_the_truth(name: str, changes: dict[str, object]) -> None:
    plan = Plan(CONNECTIONS, PLAN.rate, PLAN.seconds, mode="distinct", detail=True, **changes)  # type: ignore[arg-type]
    result = run(plan, READERS[name], ANYWHERE)
    assert result.stamps is not None
    found = accuracy(result.truth, result.stamps)
    assert (found.events, found.excluded, found.user_stamps) == (CONNECTIONS * EVENTS, 0, 0)
    # Events of one write can be read apart only where the reader comes in between.
    assert found.coalesced > 0 or "burst" not in changes


@pytest.mark.skipif(not has_tls(), reason="no OpenSSL headers")
def test_our_intervals_hold_the_truth_over_tls(tmp_path: Path) -> None:
    plan = Plan(CONNECTIONS, PLAN.rate, PLAN.seconds, detail=True, certificate=write_certificate(tmp_path))
    result = run(plan, READERS["ours"], ANYWHERE)
    assert result.stamps is not None
    assert faults(result) == []
    assert accuracy(result.truth, result.stamps).excluded == 0


@pytest.mark.parametrize("name", list(READERS))
def test_every_reader_opens_and_holds_idle_connections(name: str) -> None:
    skip_unless_available(name)
    said = hold(5, READERS[name], ANYWHERE)
    assert said.open_s is not None and said.open_s > 0
    assert (said.delivered, said.lost) == (0, 0)

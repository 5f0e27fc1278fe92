"""The public server's own replays, as recorded, judged: doubles by the number of clients, and a filter ignored."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from locust_eventsource.protocol.event_stream import EventStreamDecoder
from locust_eventsource.protocol.http_response import ResponseReader
from studio.contract import parse_envelope
from studio.verify.findings import Finding
from studio.verify.replay import COMPLETE, EXACT, FILTERED, ORDERED, Return, Seen, judge

_CAPTURES = os.environ.get("STUDIO_CAPTURES")

pytestmark = pytest.mark.skipif(
    not _CAPTURES, reason="STUDIO_CAPTURES is not set: name the folder of the service's recordings in it"
)


def recorded(name: str) -> list[Seen]:
    """The events of a recording."""
    assert _CAPTURES is not None
    lines = (Path(_CAPTURES) / f"{name}.jsonl").read_text("utf-8").splitlines()
    reads = [json.loads(line) for line in lines]
    reader, decoder = ResponseReader(), EventStreamDecoder()
    events = []
    for read in reads:
        for event in decoder.feed(reader.feed(read["b"].encode("latin-1"))):
            envelope = parse_envelope(event.data)
            events.append(Seen(envelope.id, envelope.type, envelope.task_id, read["t_ns"]))
    return events


def returned(came: list[Seen], acknowledged: Seen, group: frozenset[str] | None = None) -> Return:
    """The return after the first of three events; a witness would have had each once."""
    distinct = {seen.id: seen for seen in (acknowledged, *came)}
    witness = [seen._replace(at_ns=place) for place, seen in enumerate(distinct.values())]
    return Return("clean close", "replay", acknowledged.id, group, 1, 1_000, witness, witness[:1], came)


def verdicts(findings: list[Finding]) -> dict[str, str]:
    """Verdict by check."""
    return {finding.check: finding.verdict for finding in findings}


def test_one_client_makes_a_right_replay() -> None:
    came = recorded("defect-i-dup-1clients-0")
    findings = judge(returned(came, Seen("acknowledged", "task.created", "t", 0)))
    assert len(came) == 2
    assert verdicts(findings) == {COMPLETE: "pass", EXACT: "pass", ORDERED: "pass"}


@pytest.mark.parametrize(("clients", "replayed"), [(2, 5), (5, 14), (20, 59)])
def test_several_clients_double_what_is_replayed(clients: int, replayed: int) -> None:
    came = recorded(f"defect-i-dup-{clients}clients-0")
    findings = judge(returned(came, came[0]))
    assert verdicts(findings) == {COMPLETE: "pass", EXACT: "fail", ORDERED: "pass"}
    (double,) = (finding for finding in findings if finding.check == EXACT)
    assert double.what.startswith(f"clean close: {replayed} events came for 2 that the stream had missed, 3 of them")
    assert double.evidence["acknowledged_again"] == clients - 1
    assert double.evidence["times"] == {seen.id: clients for seen in came[1:]} | {came[0].id: clients - 1}


def test_a_replay_that_ignores_the_filter_is_seen() -> None:
    came = recorded("defect-iv-replay-filter-0")
    findings = judge(returned(came, Seen("acknowledged", "task.created", "f0", 0), frozenset({came[-1].task_id})))
    assert verdicts(findings) == {COMPLETE: "pass", EXACT: "pass", ORDERED: "pass", FILTERED: "fail"}
    (filtered,) = (finding for finding in findings if finding.check == FILTERED)
    assert "held 2 events of other tasks" in filtered.what

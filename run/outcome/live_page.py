"""What the live page ``/streams`` shows of a run that goes on, or of the last one."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from locust_eventsource.measure.exit_codes import exit_code, outcome
from locust_eventsource.measure.moving import MAX_POINTS, Moment, MovingLatencies
from locust_eventsource.measure.verdict_text import latency_text, size_text
from locust_eventsource.measure.verdict_types import Row
from reports.model import check_record
from reports.wording import Offender, count, figure, headline_of, offenders, plain, span, symbol
from run.attendance import LOCAL
from run.journal import JOURNAL_FILE
from run.ledger import SECOND_NS, Ledger
from run.outcome import tester
from run.outcome.result import outcome_text
from studio.verify.checks import CheckResult

SHOWN: Final = ("delivery", "connect")
"""The latencies that have a chart."""
_TONES: Final = {"pass": "pass", "fail": "fail", "internal error": "fail", "not asked": "quiet"}
_SO_FAR: Final = {"pass": "Passing so far", "fail": "Failing", "inconclusive": "Undecided so far"}
_WRONG: Final = ("lost", "duplicated", "reordered", "unexpected")
_FRESH_FOR_S: Final = 0.8
"""How long an answer serves everybody who asks for the same, so that ten viewers cost as much as one."""
_REPORTED_WITHIN_S: Final = {True: 4, False: 1}
"""After so long all processes have told of a second; workers report every three seconds."""
_FIRST_FILES: Final = ("report.html", "report.md", "result.json", "junit.xml", "offenders.jsonl", "metrics.csv")


class Look(NamedTuple):
    """The run at the moment of a look."""

    ledger: Ledger
    latencies: MovingLatencies
    rows: Sequence[Row]
    directory: Path
    host: str
    users: int
    internal_error: bool


class LivePage:
    """Implements ``live_page.Source`` over the run that ``look`` gives; None before the first."""

    def __init__(self, look: Callable[[], Look | None], now_ns: Callable[[], int] = time.time_ns) -> None:
        self._look = look
        self._now_ns = now_ns
        self._kept: dict[int | None, tuple[float, Mapping[str, Any]]] = {}

    def document(self, window_s: int | None) -> Mapping[str, Any]:
        """The state of the run, as ``page.js`` describes it."""
        made_s, known = self._kept.get(window_s, (0.0, {}))
        if not known or time.monotonic() - made_s > _FRESH_FOR_S:
            look = self._look()
            known = _NO_RUN if look is None else _document(look, window_s, self._now_ns())
            self._kept[window_s] = time.monotonic(), known
        return known

    def evidence(self, check: str) -> Sequence[Mapping[str, Any]]:
        """The first offenders of a check."""
        look = self._look()
        if look is None:
            return []
        found = [check_record(each) for each in look.ledger.check_results() if each.name == check]
        return [
            {"what": offender.what, "facts": [*offender.event, *offender.streams, *offender.times, *_again(offender)]}
            for record in found
            for offender in offenders(record, look.ledger.started_ns)
        ]

    def file(self, name: str) -> Path | None:
        """A file of the results, once they are written."""
        look = self._look()
        return None if look is None else {path.name: path for path in _files(look)}.get(name)


def _again(offender: Offender) -> list[tuple[str, str]]:
    return [("look again", offender.again)] if offender.again else []


def _document(look: Look, window_s: int | None, now_ns: int) -> Mapping[str, Any]:
    ledger = look.ledger
    checks = ledger.check_results()
    code = exit_code(look.rows, checks, look.internal_error or ledger.internal_error)
    return {
        "run": _run(look, now_ns),
        "verdict": _verdict(look, code, checks),
        **_over_time(look, window_s, (ledger.ended_ns or now_ns) - ledger.started_ns),
        "figures": _figures(ledger),
        "checks": _checks(ledger, checks),
        "targets": [_target(row) for row in look.rows],
        "tester": _tester(ledger),
        "tester_told": _tester_told(ledger),
        "files": [{"name": path.name, "size": size_text(path.stat().st_size)} for path in _files(look)],
    }


_NO_RUN: Final[Mapping[str, Any]] = {
    "run": {"id": None, "words": "No test has been started yet.", "elapsed_s": 0, "ended": True},
    "verdict": {"words": "Event streams", "tone": "quiet", "summary": ""},
    "window": {"from_s": 0, "to_s": 30, "step_s": 1},
    **{name: [] for name in ("delivery", "connect", "streams", "figures", "targets", "tester", "files")},
    "checks": {"told": "Nothing has been checked yet.", "failed": []},
    "tester_told": "",
}


def _run(look: Look, now_ns: int) -> Mapping[str, Any]:
    ledger = look.ledger
    elapsed_s = ((ledger.ended_ns or now_ns) - ledger.started_ns) / SECOND_NS
    lasted = f"ended after {span(elapsed_s)}" if ledger.ended_ns else f"for {span(elapsed_s)}"
    words = f"{count(look.users)} users on {plain(look.host)}, {lasted}"
    return {"id": ledger.run_id, "words": words, "elapsed_s": round(elapsed_s, 1), "ended": bool(ledger.ended_ns)}


def _verdict(look: Look, code: int | None, checks: Sequence[CheckResult]) -> Mapping[str, str]:
    word, ended = outcome(code), bool(look.ledger.ended_ns)
    tone = _TONES.get(word, "open")
    words = headline_of(word) if ended else _SO_FAR.get(word, headline_of(word))
    summary = outcome_text(code, look.rows, checks) if ended or tone == "fail" else ""
    return {"words": words, "tone": tone, "summary": plain(summary)}


def _over_time(look: Look, window_s: int | None, elapsed_ns: int) -> Mapping[str, Any]:
    """The window, and what the charts draw of it."""
    ledger, started_s = look.ledger, look.ledger.started_ns / SECOND_NS
    to_s = elapsed_ns / SECOND_NS
    from_s = 0.0 if window_s is None else max(0.0, to_s - window_s)
    workers = set(ledger.cpu_percent) - {LOCAL}
    told_s = to_s if ledger.ended_ns else to_s - _REPORTED_WITHIN_S[bool(workers)]
    found = {metric: look.latencies.over(metric, int(started_s + from_s), window_s) for metric in SHOWN}
    step_s = found["delivery"][0]

    def points(metric: str) -> list[list[float]]:
        width_s, moments = found[metric]
        return [
            _point(each, width_s, started_s, from_s) for each in moments if each.at_s + width_s <= started_s + told_s
        ]

    return {
        "window": {"from_s": round(from_s, 2), "to_s": round(to_s, 2), "step_s": step_s},
        **{metric: points(metric) for metric in SHOWN},
        "streams": _streams(ledger, from_s, told_s),
    }


def _point(moment: Moment, width_s: int, started_s: float, from_s: float) -> list[float]:
    at_s = max(from_s, moment.at_s + width_s / 2 - started_s)
    return [round(at_s, 2), moment.number, moment.p50_us, moment.p99_us, moment.max_us]


def _streams(ledger: Ledger, from_s: float, to_s: float) -> list[list[float]]:
    started_s, step_s = ledger.started_ns // SECOND_NS, max(1, int((to_s - from_s) / MAX_POINTS))
    seconds = range(int(from_s), int(to_s) + 1, step_s)
    found = ((at_s, ledger.connections.states_at(started_s + at_s)) for at_s in seconds)
    return [[at_s, *states] for at_s, states in found if states is not None]


def _figures(ledger: Ledger) -> list[tuple[str, str, str]]:
    connections, tally = ledger.connections, ledger.judge.tally.as_dict()
    states = connections.states_now
    shown = [
        ("Streams open", 0 if ledger.ended_ns else connections.open_now, ""),
        ("Connecting", 0 if ledger.ended_ns else states.connecting, ""),
        ("Reconnecting", 0 if ledger.ended_ns else states.reconnecting, ""),
        ("Failed for good", connections.count("given_up"), "fail"),
        ("Deliveries", ledger.series.counter("deliveries"), ""),
        ("Expected (settled)", tally["expected"], ""),
        *((name.capitalize(), tally[name], "fail") for name in _WRONG),
        ("Replayed", tally["replayed"], ""),
        ("Reconnects", connections.count("reconnects"), ""),
        ("Failed connects", connections.count("failed"), "open"),
        ("Broken", connections.count("broken"), "open"),
    ]
    return [(label, count(value), tone if tone and value else "quiet") for label, value, tone in shown]


def _checks(ledger: Ledger, checks: Sequence[CheckResult]) -> Mapping[str, Any]:
    failed = [check for check in checks if check.verdict == "fail"]
    unknown = sum(check.verdict == "unknown" for check in checks)
    passed = len(checks) - len(failed) - unknown
    told = f"{len(failed)} fail, {passed} pass, {unknown} cannot say{'' if ledger.ended_ns else ' yet'}."
    failed.sort(key=lambda check: ledger.noticed_s.get(check.name, 0.0))
    return {
        "told": told if checks else "Nothing has been checked yet.",
        "failed": [
            {
                "name": check.name,
                "summary": plain(check.summary),
                "noticed_s": ledger.noticed_s.get(check.name),
                "offenders": len(check.offenders),
            }
            for check in failed
        ],
    }


def _target(row: Row) -> Mapping[str, str]:
    return {
        "verdict": f"{symbol(row.verdict)} {row.verdict}",
        "tone": _TONES.get(row.verdict, "open"),
        "target": plain(row.expression),
        "measured": figure(row.measured_text),
        "margin": figure(row.margin_text),
        "reason": figure(row.reason),
    }


def _tester(ledger: Ledger) -> list[tuple[str, str, str]]:
    facts = tester.facts(ledger)
    lags = [("Read lag p99", facts.lag_p99_us), ("Loop lag p99", facts.loop_lag_p99_us)]
    cells = [(label, figure(latency_text(value))) for label, value in lags if value is not None]
    cells += [] if facts.cpu_percent is None else [("CPU of a core", f"{facts.cpu_percent:.0f} %")]
    cells += [] if facts.unread_peak_bytes is None else [("Unread at most", size_text(facts.unread_peak_bytes))]
    cells += [("Stamps missing", f"{count(facts.stamps_missing)} of {count(facts.stamps)}")]
    cells += [("Processes", str(facts.processes))]
    return [(label, text, "quiet") for label, text in cells]


def _tester_told(ledger: Ledger) -> str:
    row = tester.fit(ledger)
    if row.verdict == "pass":
        return "It keeps up: what is measured is the service."
    return figure(row.reason[:1].upper() + row.reason[1:]) + "."


def _files(look: Look) -> list[Path]:
    """The files of the results, those for people first; none while the run goes on."""
    if not look.ledger.ended_ns or not look.directory.is_dir():
        return []
    found = [path for path in look.directory.iterdir() if path.is_file() and path.name[0] != "."]
    order = {name: place for place, name in enumerate(_FIRST_FILES)}
    shown = [path for path in found if path.name != JOURNAL_FILE]
    return sorted(shown, key=lambda path: (order.get(path.name, len(order)), path.name))

"""Sentences of the result that a reader needs besides the figures."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from config.options import probes_clock
from locust_eventsource.measure.verdict_text import latency_text
from run.ledger import Ledger
from run.outcome import tester

_STEPS_NAMED = 3


def notes(ledger: Ledger, options: Namespace, *, embedded: bool) -> list[str]:
    """All of them, in the order in which they matter."""
    candidates = [
        _cut_short(ledger),
        _shortened(ledger, options),
        _left(ledger),
        _unverified(options),
        _user_stamps(ledger),
        *_clock(ledger),
        _probes(ledger, options, embedded=embedded),
        _recording(options),
        *ledger.remarks,
    ]
    return [note for note in candidates if note]


def _cut_short(ledger: Ledger) -> str:
    return f"{ledger.cut_short[:1].upper()}{ledger.cut_short[1:]}." if ledger.cut_short else ""


def _left(ledger: Ledger) -> str:
    if not ledger.cleanup_command or not (ledger.left or ledger.unseen_tasks):
        return ""
    return f"Tasks of the run may be left on the server. This deletes them: {ledger.cleanup_command}"


def _shortened(ledger: Ledger, options: Namespace) -> str:
    lasted_s = (ledger.ended_ns - ledger.started_ns) / 1e9
    if not options.run_time or lasted_s >= options.run_time:
        return ""
    return f"The run was ended after {lasted_s:.0f} s of the {options.run_time} s that were asked for."


def _unverified(options: Namespace) -> str:
    return "The run only measured: no event was accounted for, and no check was made." if options.measure_only else ""


def _user_stamps(ledger: Ledger) -> str:
    stamps = ledger.series.counter("stamps_user")
    if not stamps:
        return ""
    return (
        f"{stamps} arrivals were stamped in user space, because the kernel gave no stamp: "
        "their latency includes the tester's own lag."
    )


def _clock(ledger: Ledger) -> list[str]:
    estimated = [known for known in ledger.clocks.values() if not known["same"] and known["windows"]]
    if not estimated:
        return []
    return [_offset(estimated[0]), _steps(max(estimated, key=lambda known: len(known["steps"])), ledger.started_ns)]


def _offset(known: dict[str, Any]) -> str:
    (_, low, high, _), (_, last_low, last_high, _) = known["windows"][0], known["windows"][-1]
    return (
        f"The service's clock was {_ahead(low, high)} at the start of the run and {_ahead(last_low, last_high)} at its "
        "end; delivery and activity take that into account."
    )


def _ahead(low_ns: int, high_ns: int) -> str:
    middle_us, half_us = (low_ns + high_ns) / 2_000, (high_ns - low_ns) / 2_000
    side = "behind" if middle_us < 0 else "ahead of"
    return f"{latency_text(abs(middle_us))} (±{latency_text(half_us)}) {side} the tester's"


def _steps(known: dict[str, Any], started_ns: int) -> str:
    told = [_step(step, started_ns) for step in known["steps"][:_STEPS_NAMED]]
    if not told:
        return ""
    more = known["steps_found"] - len(told)
    return f"A clock was set during the run: {'; '.join(told)}{f'; and {more} times more' if more else ''}."


def _step(step: list[int], started_ns: int) -> str:
    after_ns, before_ns, low_ns, high_ns = step
    jump_us = (low_ns + high_ns) / 2_000
    direction = "back" if jump_us < 0 else "forward"
    between = f"between {(after_ns - started_ns) / 1e9:.1f} s and {(before_ns - started_ns) / 1e9:.1f} s"
    return f"the service's by {latency_text(abs(jump_us))} {direction} against the tester's, {between}"


def _probes(ledger: Ledger, options: Namespace, *, embedded: bool) -> str:
    problem = tester.clock_problem(ledger)
    if problem:
        return f"The service's clock was not probed as it should be: {problem}."
    if embedded or not probes_clock(options):
        return ""
    return (
        f"To learn the service's time, each process created and deleted a task with the run's mark every "
        f"{options.clock_probe:g} s; --clock-probe 0 turns that off."
    )


def _recording(options: Namespace) -> str:
    if not options.replay:
        return ""
    return "The streams played a recording; events of a recording are nobody's loss and are not verified."

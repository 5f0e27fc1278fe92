"""A long run as its workers would have told it: `python -m benchmarks.synthetic` merges, judges and reports it.

The deltas are those that `run.run.Run` hands out, filled with deliveries that never were; what is timed is what
the master does with them. Time goes by as fast as that allows.
"""

from __future__ import annotations

from locust.argument_parser import get_parser
from locust.env import Environment

import argparse
import random
import resource
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.messages import say
from benchmarks.resources import pin
from config.options import add_options
from reports.write import write_results
from run.ledger import Ledger
from run.outcome.facts import RunFacts
from run.outcome.result import assemble, judged_rows
from run.outcome.rows import thresholds
from run.run import Run
from studio.contract import Envelope, EventKey
from studio.verify.actions import Action
from studio.verify.capture import Capture

WORKERS = 4
STREAMS = 250
"""Of each worker."""
EVENTS = 10
"""A second, each to all streams."""
REPORT_S = 3
"""Locust's workers report so often."""

_SECOND_NS = 1_000_000_000
_TYPE = "task.created"
_DIFFERENT = 5000
_COALESCED = 0.2
_MS = 1_000_000


class Worker:
    """What one worker says."""

    def __init__(self, environment: Environment, options: Namespace, seed: int, started_ns: int) -> None:
        self._run = Run(environment, options)
        self._capture = Capture(settle_ns=int(options.settle * 1e9))
        dice = random.Random(seed)
        self._bounds = [_delivery(dice) for _ in range(_DIFFERENT)]
        self._seed = seed
        for stream in range(STREAMS):
            self._capture.stream_opened(stream, started_ns)

    def live(self, second_ns: int) -> None:
        """A second of the run goes by."""
        for number in range(EVENTS):
            at_ns = second_ns + number * _SECOND_NS // EVENTS
            self._event(at_ns, f"{at_ns}")
        recorder = self._run.recorder
        deliveries = EVENTS * STREAMS
        recorder.record_many("lag", [value for _, value, _ in self._bounds[:deliveries]], second_ns)
        recorder.record_many("loop_lag", [value for _, value, _ in self._bounds[:20]], second_ns)
        recorder.record_many("rtt", [value for _, value, _ in self._bounds[:200]], second_ns)
        recorder.count("deliveries", deliveries, _TYPE)
        recorder.count("stamps_kernel", deliveries)
        recorder.count("coalesced", int(_COALESCED * deliveries))

    def _event(self, at_ns: int, name: str) -> None:
        fields = {"type": _TYPE, "task_id": name, "title": name}
        envelope = Envelope(name, _TYPE, at_ns, _MS, fields)
        start = at_ns % (_DIFFERENT - STREAMS)
        bounds = self._bounds[start : start + STREAMS]
        for stream, (_, value_ns, _) in enumerate(bounds):
            self._capture.arrived(stream, envelope, at_ns + value_ns, replayed=False)
        self._run.recorder.record_bounds_many("delivery", bounds, at_ns, _TYPE)
        if not self._seed:
            key = EventKey(name, _TYPE, "")
            self._capture.acted(Action("create", name, name, at_ns, at_ns + _MS, True, key, ""))
            self._run.recorder.record("trigger", 2 * _MS, at_ns, _TYPE)

    def tell(self, now_ns: int) -> dict[str, Any]:
        """Everything since the last call, at a moment of the run's own time."""
        return {**self._run.take(), "events": self._capture.take(now_ns)}


def _delivery(dice: random.Random) -> tuple[int, int, int]:
    value = int(dice.lognormvariate(0.7, 0.5) * _MS)
    width = int(dice.random() * 2 * _MS) if dice.random() < _COALESCED else 0
    return max(value - width - _MS, 0), value, value


class Master:
    """What the local or master process does with it, and how long that takes."""

    def __init__(self, environment: Environment, options: Namespace, started_ns: int) -> None:
        self._environment = environment
        self._options = options
        self._ledger = Ledger(options, owes_events=True, started_ns=started_ns)
        self.merged_s = 0.0

    def merge(self, told: list[dict[str, Any]], now_ns: int) -> None:
        """Take in what the workers say, and judge what has settled."""
        begun = time.perf_counter()
        for number, delta in enumerate(told):
            self._ledger.add(f"worker {number + 1}", delta)
        self._ledger.judge.settle(now_ns)
        self.merged_s += time.perf_counter() - begun

    def conclude(self, folder: Path) -> dict[str, float | int]:
        """The end of the run: the last judgement, the rows, the result and its reports."""
        begun = time.perf_counter()
        self._ledger.finish(time.time_ns())
        facts, stats = self._facts(), self._environment.stats
        judged = judged_rows(facts, stats, self._ledger)
        verdict_s = time.perf_counter() - begun
        result = assemble(facts, stats, self._ledger, judged)
        write_results(folder, result, self._ledger.series)
        histogram = self._ledger.series.histogram("delivery")
        return {
            "deliveries": histogram.count if histogram else 0,
            "lost": self._ledger.judge.tally.lost,
            "merge_s": self.merged_s,
            "verdict_s": verdict_s,
            "report_s": time.perf_counter() - begun - verdict_s,
            "rows": len(judged),
        }

    def _facts(self) -> RunFacts:
        return RunFacts(
            options=self._options,
            host=str(self._environment.host),
            embedded=False,
            users=None,
            user_classes=["Watcher"],
            owes_events=True,
            executes=False,
            thresholds=thresholds(self._options, WORKERS * STREAMS),
        )


def _seconds(deliveries: int) -> int:
    return max(round(deliveries / (WORKERS * STREAMS * EVENTS)), REPORT_S)


def _moments(started_ns: int, seconds: int) -> Iterator[tuple[int, bool]]:
    """The start of each second, and whether the workers report at its end."""
    for second in range(seconds):
        yield started_ns + second * _SECOND_NS, second % REPORT_S == REPORT_S - 1 or second == seconds - 1


def live_through(deliveries: int, folder: Path) -> dict[str, float | int]:
    """The whole run; returns what it took. Memory is the peak of this process, which also plays the workers, in MiB."""
    parser = get_parser(default_config_files=[])
    add_options(parser)
    options = parser.parse_args([])
    options.run_id = "lt-benchmark"
    environment = Environment(parsed_options=options, host="http://127.0.0.1:1")
    seconds = _seconds(deliveries)
    started_ns = time.time_ns() - seconds * _SECOND_NS
    master = Master(environment, options, started_ns)
    workers = [Worker(environment, options, seed, started_ns) for seed in range(WORKERS)]
    for at_ns, reports in _moments(started_ns, seconds):
        for worker in workers:
            worker.live(at_ns)
        if reports:
            now_ns = at_ns + _SECOND_NS
            master.merge([worker.tell(now_ns) for worker in workers], now_ns)
    before_mib = _peak_mib()
    found = master.conclude(folder)
    return {**found, "seconds": seconds, "before_mib": before_mib, "peak_mib": _peak_mib()}


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """One run as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.synthetic", description=__doc__)
    parser.add_argument("--deliveries", type=int, required=True)
    parser.add_argument("--core", type=int, help="the core to run on")
    options = parser.parse_args()
    pin(options.core)
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        say(report=live_through(options.deliveries, Path(folder)))


if __name__ == "__main__":
    main()

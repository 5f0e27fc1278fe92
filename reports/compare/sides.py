"""The runs of each side: read from their folders, and whether they can be compared at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from locust_eventsource.measure.hlog import read_hlog
from reports.compare.change import Seconds, seconds_of
from reports.model import RESULT_FILE, Result, load

_OF_NO_ACCOUNT: Final = frozenset({"threshold", "results-dir", "studio-seed", "header", "fault", "as-found"})
"""Options that do not make a run another kind of run: what it is judged by, where it is written, and what may be tried
to be told apart."""


class Side(NamedTuple):
    """One or several runs of the same."""

    folders: list[Path]
    results: list[Result]

    def seconds(self, metric: str) -> Seconds:
        """The latencies of a metric, run by run, by the second. Raises OSError or ValueError naming the file."""
        return seconds_of([_counts(folder / f"{metric}.hlog") for folder in self.folders])

    @property
    def metrics(self) -> set[str]:
        """Metrics of which every run has samples."""
        return set.intersection(*({path.stem for path in folder.glob("*.hlog")} for folder in self.folders))

    def lost(self, metric: str) -> int:
        """Deliveries that never came."""
        return sum(result.deliveries.lost for result in self.results) if metric == "delivery" else 0


def read_side(folders: Sequence[Path]) -> Side:
    """Read the results of all folders. Raises `reports.model.ResultError`."""
    return Side(list(folders), [load(folder / RESULT_FILE) for folder in folders])


def _counts(path: Path) -> list[dict[int, int]]:
    try:
        return [interval.histogram.counts for interval in read_hlog(path)]
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def unlike(base: Side, new: Side) -> list[str]:
    """In what the runs differ besides the service, one sentence each; empty when they are alike."""
    first, *others = [*base.results, *new.results]
    found: dict[str, None] = {}
    for other in others:
        for name, was, other_is in _differences(first, other):
            found[f"{name}: {was} against {other_is}"] = None
    return list(found)


def _differences(one: Result, other: Result) -> list[tuple[str, object, object]]:
    facts = [
        ("users", one.run.users, other.run.users),
        ("user classes", " ".join(one.run.user_classes), " ".join(other.run.user_classes)),
        ("processes", one.run.processes, other.run.processes),
        ("embedded Studio", one.run.embedded, other.run.embedded),
        ("machine of the tester", one.run.platform, other.run.platform),
        *(
            (f"--{name}", one.run.options.get(name), other.run.options.get(name))
            for name in sorted({*one.run.options, *other.run.options} - _OF_NO_ACCOUNT)
        ),
    ]
    differing = [fact for fact in facts if fact[1] != fact[2]]
    shorter, longer = sorted((one.run.duration_s, other.run.duration_s))
    if longer > 2 * shorter:
        differing.append(("duration", f"{one.run.duration_s:.0f} s", f"{other.run.duration_s:.0f} s"))
    return differing

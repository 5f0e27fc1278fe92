"""A collected test suite, run again and again in forks."""

from __future__ import annotations

import json
import math
import os
import resource
import select
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

import coverage
import pytest

from tests.support.mutation.mutants import Mutant
from tests.support.mutation.swap import swap_in

LEAST_WITHIN_S: Final = 10.0
"""The least processor time that a mutant's tests get before it counts as noticed, since it no longer ends."""
_SLOWER: Final = 5.0
_PLUGINS: Final = ("xdist", "cov", "cacheprovider", "terminal")
_KILLED, _SURVIVED = 0, 1


class BrokenSuite(Exception):
    """The tests fail without a mutant; the message is one line."""


class Coverage(NamedTuple):
    """Which tests run which line, and how long each takes."""

    tests: Mapping[tuple[str, int], frozenset[str]]
    """(file, line) -> ids of tests."""
    took_s: Mapping[str, float]
    """Processor time, which does not depend on what else the machine does."""

    def of(self, mutant: Mutant) -> list[str]:
        """The tests that run the mutant's lines, the quickest first."""
        path = str(mutant.path.resolve())
        ids = {test for line in mutant.lines for test in self.tests.get((path, line), ())}
        return sorted(ids, key=lambda test: self.took_s[test])


class Running(NamedTuple):
    """A fork that tries a mutant."""

    mutant: Mutant
    pid: int


def with_collected(paths: Sequence[str], use: Callable[[Suite], None]) -> int:
    """Collect the tests under the paths and hand them over; returns pytest's exit code. Raise ``BrokenSuite``."""
    takeover = _Takeover(use)
    arguments = [part for name in _PLUGINS for part in ("-p", f"no:{name}")]
    code = int(pytest.main([*arguments, *paths], plugins=[takeover]))
    if takeover.refused is not None:
        raise takeover.refused
    return code


class _Takeover:
    """Takes pytest's place once it has collected."""

    def __init__(self, use: Callable[[Suite], None]) -> None:
        self._use = use
        self.refused: BrokenSuite | None = None

    def pytest_collection(self) -> None:
        """The hook before pytest imports the tests: the same examples for every mutant, and none remembered."""
        # Imported any sooner, its assertions could not be rewritten.
        from hypothesis import settings

        settings.register_profile("mutation", derandomize=True, database=None)
        settings.load_profile("mutation")

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """The hook in which pytest would run the tests."""
        if session.testsfailed:
            raise session.Interrupted(f"{session.testsfailed} errors during collection")
        # pytest turns what is raised in here into a report of its own.
        try:
            self._use(Suite(session))
        except BrokenSuite as reason:
            self.refused = reason
        return True


class Suite:
    """The tests of a session."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._items = {item.nodeid: item for item in session.items}

    def coverage(self, sources: Iterable[Path], slowest_s: float) -> Coverage:
        """Run everything once, in a fork, and see which test runs which line. Raise ``BrokenSuite``.

        Tests that take more than ``slowest_s`` of processor time are left out: each survivor would have to sit through
        them.
        """
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            self._tell_coverage(write, [str(path.resolve()) for path in sources])
        os.close(write)
        with open(read, "rb") as pipe:
            told = json.loads(pipe.read() or b"{}")
        os.waitpid(pid, 0)
        if told.get("failed", True):
            raise BrokenSuite("the tests fail without a mutant: run pytest on them first")
        quick = {test: took_s for test, took_s in told["took_s"].items() if took_s <= slowest_s}
        lines = {(path, line): frozenset(tests) & quick.keys() for path, line, tests in told["lines"]}
        return Coverage(lines, quick)

    def survivors(
        self, mutants: Sequence[Mutant], covered: Coverage, processes: int, said: Callable[[int, int], None]
    ) -> list[Mutant]:
        """Try every mutant, several at a time; ``said`` is told how many of how many have been tried."""
        waiting, running, found, tried = list(reversed(mutants)), list[Running](), [], 0
        while waiting or running:
            while waiting and len(running) < processes:
                running.append(self._try(waiting.pop(), covered))
            for ended, survived in _ended(running):
                running.remove(ended)
                tried += 1
                said(tried, len(mutants))
                if survived:
                    found.append(ended.mutant)
        return sorted(found, key=lambda mutant: (mutant.path, mutant.lines.start))

    def _try(self, mutant: Mutant, covered: Coverage) -> Running:
        tests = covered.of(mutant)
        within_s = max(LEAST_WITHIN_S, _SLOWER * sum(covered.took_s[test] for test in tests))
        pid = os.fork()
        if pid == 0:
            resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(within_s), math.ceil(within_s) + 1))
            self._judge(mutant, tests)
        return Running(mutant, pid)

    def _judge(self, mutant: Mutant, tests: Sequence[str]) -> NoReturn:
        """In a fork: run the tests against the mutant and end."""
        code = _KILLED
        try:
            _be_silent()
            swap_in(mutant.code)
            code = _SURVIVED if all(map(self._passes, tests)) else _KILLED
        finally:
            os._exit(code)

    def _tell_coverage(self, write: int, sources: list[str]) -> NoReturn:
        """In a fork: run all tests under coverage, write what they ran, and end."""
        try:
            _be_silent()
            measured = coverage.Coverage(config_file=False, data_file=None, include=sources)
            took_s, failed = {}, False
            measured.start()
            for test in self._items:
                measured.switch_context(test)
                began = time.process_time()
                failed = not self._passes(test) or failed
                took_s[test] = time.process_time() - began
            measured.stop()
            told = {"failed": failed, "took_s": took_s, "lines": _lines(measured.get_data())}
            with open(write, "wb") as pipe:
                pipe.write(json.dumps(told).encode())
        finally:
            os._exit(0)

    def _passes(self, test: str) -> bool:
        failed_before = self._session.testsfailed
        item = self._items[test]
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        return self._session.testsfailed == failed_before


def _lines(data: coverage.CoverageData) -> list[tuple[str, int, list[str]]]:
    found: dict[tuple[str, int], list[str]] = defaultdict(list)
    for path in data.measured_files():
        for line, contexts in data.contexts_by_lineno(path).items():
            found[path, line] += [context for context in contexts if context]
    return [(path, line, tests) for (path, line), tests in found.items()]


def _ended(running: Sequence[Running]) -> list[tuple[Running, bool]]:
    """The forks that are over; waits a little where none is."""
    found = []
    for each in running:
        pid, status = os.waitpid(each.pid, os.WNOHANG)
        if pid:
            found.append((each, os.waitstatus_to_exitcode(status) == _SURVIVED))
    if not found:
        select.select([], [], [], 0.002)
    return found


def _be_silent() -> None:
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.dup2(nothing, 2)

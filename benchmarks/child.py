"""A child process that is spoken to in lines: commands on its standard input, JSON messages from its output."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from benchmarks.messages import parse

_END_WITHIN_S = 5.0


class ChildFailed(Exception):
    """A process of the benchmark ended or fell silent before it had said what it owes."""


class Child:
    """One program, with ``options`` as ``--name value`` (None: left out). Leaving the context ends the process.

    It runs in a process group of its own, so that Ctrl-C reaches the driver alone, which then ends its children.
    ``environment`` is set beside the driver's own variables.
    """

    def __init__(
        self, command: Sequence[str], options: Mapping[str, object], environment: Mapping[str, str] | None = None
    ) -> None:
        self._name = command[-1].rpartition("/")[2]
        self._pending = b""
        self._process = subprocess.Popen(
            [*command, *_as_arguments(options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._process
        if process.stdin is not None:
            process.stdin.close()
        if error is not None:
            process.terminate()
        try:
            process.wait(_END_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def tell(self, line: bytes) -> None:
        """Write one line to the child. Raises `ChildFailed` when it has gone."""
        if self._process.stdin is None:
            return
        try:
            self._process.stdin.write(line)
        except BrokenPipeError as error:
            raise ChildFailed(f"{self._name} ended before it was told {line!r}") from error

    def hear(self, key: str, within_s: float) -> Any:  # noqa: ANN401
        """What the child's next message says under ``key``. Raises `ChildFailed` when no such message comes in time."""
        deadline = time.monotonic() + within_s
        while b"\n" not in self._pending:
            self._pending += self._read(deadline, key, within_s)
        line, _, self._pending = self._pending.partition(b"\n")
        message = parse(line.decode())
        if key not in message:
            raise ChildFailed(f"{self._name} said {message} instead of {key!r}")
        return message[key]

    def _read(self, deadline: float, key: str, within_s: float) -> bytes:
        stdout = self._process.stdout
        if stdout is None or not select.select([stdout], [], [], max(deadline - time.monotonic(), 0))[0]:
            raise ChildFailed(f"{self._name} did not say {key!r} within {within_s:g} s")
        data: bytes = stdout.read(65536) or b""
        if not data:
            raise ChildFailed(f"{self._name} ended before it said {key!r} (exit code {self._process.wait()})")
        return data


def python(module: str) -> list[str]:
    """The command that runs a module with this Python."""
    return [sys.executable, "-m", module]


def _as_arguments(options: Mapping[str, object]) -> list[str]:
    arguments: list[str] = []
    for name, value in options.items():
        if value is None or value is False:
            continue
        arguments.append("--" + name.replace("_", "-"))
        if isinstance(value, list | tuple):
            arguments += map(str, value)
        elif value is not True:
            arguments.append(str(value))
    return arguments

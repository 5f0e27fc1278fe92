"""A child process that is spoken to in lines: commands on its standard input, JSON messages from its output."""

from __future__ import annotations

import select
import subprocess
import sys
import time
from types import TracebackType
from typing import Any

from benchmarks.messages import parse

_END_WITHIN_S = 5.0


class ChildFailed(Exception):
    """A process of the benchmark ended or fell silent before it had said what it owes."""


class Child:
    """One module run by this Python. Leaving the context ends the process.

    It runs in a process group of its own, so that Ctrl-C reaches the driver alone, which then ends its children.
    """

    def __init__(self, module: str, **options: object) -> None:
        given = [part for name, value in options.items() if value is not None for part in (f"--{name}", str(value))]
        self._module = module
        self._pending = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,
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

    def tell(self, line: bytes) -> None:
        """Write one line to the child."""
        if self._process.stdin is not None:
            self._process.stdin.write(line)

    def hear(self, key: str, within_s: float) -> Any:  # noqa: ANN401
        """What the child's next message says under ``key``. Raises `ChildFailed` when no such message comes in time."""
        deadline = time.monotonic() + within_s
        while b"\n" not in self._pending:
            self._pending += self._read(deadline, key, within_s)
        line, _, self._pending = self._pending.partition(b"\n")
        message = parse(line.decode())
        if key not in message:
            raise ChildFailed(f"{self._module} said {message} instead of {key!r}")
        return message[key]

    def _read(self, deadline: float, key: str, within_s: float) -> bytes:
        stdout = self._process.stdout
        if stdout is None or not select.select([stdout], [], [], max(deadline - time.monotonic(), 0))[0]:
            raise ChildFailed(f"{self._module} did not say {key!r} within {within_s:g} s")
        data: bytes = stdout.read(65536) or b""
        if not data:
            raise ChildFailed(f"{self._module} ended before it said {key!r} (exit code {self._process.wait()})")
        return data

"""Who can be measured: each reader's name, title and command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.child import python
from benchmarks.native import BuildFailed, build


@dataclass(frozen=True, slots=True)
class Program:
    """A reader in a process of its own.

    ``command`` raises `Unavailable` where this machine cannot run it. ``stamps``: it writes the stamps of all events,
    so that they can be held against the truth; the others report their own percentiles.
    """

    name: str
    title: str
    command: Callable[[], list[str]]
    stamps: bool = True
    environment: dict[str, str] = field(default_factory=dict)


class Unavailable(Exception):
    """A program cannot run on this machine; says why."""


def compiled(name: str) -> list[str]:
    """The command of a compiled program, made where it is missing. Raises `Unavailable`."""
    try:
        return [str(build(name))]
    except BuildFailed as error:
        raise Unavailable(str(error)) from error


def _compiled(name: str) -> Callable[[], list[str]]:
    return lambda: compiled(name)


def _k6() -> list[str]:
    from benchmarks.readers import k6

    if reason := k6.missing():
        raise Unavailable(reason)
    return python("benchmarks.readers.k6")


def _module(name: str) -> Callable[[], list[str]]:
    return lambda: python(f"benchmarks.readers.{name}")


_PYTHON_READER = {"LOCUST_EVENTSOURCE_READER": "python"}
_LOCUST = {"LOCUST_SKIP_MONKEY_PATCH": ""}
"""As the locust command runs, whatever the process that starts the benchmark has set for itself."""

READERS = {
    program.name: program
    for program in (
        Program("c", "C, epoll and recvmsg (the limit)", _compiled("epoll_reader")),
        Program("ours", "ours: EventStream", _module("ours")),
        Program("ours_python", "ours without the compiled reader", _module("ours"), environment=_PYTHON_READER),
        Program("ours_locust", "ours in Locust, a user a stream", _module("ours_locust"), environment=_LOCUST),
        Program("naive", "requests + sseclient-py, a greenlet each", _module("naive")),
        Program(
            "locust_naive",
            "Locust, requests + sseclient-py, a request an event",
            _module("locust_naive"),
            environment=_LOCUST,
        ),
        Program("go", "Go, net/http and bufio", _compiled("go_reader")),
        Program("k6", "k6 with xk6-sse", _k6, stamps=False),
    )
}
"""All readers by name, in the order in which they run."""

"""The parts of the benchmark, each a question of its own."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.bench import Bench
from benchmarks.parts import accuracy, connects, cpu, memory, needle, rate, report, scale, verification
from benchmarks.section import Section

PARTS: dict[str, Callable[[Bench], Section]] = {
    "cpu": cpu.measure,
    "accuracy": accuracy.measure,
    "rate": rate.measure,
    "connects": connects.measure,
    "memory": memory.measure,
    "scale": scale.measure,
    "report": report.measure,
    "verification": verification.measure,
    "needle": needle.measure,
}
"""All parts by name, in the order in which they run."""

"""Cores, memory and processor time of a process, and of the machine."""

from __future__ import annotations

import os
import platform
import resource
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("gevent", "httptools", "sseclient-py", "requests", "urllib3")
_SPARE_FILES = 64
_NS_PER_TICK = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def cores() -> list[int]:
    """The cores that this process may use; empty where the system does not pin processes."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def pin(core: int | None) -> None:
    """Stay on one core, if one is given."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def cpu_ns() -> int:
    """User and system time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return int((usage.ru_utime + usage.ru_stime) * 1e9)


def process_cpu_ns(pid: int) -> int:
    """User and system time of a process and all its threads (Linux, proc_pid_stat(5)); 0 when it has gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return (int(fields[11]) + int(fields[12])) * _NS_PER_TICK


def core_idle_ns(core: int) -> int:
    """How long a core has been idle (Linux, proc_stat(5))."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            return (int(ticks[3]) + int(ticks[4])) * _NS_PER_TICK
    raise ValueError(f"there is no core {core}")


def resident_kib() -> float:
    """The resident set of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


def allow_files(connections: int) -> str | None:
    """Raise the soft limit on open files to the hard one; says what is wrong when that is not enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = connections + _SPARE_FILES
    if soft >= needed or soft == resource.RLIM_INFINITY:
        return None
    if hard != resource.RLIM_INFINITY and hard < needed:
        return f"{connections} connections need {needed} open files and this shell allows {hard}: raise `ulimit -Hn`"
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed if hard == resource.RLIM_INFINITY else hard, hard))
    return None


def machine() -> str:
    """The machine and the versions, for whoever compares figures."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{os.cpu_count()} cores ({_processor()}), {platform.system()} {platform.release()}, "
        f"{platform.python_implementation()} {platform.python_version()}, {packages}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()

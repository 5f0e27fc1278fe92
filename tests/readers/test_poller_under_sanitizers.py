"""The poller's C code does nothing that the sanitizers object to, whatever comes and whenever it is closed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import locust_eventsource.transport.compiled as compiled

SOURCES = ("poller.c", "reading.c", "body.c", "records.c")


@pytest.mark.parametrize("sanitizer", ["address,undefined", "thread"])
def test_random_work_is_clean(sanitizer: str, tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    folder = Path(compiled.__file__).parent
    program = tmp_path / "trial"
    trial = Path(__file__).with_name("poller_trial.c")
    flags = ["-g", "-O1", "-Wall", "-Wextra", "-Wshadow", "-Werror", f"-fsanitize={sanitizer}", "-fno-sanitize-recover"]
    sources = [str(folder / name) for name in SOURCES]
    built = subprocess.run(
        [compiler, *flags, f"-I{folder}", str(trial), *sources, "-lpthread", "-o", str(program)],
        capture_output=True,
        text=True,
    )
    if "cannot find" in built.stderr:
        pytest.skip(f"the compiler has no {sanitizer} sanitizer")
    assert built.returncode == 0, built.stderr
    for seed in ("1", "2"):
        ran = subprocess.run([str(program), seed], capture_output=True, text=True, timeout=100)
        assert ran.returncode == 0, ran.stdout + ran.stderr

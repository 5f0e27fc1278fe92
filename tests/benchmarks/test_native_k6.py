"""k6 is followed from outside; a program that speaks as k6 does stands in for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.child import Child, ChildFailed, python
from benchmarks.messages import reader_report
from benchmarks.readers import k6

WITHIN_S = 30.0
OPTIONS: dict[str, object] = {"url": "http://127.0.0.1:1/events", "connections": 2, "events": 3}
SPEAKS_LIKE_K6 = """
import signal, sys
if sys.argv[1] == "version":
    print("k6 v1.1.0\\nExtensions:\\n  github.com/phymbert/xk6-sse v0.1.11, EXTENSION [js]")
    sys.exit()
def summary(*_):
    print('{"p50_ms": 9, "p99_ms": 19, "max_ms": 20, "delivered": 5, "duplicated": 1, "reordered": 0, "broken": 1}')
    sys.exit(105)
signal.signal(signal.SIGINT, summary)
assert {"URL=http://127.0.0.1:1/events", "CONNECTIONS=2", "EVENTS=3"} <= set(sys.argv)
for line in LINES:
    print(line, file=sys.stderr, flush=True)
if "bench done" in LINES:
    signal.pause()
"""
RUN = ["bench open", "something else", "bench open", "bench done", "bench done"]


def place_k6(folder: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], extension: str = "k6/x/sse") -> None:
    """Put a k6 first on the PATH that logs these lines."""
    program = folder / "k6"
    body = SPEAKS_LIKE_K6.replace("EXTENSION", extension)
    program.write_text(f"#!{sys.executable}\nLINES = {lines}\n{body}")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)


def test_the_figures_of_k6_become_a_readers_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place_k6(tmp_path, monkeypatch, RUN)
    assert k6.missing() is None
    with Child(python("benchmarks.readers.k6"), OPTIONS) as child:
        assert child.hear("open", WITHIN_S) == 2
        report = reader_report(child.hear("report", WITHIN_S))
    assert (report.delivered, report.lost, report.duplicated, report.broken) == (5, 1, 1, 1)
    assert (report.p50_ms, report.p99_ms, report.max_ms) == (9, 19, 20)
    assert report.memory_mib > 0


def test_a_k6_that_ends_early_is_no_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place_k6(tmp_path, monkeypatch, ["bench open", "unknown module"])
    with Child(python("benchmarks.readers.k6"), OPTIONS) as child, pytest.raises(ChildFailed, match="ended before"):
        child.hear("open", WITHIN_S)


def test_a_k6_without_the_extension_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place_k6(tmp_path, monkeypatch, RUN, extension="k6/x/dns")
    assert k6.missing() == "this k6 has no k6/x/sse (build one with xk6-sse)"


def test_a_missing_k6_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert k6.missing() == "k6 is not on the PATH"


MODULES_OF_K6 = """
const added = {};
class Metric { constructor(name) { added[this.name = name] = []; } add(value) { added[this.name].push(value); } }
const Counter = Metric, Trend = Metric;
const __ENV = { CONNECTIONS: '1', EVENTS: '3', URL: 'http://source/events' }, __VU = 1;
let opened;
const sse = { open(url, _, setup) {
  opened = url;
  const handlers = {};
  setup({ on(name, handler) { handlers[name] = handler; } });
  handlers.open();
  const sent = (Date.now() - 5000) * 1e6;
  for (const number of [0, 2, 1, 1]) handlers.event({ data: `${sent} 0 ${number} xxx` });
  handlers.event({ data: '' });
} };
"""
ASSERTS = """
run();
const count = (name) => added[`bench_${name}`].length;
const counts = ['delivered', 'duplicated', 'reordered', 'broken'].map(count);
if (String(counts) !== '3,1,1,0') throw new Error(`counted ${counts}`);
if (added.bench_latency.length !== 4 || added.bench_latency[0] < 5000) throw new Error('wrong latencies');
if (opened !== 'http://source/events?c=0') throw new Error(opened);
const metrics = { bench_delivered: { values: { count: 3 } }, bench_latency: { values: { 'p(50)': 7 } } };
const figures = JSON.parse(handleSummary({ metrics }).stdout);
if (figures.p50_ms !== 7 || figures.delivered !== 3 || figures.broken !== 0) throw new Error('wrong figures');
"""


def test_the_script_accounts_for_events(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no node to run the script without k6")
    script = k6.SCRIPT.read_text()
    lines = [line for line in script.splitlines() if not line.startswith("import ")]
    plain = "\n".join(lines).replace("export default function ()", "function run()").replace("export ", "")
    program = tmp_path / "script.js"
    program.write_text(MODULES_OF_K6 + plain + ASSERTS)
    done = subprocess.run([node, program], capture_output=True, text=True, timeout=WITHIN_S, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split("\n") == ["bench open", "bench done", ""]

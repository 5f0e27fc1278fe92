"""The package's names load when they are used; streams work with and without gevent's monkey patching."""

from __future__ import annotations

import subprocess
import sys

import pytest

import locust_eventsource
from tests.support.scripted_server import Peer, ScriptedServer

READ_ONE = """
from locust_eventsource import EventStream
stream = EventStream({url!r})
stream.listen()
stream.start()
print(stream.wait(20).event.data)
stream.close()
"""


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def loaded_after(code: str) -> set[str]:
    return set(run(f"import sys\n{code}\nprint(*sys.modules, sep='\\n')").split())


def test_importing_the_package_imports_neither_locust_nor_gevent_nor_requests() -> None:
    loaded = loaded_after("import locust_eventsource")
    assert not {"locust", "gevent", "requests"} & loaded


def test_a_stream_needs_no_locust() -> None:
    loaded = loaded_after("from locust_eventsource import EventStream, StreamSettings, Event, IncompleteRead")
    assert "gevent" in loaded
    assert "locust" not in loaded


def test_every_name_on_offer_can_be_had() -> None:
    names = sorted(locust_eventsource.__all__)
    run("import locust_eventsource\n" + "\n".join(f"locust_eventsource.{name}" for name in names))
    assert set(names) <= set(dir(locust_eventsource))


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nothing_such"):
        locust_eventsource.nothing_such  # noqa: B018


@pytest.mark.parametrize("before", ["", "from gevent import monkey; monkey.patch_all()"], ids=["plain", "patched"])
def test_a_stream_works_with_and_without_monkey_patching(before: str) -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk("data: hello\n\n")
        peer.wait_for_close()

    with ScriptedServer(script) as server:
        assert run(before + READ_ONE.format(url=server.url())) == "hello\n"

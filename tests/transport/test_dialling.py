"""Dialling tells its phases apart, tries every address and leaves nothing behind."""

from __future__ import annotations

import _socket
from pathlib import Path

import gevent
import pytest

from locust_eventsource.errors import ConnectionLost, DialError, NetworkError
from locust_eventsource.transport import dial as dial_module
from locust_eventsource.transport.dial import Dial, Dialled
from locust_eventsource.transport.target import Target
from locust_eventsource.transport.tls import client_context
from tests.support.scripted_server import Gate, Peer, ScriptedServer
from tests.support.scripted_server_streams import eventually, self_signed, sockets_to

REQUEST = b"GET / HTTP/1.1\r\n\r\n"


def wait_for_close(peer: Peer) -> None:
    peer.wait_for_close()


def outcome_of(
    port: int, *, host: str = "127.0.0.1", timeout_s: float = 10.0, ca: Path | None = None
) -> Dialled | NetworkError:
    outcomes: list[Dialled | NetworkError] = []
    context = client_context(str(ca), True) if ca else None
    Dial(Target(ca is not None, host, port, "/"), REQUEST, context=context, timeout_s=timeout_s, done=outcomes.append)
    eventually(lambda: outcomes, "an outcome of the dial")
    return outcomes[0]


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: tuple[str, int]) -> None:
    family, kind = int(_socket.AF_INET), int(_socket.SOCK_STREAM)
    monkeypatch.setattr(dial_module, "_lookup", lambda host, port: [(family, kind, 0, each) for each in addresses])


def unused_port() -> int:
    sock = _socket.socket()
    sock.bind(("127.0.0.1", 0))
    port: int = sock.getsockname()[1]
    sock.close()
    return port


def test_a_dial_ends_with_the_request_sent_and_its_phases_timed() -> None:
    with ScriptedServer(wait_for_close) as server:
        dialled = outcome_of(server.port)
        assert isinstance(dialled, Dialled)
        eventually(lambda: server.requests, "the request")
        timing = dialled.timing
        assert timing.address == f"127.0.0.1:{server.port}"
        assert timing.sent_ns == timing.started_ns + timing.tcp_ns
        assert (timing.tls_ns, dialled.tls) == (0, None)
        dialled.socket.close()


def test_tls_is_timed_apart_from_tcp(tmp_path: Path) -> None:
    ca, context = self_signed(tmp_path, "127.0.0.1")
    with ScriptedServer(wait_for_close, context=context) as server:
        dialled = outcome_of(server.port, ca=ca)
        assert isinstance(dialled, Dialled)
        assert dialled.timing.tls_ns > 0
        assert dialled.timing.sent_ns == dialled.timing.started_ns + dialled.timing.tcp_ns + dialled.timing.tls_ns
        dialled.socket.close()


def test_each_address_is_tried_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    with ScriptedServer(wait_for_close) as server:
        resolve_to(monkeypatch, ("127.0.0.1", unused_port()), ("127.0.0.1", server.port))
        dialled = outcome_of(server.port, host="two.test")
        assert isinstance(dialled, Dialled)
        assert dialled.timing.address == f"127.0.0.1:{server.port}"
        dialled.socket.close()


def test_when_no_address_answers_each_failure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = unused_port(), unused_port()
    resolve_to(monkeypatch, *(("127.0.0.1", port) for port in ports))
    error = outcome_of(80, host="two.test")
    assert isinstance(error, DialError)
    assert error.phase == "tcp"
    for port in ports:
        assert f"127.0.0.1:{port}: Connection refused" in str(error)


def test_a_name_that_does_not_resolve_fails_in_the_dns_phase() -> None:
    error = outcome_of(80, host="nobody.invalid")
    assert isinstance(error, DialError)
    assert error.phase == "dns"
    assert "nobody.invalid" in str(error)


def test_a_name_that_cannot_be_one_fails_in_the_dns_phase() -> None:
    error = outcome_of(80, host="a" * 70 + "\u00e9.test")
    assert isinstance(error, DialError)
    assert error.phase == "dns"


def test_an_ipv6_address_is_dialled() -> None:
    try:
        server = ScriptedServer(wait_for_close, host="::1")
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with server:
        dialled = outcome_of(server.port, host="::1")
        assert isinstance(dialled, Dialled)
        assert dialled.timing.address == f"[::1]:{server.port}"
        dialled.socket.close()


def test_a_name_is_resolved_without_blocking_the_loop() -> None:
    with ScriptedServer(wait_for_close) as server:
        dialled = outcome_of(server.port, host="localhost")
        assert isinstance(dialled, Dialled)
        dialled.socket.close()


def test_a_server_that_says_nothing_in_the_handshake_runs_into_the_connect_timeout(tmp_path: Path) -> None:
    ca, _ = self_signed(tmp_path, "127.0.0.1")
    with ScriptedServer(wait_for_close, read_requests=False) as server:
        error = outcome_of(server.port, ca=ca, timeout_s=0.05)
        assert isinstance(error, DialError)
        assert error.phase == "tls"
        assert "connect timeout of 0.05 s" in str(error)


def test_a_server_that_closes_in_the_handshake_fails_in_the_tls_phase(tmp_path: Path) -> None:
    ca, _ = self_signed(tmp_path, "127.0.0.1")
    with ScriptedServer(lambda peer: None, read_requests=False) as server:
        error = outcome_of(server.port, ca=ca)
        assert isinstance(error, DialError)
        assert error.phase == "tls"


def test_a_request_that_the_server_does_not_take_runs_into_the_connect_timeout() -> None:
    gate = Gate()
    with ScriptedServer(lambda peer: gate.wait(), read_requests=False) as server:
        outcomes: list[Dialled | NetworkError] = []
        target = Target(False, "127.0.0.1", server.port, "/")
        Dial(target, bytes(32_000_000), context=None, timeout_s=0.2, done=outcomes.append)
        eventually(lambda: outcomes)
        gate.open()
        assert isinstance(outcomes[0], ConnectionLost)


def test_too_many_open_sockets_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_more(address: object) -> _socket.socket:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(dial_module, "_new_socket", no_more)
    assert "ulimit -n" in str(outcome_of(80))


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 4])
def test_a_cancelled_dial_has_no_socket_at_once_and_says_nothing(turns: int, tmp_path: Path) -> None:
    ca, _ = self_signed(tmp_path, "127.0.0.1")
    outcomes: list[Dialled | NetworkError] = []
    with ScriptedServer(wait_for_close, read_requests=False) as server:
        context = client_context(str(ca), True)
        target = Target(True, "127.0.0.1", server.port, "/")
        dial = Dial(target, REQUEST, context=context, timeout_s=10, done=outcomes.append)
        for _ in range(turns):
            gevent.sleep(0)
        dial.cancel()
        assert sockets_to(server.port) == 0
        gevent.sleep(0.01)
    assert outcomes == []

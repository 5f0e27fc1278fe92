"""TLS: checked by default, stamped by the kernel, told apart from plain ends."""

from __future__ import annotations

import ssl
import sys
from pathlib import Path

import pytest

from locust_eventsource.errors import DialError, Misuse
from locust_eventsource.stream import EventStream
from locust_eventsource.transport.tls import client_context
from tests.support.scripted_server import CLOSE_DELIMITED_HEAD, Peer, ScriptedServer
from tests.support.scripted_server_streams import Heard, eventually, self_signed, settings


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    return self_signed(tmp_path, "127.0.0.1", "localhost")


def one_event(peer: Peer) -> None:
    peer.open_stream()
    peer.chunk("data: x\n\n")
    peer.wait_for_close()


def test_a_trusted_certificate_opens_and_the_ciphertexts_stamp_serves(
    certificate: tuple[Path, ssl.SSLContext],
) -> None:
    ca, context = certificate
    heard = Heard()
    with ScriptedServer(one_event, context=context) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(ca=str(ca)))
        stream.start()
        eventually(lambda: heard.arrivals)
        stream.close()
    timing = heard.changes[1].timing
    assert timing is not None
    assert timing.tls_ns > 0
    assert timing.total_ns == timing.tcp_ns + timing.tls_ns + timing.wait_ns
    assert heard.arrivals[0].source == ("kernel" if sys.platform == "linux" else "user")


def test_an_unknown_certificate_fails_for_good_and_says_what_to_do(certificate: tuple[Path, ssl.SSLContext]) -> None:
    heard = Heard()
    with ScriptedServer(one_event, context=certificate[1]) as server:
        EventStream(server.url(), listener=heard, settings=settings()).start()
        change = heard.wait_for("failed")
    assert heard.states == ["connecting", "failed"]
    assert isinstance(change.error, DialError)
    assert change.error.phase == "tls"
    assert "certificate verify failed" in str(change.error)
    assert "verify=False" in str(change.error)


def test_a_certificate_for_another_name_fails(tmp_path: Path) -> None:
    ca, context = self_signed(tmp_path, "other.test")
    heard = Heard()
    with ScriptedServer(one_event, context=context) as server:
        EventStream(server.url(host="localhost"), listener=heard, settings=settings(ca=str(ca))).start()
        change = heard.wait_for("failed")
    assert "localhost" in str(change.error)


def test_without_verification_any_certificate_opens(tmp_path: Path) -> None:
    heard = Heard()
    with ScriptedServer(one_event, context=self_signed(tmp_path, "other.test")[1]) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(verify=False))
        stream.start()
        eventually(lambda: heard.arrivals)
        stream.close()


def test_a_directory_of_authorities_serves_too(tmp_path: Path) -> None:
    assert client_context(str(tmp_path), True).verify_mode is ssl.CERT_REQUIRED


def test_authorities_that_cannot_be_read_are_misuse_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "bad.pem").write_text("no certificate")
    for name in ("missing.pem", "bad.pem"):
        with pytest.raises(Misuse, match="PEM"):
            EventStream("https://127.0.0.1/", settings=settings(ca=str(tmp_path / name)))


@pytest.mark.parametrize(("alert", "errors"), [(True, []), (False, ["IncompleteRead"])])
def test_an_end_is_clean_only_with_tls_closing_alert(
    certificate: tuple[Path, ssl.SSLContext], alert: bool, errors: list[str]
) -> None:
    def script(peer: Peer) -> None:
        peer.send(CLOSE_DELIMITED_HEAD + b"data: x\n\n")
        if alert:
            peer.end_tls()

    ca, context = certificate
    heard = Heard()
    with ScriptedServer(script, context=context) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(ca=str(ca)))
        stream.start()
        heard.wait_for("reconnecting")
        stream.close()
    assert heard.data[:1] == ["x"]
    assert heard.errors == errors


def test_broken_records_are_a_lost_connection_and_what_came_before_is_delivered(
    certificate: tuple[Path, ssl.SSLContext],
) -> None:
    def script(peer: Peer) -> None:
        peer.open_stream()
        peer.chunk("data: x\n\n")
        peer.send_raw(b"\x17\x03\x03\x00\x20" + bytes(32))
        peer.wait_for_close()

    ca, context = certificate
    heard = Heard()
    with ScriptedServer(script, context=context) as server:
        stream = EventStream(server.url(), listener=heard, settings=settings(ca=str(ca)))
        stream.start()
        heard.wait_for("reconnecting")
        stream.close()
    assert heard.data[:1] == ["x"]
    assert heard.errors[:1] == ["ConnectionLost"]


def test_a_system_without_authorities_of_its_own_gets_those_of_certifi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssl, "create_default_context", lambda: ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    context = client_context.__wrapped__(None, True)
    assert context.cert_store_stats()["x509_ca"] > 50
    assert context.check_hostname

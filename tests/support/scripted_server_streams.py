"""What the tests of streams share: a listener that remembers, waiting for conditions, certificates."""

from __future__ import annotations

import _socket
import datetime
import ipaddress
import os
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import gevent
import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from locust_eventsource.protocol.reconnect import ReconnectPolicy
from locust_eventsource.stream import Arrival, EventStream, StateChange, StreamSettings
from locust_eventsource.transport import stamps

DEADLINE_S = 20.0
AT_ONCE = ReconnectPolicy(default_retry_ms=1, jitter=0, max_delay_ms=5, min_backoff_ms=1)


def settings(**changes: object) -> StreamSettings:
    """Settings that reconnect without delay."""
    return StreamSettings(**{"policy": AT_ONCE, **changes})  # type: ignore[arg-type]


def eventually(condition: Callable[[], object], what: str = "the condition") -> None:
    """Run the gevent loop until ``condition`` holds; fail after a deadline."""
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come about"
        gevent.sleep(0.002)


class Heard:
    """A listener that remembers everything."""

    def __init__(self) -> None:
        self.changes: list[StateChange] = []
        self.batches: list[list[Arrival]] = []

    def on_state(self, stream: EventStream, change: StateChange) -> None:
        """Remember the change."""
        self.changes.append(change)

    def on_arrivals(self, arrivals: list[Arrival]) -> None:
        """Remember the batch."""
        self.batches.append(arrivals)

    @property
    def states(self) -> list[str]:
        """The states in order."""
        return [change.state for change in self.changes]

    @property
    def arrivals(self) -> list[Arrival]:
        """All arrivals in order."""
        return [arrival for batch in self.batches for arrival in batch]

    @property
    def data(self) -> list[str]:
        """The data of all events in order."""
        return [arrival.event.data for arrival in self.arrivals]

    @property
    def errors(self) -> list[str]:
        """The type names of the errors, in order."""
        return [type(change.error).__name__ for change in self.changes if change.error is not None]

    def wait_for(self, state: str, times: int = 1) -> StateChange:
        """Wait until ``state`` has been announced ``times`` times; returns that change."""
        eventually(lambda: self.states.count(state) >= times, f"state {state} (so far {self.states})")
        return [change for change in self.changes if change.state == state][times - 1]


def open_sockets() -> set[str]:
    """The sockets that this process holds, apart from the one that keeps the kernel stamping."""
    with closing(_socket.socket()) as sock:
        stamps.enable(sock)
    found: set[str] = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


def sockets_to(port: int) -> int:
    """How many sockets of this process are connected to ``port`` on this machine."""
    connections = psutil.Process().net_connections("tcp")
    return sum(1 for each in connections if each.raddr and each.raddr.port == port)


def self_signed(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """A certificate for ``names`` (hosts or addresses), as the file to trust and the server's settings."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "scripted server")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_file, key_file)
    return cert_file, context


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)

"""TLS over memory: the ciphertext is read by our own socket, so its kernel stamp serves the plaintext too."""

from __future__ import annotations

import ssl
from functools import lru_cache

from locust_eventsource.errors import ConnectionLost, Misuse

_PIECE = 65536


@lru_cache(maxsize=32)
def client_context(ca: str | None, verify: bool) -> ssl.SSLContext:
    """A client's TLS settings, shared by every connection that asks for the same.

    Certificates and names are checked against the system's authorities (certifi's where the system has none), or
    against ``ca``, a PEM file or a directory of them. ``verify=False`` checks nothing.

    Raises `Misuse` when ``ca`` cannot be read.
    """
    try:
        context = _context_with(ca)
    except (OSError, ssl.SSLError) as error:
        raise Misuse(f"cannot read certificates from {ca!r} ({error}): give a PEM file") from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def _context_with(ca: str | None) -> ssl.SSLContext:
    if ca is not None:
        return _context_from(ca)
    context = ssl.create_default_context()
    if not context.cert_store_stats()["x509_ca"]:
        from certifi import where

        context.load_verify_locations(cafile=where())
    return context


def _context_from(ca: str) -> ssl.SSLContext:
    from pathlib import Path

    if Path(ca).is_dir():
        return ssl.create_default_context(capath=ca)
    return ssl.create_default_context(cafile=ca)


class TlsChannel:
    """One TLS client over two memory buffers: bytes in, bytes out, no socket.

    ``closed``: the peer has sent its closing alert (RFC 8446 section 6.1). ``error``: a record was broken or the peer
    sent a fatal alert (section 6.2).
    """

    __slots__ = ("_incoming", "_object", "_outgoing", "closed", "error")

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self.closed = False
        self.error: ConnectionLost | None = None
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=False, server_hostname=host)

    @property
    def inside_record(self) -> bool:
        """Whether the beginning of a record waits for its end."""
        return self._incoming.pending > 0

    def handshake(self, received: bytes) -> bool:
        """Go on with the handshake after ``received``; ``True`` when it is done. Raises ``ssl.SSLError``."""
        if received:
            self._incoming.write(received)
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    def encrypt(self, data: bytes) -> None:
        """Turn ``data`` into ciphertext for `to_send`."""
        self._object.write(data)

    def to_send(self) -> bytes:
        """The ciphertext that waits to be sent."""
        return self._outgoing.read()

    def decrypt(self, received: bytes) -> bytes:
        """The plaintext that ``received`` completes; sets `closed` or `error` when the channel is at its end."""
        self._incoming.write(received)
        pieces: list[bytes] = []
        try:
            while piece := self._object.read(_PIECE):
                pieces.append(piece)
            self.closed = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.closed = True
        except ssl.SSLError as error:
            self.error = ConnectionLost(f"the TLS channel broke: {error.reason or error}")
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

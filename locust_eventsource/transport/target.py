"""Where a request goes: the part of a URL that a connection needs."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from locust_eventsource.errors import Misuse

_HIGHEST_PORT = 65535
_PORTS = {"http": 80, "https": 443}
PLAIN_URL = re.compile(
    r"(https?)://([a-z0-9][a-z0-9.-]*)(?::([0-9]{1,5}))?(/[A-Za-z0-9/._~-]*(?:\?[A-Za-z0-9/._~=&-]+)?)"
)
"""URLs in which nothing has to be escaped or looked at twice: nearly all. One match takes them apart."""

# RFC 3986 section 2, and the percent sign: what is already escaped stays as it is.
_KEEP = "!#$%&'()*+,/:;=?@[]~"


class Target(NamedTuple):
    """One server and one resource on it: ``path`` is the request target (RFC 9112 section 3.2.1)."""

    tls: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the ``Host`` field (RFC 9112 section 3.2): the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.tls else "http"] else f"{host}:{self.port}"


@lru_cache(maxsize=256)
def parse_target(url: str) -> Target:
    """The target of an absolute http or https URL. Raises `Misuse` for any other."""
    plain = PLAIN_URL.fullmatch(url)
    if plain is not None and int(plain[3] or 0) <= _HIGHEST_PORT:
        return Target(plain[1] == "https", plain[2], int(plain[3] or 0) or _PORTS[plain[1]], plain[4])
    try:
        parts = urlsplit(url)
        port = parts.port
        host = _ascii_host(parts.hostname or "")
        path = quote(parts.path or "/", safe=_KEEP)
        query = f"?{quote(parts.query, safe=_KEEP)}" if parts.query else ""
    except ValueError as error:
        raise Misuse(f"not a URL: {url!r} ({error})") from error
    if parts.scheme not in _PORTS or not host:
        raise Misuse(f"not an http or https URL: {url!r} (give one like http://127.0.0.1:3001/api/events)")
    return Target(parts.scheme == "https", host, port or _PORTS[parts.scheme], path + query)


def _ascii_host(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode()

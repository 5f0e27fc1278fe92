"""What can be wrong with the service that is named: its URL, or that nothing answers there."""

from __future__ import annotations

from urllib.parse import urlsplit

import requests


def url_problem(host: str) -> str:
    """Why the text is not the URL of a service, and what to write instead; empty when it is one."""
    parts = urlsplit(host)
    if "://" in host and parts.scheme not in ("http", "https"):
        return f"{host!r} asks for {parts.scheme}; write a URL of http or https"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"{host!r} is not a URL; write it with its scheme, such as http://{host}"
    return ""


def no_answer(error: BaseException, within_s: float) -> str:
    """The innermost reason why a request brought no answer: requests wraps what the socket said several times."""
    if isinstance(error, requests.Timeout):
        return f"nothing within {within_s:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS certificate is not trusted; see --ca and --insecure"
    inner: BaseException | None = error
    reason = ""
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            reason = inner.strerror
        inner = inner.__cause__ or inner.__context__
    return reason or type(error).__name__

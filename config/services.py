"""Asking the service that is named, and what can be wrong with it: its URL, or that nothing answers there."""

from __future__ import annotations

from argparse import Namespace
from urllib.parse import urlsplit

import requests

from config.options import request_headers, tls_verification


def session_for(options: Namespace) -> requests.Session:
    """A session that asks as the options say: headers, TLS, and no proxy or password of the environment's."""
    session = requests.Session()
    session.trust_env = False
    session.verify = tls_verification(options)
    session.headers.update(request_headers(options))
    return session


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

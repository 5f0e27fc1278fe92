"""What is checked before a user is spawned: contradicting settings, file descriptors, and the service itself."""

from __future__ import annotations

import resource
from argparse import Namespace
from typing import Final
from urllib.parse import urlsplit

import requests

from config import profiles
from config.options import EMBEDDED, OPTIONS

USAGE: Final = 2
NO_SERVICE: Final = 4
REACHABLE_WITHIN_S: Final = 3.0

_DESCRIPTORS_BESIDES_STREAMS: Final = 200


class Refusal(Exception):
    """The run cannot start; the message is one line that says what to change."""

    def __init__(self, message: str, exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def check(options: Namespace, arguments: list[str]) -> None:
    """Raise ``Refusal`` for settings that cannot work; raises the limit of open files as far as it goes."""
    try:
        for path in profiles.named_on(arguments):
            profiles.check(path)
    except profiles.ProfileError as error:
        raise Refusal(str(error)) from error
    _check_host(options)
    _check_replay(options)
    _check_descriptors(options)
    if options.host and options.headless and not options.worker:
        check_reachable(options.host, options)


def _check_host(options: Namespace) -> None:
    if not options.host:
        return
    parts = urlsplit(options.host)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Refusal(f"--host {options.host!r} is not a URL; write it with its scheme, such as http://{options.host}")
    for option in OPTIONS:
        if option.group == EMBEDDED and getattr(options, option.dest) not in (option.default, None, False):
            raise Refusal(f"{option.flag} is for the embedded Studio; leave out {option.flag} or --host")


def _check_replay(options: Namespace) -> None:
    if options.rebase and not options.replay:
        raise Refusal("--rebase moves the timestamps of a recording; name one with --replay FILE")


def _check_descriptors(options: Namespace) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if options.worker or options.expect_workers > 1:
        return
    processes = max(1, options.processes or 1)
    needed = (options.num_users or 1) * options.streams_per_user * 2 // processes + _DESCRIPTORS_BESIDES_STREAMS
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise Refusal(
            f"{options.num_users} users with {options.streams_per_user} streams each need about {needed} open files, "
            f"and the limit is {hard}; raise it with 'ulimit -Hn', ask for fewer users, or spread them with --processes"
        )


def check_reachable(host: str, options: Namespace) -> None:
    """Raise ``Refusal`` with the exit code for "no data" when nothing answers HTTP at the host.

    Any status counts as an answer: whether the service is well is for the run to say.
    """
    try:
        verify = options.ca or not options.insecure
        requests.get(f"{host.rstrip('/')}/health", timeout=REACHABLE_WITHIN_S, verify=verify, allow_redirects=False)
    except requests.RequestException as error:
        raise Refusal(
            f"no service answers at {host} ({_cause(error)}); start it, or correct --host", NO_SERVICE
        ) from error


def _cause(error: BaseException) -> str:
    """The innermost reason: requests wraps what the socket said several times."""
    if isinstance(error, requests.Timeout):
        return f"nothing within {REACHABLE_WITHIN_S:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return "the TLS certificate is not trusted; see --ca and --insecure"
    inner: BaseException | None = error
    reason = ""
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            reason = inner.strerror
        inner = inner.__cause__ or inner.__context__
    return reason or type(error).__name__

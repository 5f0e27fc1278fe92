"""What is checked before a user is spawned: contradicting settings, file descriptors, and the service itself."""

from __future__ import annotations

import os
import resource
from argparse import ArgumentTypeError, Namespace
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

import gevent
import requests

from config import profiles
from config.option import EMBEDDED
from config.option_list import OPTIONS
from config.options import tls_verification, without_credentials
from config.services import no_answer, url_problem
from config.values import load_of, scenario_counts

USAGE: Final = 2
NO_SERVICE: Final = 4
RESTART: Final = "restart"
"""The scenario that restarts the service."""
CAPACITY: Final = "capacity"
"""The scenario that climbs."""
CAPACITY_CLASS: Final = "CapacityUser"
REACHABLE_WITHIN_S: Final = 3.0

_DESCRIPTORS_BESIDES_STREAMS: Final = 200


class Refusal(Exception):
    """The run cannot start; the message is one line that says what to change."""

    def __init__(self, message: str, exit_code: int = USAGE) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def check_profiles(arguments: Sequence[str], flags: Collection[str]) -> None:
    """Raise ``Refusal`` for a profile that Locust would ignore, or that sets what is no option."""
    try:
        for path in profiles.named_on(arguments):
            profiles.check(path)
            profiles.check_names(path, flags)
    except profiles.ProfileError as error:
        raise Refusal(str(error)) from error


def check(options: Namespace) -> None:
    """Raise ``Refusal`` for settings that cannot work; raises the limit of open files as far as it goes."""
    check_host(options, options.host)
    if RESTART in scenario_counts(options.scenario or ()):
        check_restarts(options, embedded=not options.host)
    if _climbs(options):
        check_climb(options)
    _check_replay(options)
    _check_descriptors(options)
    _check_results(options)
    if options.host and (options.headless or options.autostart) and not options.worker:
        check_reachable(options.host, options)


def check_form(options: Namespace, form: Mapping[str, str], host: str, embedded_url: str | None) -> None:
    """The web form's values, read as the command line reads its own, and the service that the run is for.

    Raise ``Refusal`` for a value that cannot work, and for a service that does not answer.
    """
    for option in OPTIONS:
        if option.in_web_form and option.read is not None and option.dest in form:
            try:
                option.read(form[option.dest])
            except ArgumentTypeError as error:
                raise Refusal(f"{option.flag}: {error}") from error
    if host != embedded_url:
        check_host(options, host)
        check_reachable(host, options)


def check_host(options: Namespace, host: str | None) -> None:
    """Raise ``Refusal`` for a host that is no URL, or that comes with options of the embedded Studio."""
    if not host:
        return
    problem = url_problem(host)
    if problem:
        raise Refusal(f"--host {problem}")
    for option in OPTIONS:
        if option.group == EMBEDDED and getattr(options, option.dest) not in (option.default, None, False):
            raise Refusal(f"{option.flag} is for the embedded Studio; leave out {option.flag} or --host")


def check_restarts(options: Namespace, *, embedded: bool) -> None:
    """Raise ``Refusal`` where the run could not restart its service."""
    if not embedded:
        raise Refusal(
            f"--scenario {RESTART} stops the service and starts it again, which it can do to the embedded Studio only; "
            "leave out --host or the scenario"
        )
    if options.processes or options.master or options.worker:
        raise Refusal(
            f"--scenario {RESTART} needs the embedded Studio as a child of its own process; leave out --processes and "
            "--master, or the scenario"
        )


def _climbs(options: Namespace) -> bool:
    return CAPACITY in scenario_counts(options.scenario or ()) or CAPACITY_CLASS in (options.user_classes or ())


def check_climb(options: Namespace) -> None:
    """Raise ``Refusal`` where a climb could not be made, or could not be judged."""
    if scenario_counts(options.scenario or ()).get(CAPACITY, 1) > 1:
        raise Refusal(f"--scenario {CAPACITY} is one climb a run; leave out its number")
    if options.measure_only:
        raise Refusal(f"--measure-only accounts for no event, and --scenario {CAPACITY} needs that; leave one out")
    if options.replay:
        raise Refusal(f"a recording has its own pace, and --scenario {CAPACITY} needs another; leave one out")
    first, last = load_of(options.climb_from), load_of(options.climb_to)
    if any(low > high for low, high in zip(first, last, strict=True)):
        raise Refusal(
            f"--climb-to {options.climb_to} is below --climb-from {options.climb_from}; a climb only goes up, in "
            "streams and in events per second"
        )


def _check_replay(options: Namespace) -> None:
    if options.rebase and not options.replay:
        raise Refusal("--rebase moves the timestamps of a recording; name one with --replay FILE")
    if options.replay and (options.clock_skew or options.clock_drift or options.clock_step):
        raise Refusal("nothing probes the clock while a recording plays; leave out --replay or the --clock options")


def _check_results(options: Namespace) -> None:
    if options.worker:
        return
    folder = Path(options.results_dir)
    existing = next(parent for parent in (folder, *folder.absolute().parents) if parent.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise Refusal(f"cannot write results into {options.results_dir!r}; name another folder with --results-dir")


def _check_descriptors(options: Namespace) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if options.worker or options.expect_workers > 1:
        return
    processes = (os.cpu_count() or 1) if options.processes == -1 else max(1, options.processes or 1)
    if _climbs(options):
        _refuse_beyond(hard, load_of(options.climb_to)[0], f"--climb-to {options.climb_to} needs", "lower it")
        return
    streams = (options.num_users or 1) * options.streams_per_user // processes
    who = f"{options.num_users} users with {options.streams_per_user} streams each need"
    _refuse_beyond(hard, streams, who, "ask for fewer users, or spread them with --processes")


def _refuse_beyond(limit: int, streams: int, who: str, remedy: str) -> None:
    needed = streams * 2 + _DESCRIPTORS_BESIDES_STREAMS
    if limit != resource.RLIM_INFINITY and needed > limit:
        raise Refusal(
            f"{who} about {needed} open files, and the limit is {limit}; raise it with 'ulimit -Hn', or {remedy}"
        )


def check_reachable(host: str, options: Namespace) -> None:
    """Raise ``Refusal`` with the exit code for "no data" when nothing answers HTTP at the host.

    Any status counts as an answer: whether the service is well is for the run to say.
    """
    shown = without_credentials(host)
    try:
        # The time-outs of requests are per address and per read; this one is for the whole question.
        with gevent.Timeout(REACHABLE_WITHIN_S, requests.Timeout), requests.Session() as session:
            session.trust_env = False
            session.verify = tls_verification(options)
            session.get(f"{host.rstrip('/')}/health", timeout=REACHABLE_WITHIN_S, allow_redirects=False, stream=True)
    except requests.RequestException as error:
        raise Refusal(
            f"no service answers at {shown} ({no_answer(error, REACHABLE_WITHIN_S)}); start it, or correct --host",
            NO_SERVICE,
        ) from error

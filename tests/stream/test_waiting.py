"""The signal that many wait for: nobody is forgotten, whatever the timeouts."""

from __future__ import annotations

import random
import time

import gevent

from locust_eventsource.waiting import Signal

ROUNDS = 60
"""gevent's own event loses a waiter within some ten rounds of this kind."""
DEADLINE_S = 10.0


def test_everybody_goes_on_when_it_is_given_however_often_they_looked_in_vain() -> None:
    random.seed(4)
    for _ in range(ROUNDS):
        signal = Signal()

        def look_again_and_again(signal: Signal = signal) -> None:
            while not signal.wait(0.004):
                busy_until = time.monotonic() + random.random() * 0.003
                while time.monotonic() < busy_until:
                    pass

        waiters = [gevent.spawn(look_again_and_again) for _ in range(3)]
        gevent.sleep(0.02)
        signal.set()
        gevent.joinall(waiters, timeout=DEADLINE_S)
        assert all(waiter.dead for waiter in waiters)


def test_a_wait_says_whether_it_was_given() -> None:
    signal = Signal()
    assert not signal.is_set()
    assert signal.wait(0.001) is False
    signal.set()
    assert signal.is_set()
    assert signal.wait() is True

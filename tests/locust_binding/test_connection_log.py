"""Connections over a run, in one process and in several."""

from __future__ import annotations

from typing import cast

from locust_eventsource.errors import ConnectionLost, Dropped, RefusedResponse
from locust_eventsource.locust.connection_log import MAX_GAPS, ConnectionHistory, ConnectionLog, StreamStates
from locust_eventsource.measure.recorder import Recorder
from locust_eventsource.measure.series import Series
from locust_eventsource.stream import ConnectTiming, EventStream

SECOND_NS = 1_000_000_000
TIMING = ConnectTiming(0, 1_000_000, 0, 1_000_000, 2_000_000, 0, "kernel", "127.0.0.1")


class FakeStream:
    def __init__(self, name: str) -> None:
        self.name = name


def stream(name: str = "/events") -> EventStream:
    return cast(EventStream, FakeStream(name))


def test_what_the_tester_may_have_caused_of_a_connect_is_uncertainty() -> None:
    recorder, series = Recorder(), Series()
    log = ConnectionLog(recorder)
    log.connect(stream=stream(), timing=TIMING._replace(own_ns=500_000), at_ns=5 * SECOND_NS)
    series.add(recorder.take())
    low, value, high = series.low("connect"), series.histogram("connect"), series.high("connect")
    assert low is not None and value is not None and high is not None
    assert (low.max_us, value.max_us, high.max_us) == (1_500, 2_000, 2_000)


def test_a_lost_connection_that_came_back_is_a_gap_with_its_reason() -> None:
    recorder = Recorder()
    log, one = ConnectionLog(recorder), stream()
    log.connect(stream=one, timing=TIMING, at_ns=5 * SECOND_NS)
    log.disconnect(stream=one, at_ns=7 * SECOND_NS, error=ConnectionLost("reset"), deliberate=False)
    log.connect(stream=one, timing=TIMING, at_ns=9 * SECOND_NS)
    log.reconnect(stream=one, at_ns=9 * SECOND_NS, gap_ns=2 * SECOND_NS)
    history, series = ConnectionHistory(), Series()
    history.add("local", log.take())
    series.add(recorder.take())
    result = history.as_result(4 * SECOND_NS)
    assert result["gaps"] == [{"stream": "/events", "from_s": 3.0, "to_s": 5.0, "reason": "ConnectionLost: reset"}]
    assert (result["opened"], result["reconnects"], result["open_at_end"]) == (2, 1, 1)
    reconnect = series.histogram("reconnect")
    assert reconnect is not None and reconnect.count == 1


def test_a_connection_that_never_came_back_is_an_open_gap() -> None:
    log, one = ConnectionLog(Recorder()), stream()
    log.connect(stream=one, timing=TIMING, at_ns=5 * SECOND_NS)
    log.disconnect(stream=one, at_ns=7 * SECOND_NS, error=None, deliberate=False)
    history = ConnectionHistory()
    history.add("local", log.take())
    history.add("local", log.take())
    gaps = history.as_result(4 * SECOND_NS)["gaps"]
    assert gaps == [{"stream": "/events", "from_s": 3.0, "to_s": None, "reason": "clean end"}]


def test_losses_and_failures_that_are_excused_are_shown_and_do_not_count() -> None:
    log = ConnectionLog(
        Recorder(),
        excuses_loss=lambda at_ns: at_ns == 7 * SECOND_NS,
        excuses_failure=lambda at_ns: at_ns in (7 * SECOND_NS, 8 * SECOND_NS),
    )
    one, other = stream("one"), stream("other")
    for at_ns, lost in ((7 * SECOND_NS, one), (8 * SECOND_NS, other)):
        log.connect(stream=lost, timing=TIMING, at_ns=5 * SECOND_NS)
        log.disconnect(stream=lost, at_ns=at_ns, error=ConnectionLost("reset"), deliberate=False)
        log.failure(stream=lost, error=ConnectionLost("refused"), at_ns=at_ns, final=False)
    assert log.lost_since(8 * SECOND_NS) == {other: (8 * SECOND_NS, "ConnectionLost: reset")}
    history = ConnectionHistory()
    history.add("local", log.take())
    assert (history.count("broken"), history.count("failed")) == (1, 0)
    errors = history.as_result(0)["errors"]
    assert {error["reason"]: error["count"] for error in errors} == {
        "ConnectionLost: reset": 2,
        "ConnectionLost: refused": 2,
    }


def test_closing_on_purpose_leaves_no_gap() -> None:
    log, one = ConnectionLog(Recorder()), stream()
    log.connect(stream=one, timing=TIMING, at_ns=5 * SECOND_NS)
    log.disconnect(stream=one, at_ns=7 * SECOND_NS, error=None, deliberate=True)
    history = ConnectionHistory()
    history.add("local", log.take())
    assert history.as_result(0)["gaps"] == []
    assert history.open_now == 0


def test_a_connection_let_go_on_purpose_is_neither_an_error_nor_a_gap() -> None:
    log, one = ConnectionLog(Recorder()), stream()
    log.connect(stream=one, timing=TIMING, at_ns=5 * SECOND_NS)
    log.disconnect(stream=one, at_ns=7 * SECOND_NS, error=Dropped("on purpose"), deliberate=True)
    log.connect(stream=one, timing=TIMING, at_ns=8 * SECOND_NS)
    log.reconnect(stream=one, at_ns=8 * SECOND_NS, gap_ns=SECOND_NS)
    history = ConnectionHistory()
    history.add("local", log.take())
    result = history.as_result(0)
    assert (result["dropped"], result["reconnects"], result["failed"]) == (1, 1, 0)
    assert (result["gaps"], result["errors"], history.count("broken")) == ([], [], 0)


def test_the_peak_of_several_processes_is_that_of_their_sums() -> None:
    history = ConnectionHistory()
    for worker, opens in (("a", (1, 5, 1)), ("b", (4, 1, 1))):
        log = ConnectionLog(Recorder())
        streams = [stream() for _ in range(5)]
        for second, number in enumerate(opens):
            for one in streams[:number]:
                log.connect(stream=one, timing=TIMING, at_ns=second * SECOND_NS)
            for one in streams[number:]:
                log.disconnect(stream=one, at_ns=second * SECOND_NS, error=None, deliberate=True)
            log.sample(second, {})
        history.add(worker, log.take())
    assert history.peak == 6
    assert history.open_now == 2


def test_streams_by_state_add_up_over_processes() -> None:
    history = ConnectionHistory()
    for worker in ("a", "b"):
        log = ConnectionLog(Recorder())
        log.connect(stream=stream(), timing=TIMING, at_ns=SECOND_NS)
        log.failure(stream=stream(), error=RefusedResponse("wrong type", 200), at_ns=SECOND_NS, final=True)
        log.sample(1, {"connecting": 2, "open": 1, "reconnecting": 3})
        history.add(worker, log.take())
        log.sample(2, {})
        history.add(worker, log.take())
    assert history.states_at(1) == StreamStates(connecting=4, open=2, reconnecting=6, failed=2)
    assert history.states_at(2) == StreamStates(open=2, failed=2)
    assert history.states_at(3) is None
    assert history.open_by_second() == [(1, 2), (2, 2)]


def test_gaps_are_kept_up_to_a_bound() -> None:
    log = ConnectionLog(Recorder())
    for number in range(MAX_GAPS + 50):
        one = stream(str(number))
        log.disconnect(stream=one, at_ns=5, error=None, deliberate=False)
        log.reconnect(stream=one, at_ns=10, gap_ns=5)
    history = ConnectionHistory()
    history.add("local", log.take())
    result = history.as_result(0)
    assert len(result["gaps"]) == MAX_GAPS
    assert result["reconnects"] == MAX_GAPS + 50


def test_streams_are_hopeless_when_none_ever_opened_and_one_has_failed_for_good() -> None:
    history, log, wrong = ConnectionHistory(), ConnectionLog(Recorder()), RefusedResponse("wrong type", 200)
    log.failure(stream=stream(), error=ConnectionLost("not yet"), at_ns=SECOND_NS, final=False)
    history.add("local", log.take())
    assert history.hopeless == ""
    for _ in range(2):
        log.failure(stream=stream(), error=wrong, at_ns=2 * SECOND_NS, final=True)
    history.add("local", log.take())
    assert history.hopeless == "RefusedResponse: wrong type"
    log.connect(stream=stream(), timing=TIMING, at_ns=5 * SECOND_NS)
    history.add("local", log.take())
    assert history.hopeless == ""

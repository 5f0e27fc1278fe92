"""A latency over a run under way: the same figures as the histograms of its seconds, in few points."""

from __future__ import annotations

from locust_eventsource.measure.buckets import bucket_of
from locust_eventsource.measure.histogram import LatencyHistogram
from locust_eventsource.measure.moving import MAX_POINTS, Moment, MovingLatencies, MovingLatency
from locust_eventsource.measure.recorder import Recorder

START_S = 1_800_000_000


def counts(*milliseconds: int) -> dict[int, int]:
    return dict.fromkeys((bucket_of(each * 1_000_000) for each in milliseconds), 1)


def test_a_second_told_in_several_pieces_has_the_figures_of_all_of_them() -> None:
    moving, whole = MovingLatency(), LatencyHistogram()
    for piece in (counts(1, 2), counts(3), counts(40)):
        moving.add(START_S, piece)
        whole.add_counts(piece)
        width_s, (moment,) = moving.over(START_S, 30)
    assert width_s == 1
    assert moment == Moment(START_S, 4, whole.percentile_us(50), whole.percentile_us(99), whole.max_us)


def test_a_window_begins_where_it_is_told() -> None:
    moving = MovingLatency()
    for second in range(60):
        moving.add(START_S + second, counts(1))
    _, moments = moving.over(START_S + 30, 30)
    assert [moment.at_s for moment in moments] == list(range(START_S + 30, START_S + 60))


def test_longer_windows_have_wider_steps_and_no_more_points() -> None:
    moving, seconds = MovingLatency(), 2 * 3600
    for second in range(seconds):
        moving.add(START_S + second, counts(1 + second % 7))
    for window_s, width_s in ((120, 1), (600, 5), (None, 32)):
        begin_s = START_S + seconds - (window_s or seconds)
        found_s, moments = moving.over(begin_s, window_s)
        assert found_s == width_s
        assert len(moments) <= MAX_POINTS + 1
        covered = sum(moment.number for moment in moments)
        assert (window_s or seconds) <= covered <= (window_s or seconds) + width_s
    assert moving.over(START_S, None)[1][0].at_s <= START_S


def test_what_is_older_than_any_window_is_kept_in_the_whole_only() -> None:
    moving = MovingLatency()
    moving.add(START_S, counts(1))
    moving.over(START_S, 30)
    for second in range(1, MAX_POINTS + 1):
        moving.add(START_S + second, counts(1))
    assert moving.over(START_S, 30)[1][0].at_s == START_S + 1
    assert moving.over(START_S, None)[1][0].at_s <= START_S


def test_samples_of_all_types_count_once_and_other_metrics_not_at_all() -> None:
    recorder, moving = Recorder(), MovingLatencies(["delivery"])
    for type_ in ("task.created", "session.ended", None):
        recorder.record("delivery", 5_000_000, START_S * 1_000_000_000, type_)
    recorder.record("lag", 1, START_S * 1_000_000_000)
    moving.add(recorder.take())
    _, (moment,) = moving.over("delivery", START_S, None)
    assert moment.number == 3

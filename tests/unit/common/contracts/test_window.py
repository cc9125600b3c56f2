"""Windows and searched frames."""

from hypothesis import given
from hypothesis import strategies as st

from common.contracts.window import Window, is_searched, window_of

times = st.integers(0, 10**13)
lengths = st.integers(2_000, 300_000)


@given(times, lengths)
def test_a_record_lies_in_its_window_and_in_no_other(log_ms: int, clip_ms: int) -> None:
    window = window_of(log_ms, clip_ms)
    assert window.start_ms <= log_ms < window.end_ms
    assert window.length_ms == clip_ms
    assert window.start_ms % clip_ms == 0
    assert window_of(window.start_ms, clip_ms) == window
    assert window_of(window.end_ms - 1, clip_ms) == window
    assert window_of(window.end_ms, clip_ms) == Window(window.end_ms, clip_ms)


def test_windows_of_two_lengths_overlap() -> None:
    assert window_of(65_000, 10_000) == Window(60_000, 10_000)
    assert window_of(65_000, 60_000) == Window(60_000, 60_000)
    assert Window(60_000, 10_000) < Window(60_000, 60_000) < Window(70_000, 10_000)


def test_the_first_frame_of_a_window_is_searched() -> None:
    assert is_searched(10_050, None, 500)
    assert is_searched(10_050, None, None)


def test_without_interval_every_frame_is_searched() -> None:
    assert is_searched(10_050, 10_049, None)


def test_a_frame_is_searched_when_the_interval_number_changes() -> None:
    assert not is_searched(10_499, 10_000, 500)
    assert is_searched(10_500, 10_499, 500)
    assert not is_searched(10_999, 10_500, 500)
    assert is_searched(13_000, 10_500, 500)


def test_a_log_clock_that_stands_still_is_searched_once() -> None:
    assert not is_searched(10_500, 10_500, 500)


@given(st.lists(st.integers(0, 20_000), min_size=1, max_size=60).map(sorted), st.integers(1, 5_000))
def test_in_order_each_interval_is_searched_exactly_once(log_ms: list[int], every_ms: int) -> None:
    previous: list[int | None] = [None, *log_ms[:-1]]
    searched = [at for at, before in zip(log_ms, previous, strict=True) if is_searched(at, before, every_ms)]
    assert [at // every_ms for at in searched] == sorted({at // every_ms for at in log_ms})

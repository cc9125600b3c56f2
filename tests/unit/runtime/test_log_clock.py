"""Rules 2 and 13: the log clock."""

from consumers.runtime.log_clock import JUMP_BACK_MS, LogClock


def test_clock_first_record_is_its_time() -> None:
    assert LogClock().advance(5).log_ms == 5


def test_clock_small_step_back_keeps_the_maximum() -> None:
    clock = LogClock(10_000)
    step = clock.advance(9_000)
    assert (step.log_ms, step.jumped_ms, clock.now_ms) == (10_000, 0, 10_000)


def test_clock_step_back_of_exactly_the_limit_is_no_jump() -> None:
    assert LogClock(JUMP_BACK_MS).advance(0).jumped_ms == 0


def test_clock_step_back_over_the_limit_restarts_there() -> None:
    clock = LogClock(JUMP_BACK_MS + 1)
    step = clock.advance(0)
    assert (step.log_ms, step.jumped_ms, clock.now_ms) == (0, JUMP_BACK_MS + 1, 0)


def test_clock_after_a_replay_from_its_saved_value_is_the_same() -> None:
    stamps = [10, 12, 11, 30, 29, 31]
    whole, saved = LogClock(), LogClock()
    times = [whole.advance(stamp).log_ms for stamp in stamps]
    for stamp in stamps[:3]:
        saved.advance(stamp)
    resumed = LogClock(saved.now_ms)
    assert [resumed.advance(stamp).log_ms for stamp in stamps[3:]] == times[3:]

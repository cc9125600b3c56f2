"""For how long a model or a store has not answered."""

import logging

import pytest

from common.clock import FakeClock
from common.errors import Transient
from common.silence import Silence

ERROR = Transient("no answer")


def test_hiccup_is_nobodys_concern(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    silence = Silence("The model", clock)
    with silence.waiting():
        for _ in range(10):
            silence.failed(ERROR)
            clock.advance(1)
            silence.failed(ERROR)
            silence.answered()
    assert silence.problem is None
    assert caplog.messages == []


def test_long_silence_is_told_once_and_so_is_its_end(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock = FakeClock()
    silence = Silence("The model", clock)
    with silence.waiting():
        for _ in range(10):
            silence.failed(ERROR)
            clock.advance(1)
        said = silence.problem
        silence.answered()
        assert (said, silence.problem) == ("The model has not answered for 10 s.", None)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_silence_ends_when_nobody_waits_any_more() -> None:
    clock = FakeClock()
    silence = Silence("The model", clock)
    with silence.waiting():
        with silence.waiting():
            silence.failed(ERROR)
        clock.advance(6)
        said = silence.problem
    assert (said, silence.problem) == ("The model has not answered for 6 s.", None)


def test_silence_begins_with_the_attempt_and_not_with_its_end() -> None:
    clock = FakeClock()
    silence = Silence("The object store", clock)
    clock.advance(30)
    silence.failed(ERROR, begun_s=0.0)
    assert silence.problem == "The object store has not answered for 30 s."


def test_silence_begins_no_earlier_than_the_last_answer_to_others() -> None:
    clock = FakeClock()
    silence = Silence("The object store", clock)
    clock.advance(30)
    silence.answered()
    silence.failed(ERROR, begun_s=0.0)
    assert silence.problem is None

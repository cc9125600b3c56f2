"""Retrying, and the deadline that bounds it."""

import itertools

import pytest

from common.clock import FakeClock
from common.deadline import Deadline
from common.errors import ConfigurationError, Transient
from common.retry import Backoff, retry_transient


class Flaky:
    """Raises `failures` times, then returns 5."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if self.calls <= self.failures:
            raise Transient(f"number {self.calls}")
        return 5


def test_delays_double_up_to_the_most_and_are_spread() -> None:
    for _ in range(50):
        delays = list(itertools.islice(Backoff(first_s=0.1, most_s=1.0).delays(), 8))
        for delay, step in zip(delays, (0.1, 0.2, 0.4, 0.8, 1.0, 1.0, 1.0, 1.0), strict=True):
            assert step / 2 <= delay <= step


def test_a_call_is_repeated_until_it_works() -> None:
    clock, call, heard = FakeClock(), Flaky(3), list[Transient]()
    assert retry_transient(call, Deadline(60.0, clock), clock=clock, on_retry=heard.append) == 5
    assert (call.calls, len(heard)) == (4, 3)
    assert 0 < clock.monotonic_s() < 1.0


def test_a_call_that_works_at_once_waits_for_nothing() -> None:
    clock = FakeClock()
    assert retry_transient(Flaky(0), Deadline(0.0, clock), clock=clock) == 5
    assert clock.monotonic_s() == 0.0


def test_the_last_error_is_raised_before_the_deadline_is_passed() -> None:
    clock, call = FakeClock(), Flaky(10**6)
    with pytest.raises(Transient, match=r"number \d+"):
        retry_transient(call, Deadline(10.0, clock), clock=clock)
    assert 5.0 <= clock.monotonic_s() <= 10.0
    assert 4 <= call.calls <= 30


def test_what_is_not_transient_is_not_repeated() -> None:
    calls = []

    def refuse() -> None:
        calls.append(1)
        raise ConfigurationError("wrong")

    with pytest.raises(ConfigurationError):
        retry_transient(refuse, Deadline(60.0, FakeClock()), clock=FakeClock())
    assert calls == [1]


def test_a_deadline_runs_out_and_never_below_zero() -> None:
    clock = FakeClock()
    deadline = Deadline(5.0, clock)
    assert (deadline.remaining_s(), deadline.is_over) == (5.0, False)
    assert (deadline.at_most(2.0), deadline.at_most(9.0)) == (2.0, 5.0)
    clock.advance(4.0)
    assert deadline.at_most(2.0) == 1.0
    clock.step_wall(1_000.0)
    assert not deadline.is_over
    clock.advance(2.0)
    assert (deadline.remaining_s(), deadline.at_most(2.0), deadline.is_over) == (0.0, 0.0, True)


def test_a_deadline_of_no_time_is_over() -> None:
    assert Deadline(0.0).is_over
    assert Deadline(-1.0).remaining_s() == 0.0

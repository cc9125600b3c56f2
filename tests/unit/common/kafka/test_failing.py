"""For how long calls have failed."""

from common.clock import FakeClock
from common.kafka.confluent.failing import Failing


def test_the_time_runs_from_the_first_failure_after_a_success() -> None:
    clock = FakeClock()
    failing = Failing(clock)
    assert failing.for_s() == 0.0
    failing.note_failure()
    clock.advance(5.0)
    failing.note_failure()
    clock.advance(2.0)
    assert failing.for_s() == 7.0
    failing.note_success()
    assert failing.for_s() == 0.0

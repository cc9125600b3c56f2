"""The two clocks."""

import time

from common.clock import FakeClock, SystemClock


def test_the_system_clock_tells_the_machines_time() -> None:
    clock = SystemClock()
    assert abs(clock.wall_us() / 1e6 - time.time()) < 5.0
    before = clock.monotonic_s()
    clock.sleep(0.001)
    assert clock.monotonic_s() > before


def test_the_fake_clock_stands_still_until_it_is_moved() -> None:
    clock = FakeClock(wall_us=5_000_000)
    assert (clock.monotonic_s(), clock.wall_us()) == (0.0, 5_000_000)
    clock.advance(1.5)
    clock.sleep(0.5)
    assert (clock.monotonic_s(), clock.wall_us()) == (2.0, 7_000_000)


def test_a_step_of_the_wall_clock_is_no_time_passed() -> None:
    clock = FakeClock(wall_us=5_000_000)
    clock.step_wall(-3.0)
    assert (clock.monotonic_s(), clock.wall_us()) == (0.0, 2_000_000)

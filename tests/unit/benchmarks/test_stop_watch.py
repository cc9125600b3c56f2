"""What is made of the times when frames were through."""

import pytest

from benchmarks.stop_watch import middle_per_s


def test_middle_rate_leaves_out_a_slow_beginning_and_end() -> None:
    steady = [100 + n / 50 for n in range(80)]
    times = [10 + n for n in range(10)] + steady + [200 + n for n in range(10)]
    assert middle_per_s(times[::-1]) == pytest.approx(50)
    assert middle_per_s([n / 50 for n in range(100)]) == pytest.approx(50)


@pytest.mark.parametrize("times", [[], [1.0], [1.0] * 50])
def test_middle_rate_of_too_few_frames_is_none(times: list[float]) -> None:
    assert middle_per_s(times) == 0

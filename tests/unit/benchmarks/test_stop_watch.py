"""What is made of the times when frames were through; memory."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.stop_watch import middle_per_s, peak_mb
from infra.native.layout import REPOSITORY


def test_middle_rate_leaves_out_a_slow_beginning_and_end() -> None:
    steady = [100 + n / 50 for n in range(80)]
    times = [10 + n for n in range(10)] + steady + [200 + n for n in range(10)]
    assert middle_per_s(times[::-1]) == pytest.approx(50)
    assert middle_per_s([n / 50 for n in range(100)]) == pytest.approx(50)


@pytest.mark.parametrize("times", [[], [1.0], [1.0] * 50])
def test_middle_rate_of_too_few_frames_is_none(times: list[float]) -> None:
    assert middle_per_s(times) == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux only")
def test_peak_memory_is_that_of_the_process_and_not_of_the_one_that_started_it() -> None:
    ballast = bytearray(200 * 2**20)
    program = "from benchmarks.stop_watch import peak_mb; print(peak_mb())"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=REPOSITORY)
    assert 5 < float(said.stdout) < 150
    assert peak_mb() > len(ballast) / 2**20

"""Rule 18: what may be left out."""

import pytest

from common.clock import FakeClock
from common.contracts.frame import Policy
from consumers.runtime.overload import LEAVE_OVER_MS, SAMPLE_OVER_MS, Overload, Relief
from tests.unit.runtime.making import T0_MS


def relief(behind_ms: int, policy: Policy = Policy.LIVE, every_ms: int | None = 100, previous: bool = True) -> Relief:
    overload = Overload(FakeClock((T0_MS + 100 + behind_ms) * 1000))
    return overload.relief(policy, every_ms, T0_MS + 100, T0_MS if previous else None)


def test_relief_in_time_is_none() -> None:
    assert relief(SAMPLE_OVER_MS) is Relief.NONE


def test_relief_of_a_live_camera_behind_is_sampling_then_leaving_out() -> None:
    assert relief(SAMPLE_OVER_MS + 1) is Relief.SAMPLE_OUT
    assert relief(LEAVE_OVER_MS + 1) is Relief.LEAVE_OUT


@pytest.mark.parametrize("behind_ms", [0, 5_000, 10**9])
def test_relief_recorder_and_every_frame_cameras_are_never_thinned(behind_ms: int) -> None:
    assert relief(behind_ms, policy=Policy.EVERY_FRAME) is Relief.NONE
    assert relief(behind_ms, every_ms=None) is Relief.NONE


def test_relief_first_frame_of_a_window_stays() -> None:
    assert relief(10**9, previous=False) is Relief.NONE


def test_relief_searches_get_rarer_the_further_behind() -> None:
    def searched(behind_ms: int) -> int:
        kept = 0
        for number in range(1, 1_000):
            log_ms = T0_MS + number * 100
            overload = Overload(FakeClock((log_ms + behind_ms) * 1000))
            kept += overload.relief(Policy.LIVE, 100, log_ms, log_ms - 100) is Relief.NONE
        return kept

    counts = [searched(behind_ms) for behind_ms in (0, 4_000, 8_000, 60_000)]
    assert counts[0] == 999
    assert counts[0] > counts[1] > counts[2] > counts[3] > 0

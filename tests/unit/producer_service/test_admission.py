"""What one camera may ask for at once."""

import pytest

from common.clock import FakeClock
from producer_service.admission import Admission, AdmissionLimits
from producer_service.refusal import TOO_FAST, TOO_MANY_IN_FLIGHT, Refusal


def test_admit_over_the_rate_is_refused_until_time_has_passed() -> None:
    clock = FakeClock()
    admission = Admission(AdmissionLimits(in_flight=4, frames_per_s=60), clock)
    for _ in range(60):
        with admission.admit("a"):
            pass
    with pytest.raises(Refusal) as refused, admission.admit("a"):
        pass
    assert refused.value.kind is TOO_FAST
    with admission.admit("b"):
        pass
    clock.advance(0.05)  # three frames' worth
    for _ in range(3):
        with admission.admit("a"):
            pass
    with pytest.raises(Refusal), admission.admit("a"):
        pass


def test_admit_after_a_long_silence_allows_one_second_at_once() -> None:
    clock = FakeClock()
    admission = Admission(AdmissionLimits(in_flight=4, frames_per_s=5), clock)
    clock.advance(3600)
    for _ in range(5):
        with admission.admit("a"):
            pass
    with pytest.raises(Refusal), admission.admit("a"):
        pass


def test_admit_fifth_in_flight_is_refused_and_a_failed_request_gives_its_place_back() -> None:
    admission = Admission(AdmissionLimits(in_flight=1, frames_per_s=60), FakeClock())
    with admission.admit("a"):
        with pytest.raises(Refusal) as refused, admission.admit("a"):
            pass
        assert refused.value.kind is TOO_MANY_IN_FLIGHT
    with pytest.raises(ZeroDivisionError), admission.admit("a"):
        _ = 1 / 0
    with admission.admit("a"):
        pass

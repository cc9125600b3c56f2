"""The gate before Kafka."""

import pytest

from common.clock import FakeClock
from producer_service.broker_gate import PROBE_EVERY_S, BrokerGate
from producer_service.refusal import KAFKA_UNAVAILABLE, Refusal


def test_gate_is_open_at_first_and_stays_open_on_success() -> None:
    gate = BrokerGate(FakeClock())
    gate.enter()
    gate.succeeded()
    gate.enter()
    assert gate.is_open


def test_gate_once_shut_lets_one_probe_a_second_through() -> None:
    clock = FakeClock()
    gate = BrokerGate(clock)
    gate.failed()
    for _ in range(3):
        with pytest.raises(Refusal) as refused:
            gate.enter()
        assert refused.value.kind is KAFKA_UNAVAILABLE
        clock.advance(PROBE_EVERY_S)
        gate.enter()
        gate.failed()
    assert not gate.is_open


def test_gate_opens_when_any_record_is_acknowledged() -> None:
    gate = BrokerGate(FakeClock())
    gate.failed()
    gate.succeeded()
    gate.enter()
    assert gate.is_open

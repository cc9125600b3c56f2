"""Whether a broker is connected."""

import json

import pytest
from confluent_kafka import KafkaError

from common.clock import FakeClock
from common.errors import Transient
from common.kafka.confluent.reach import Reach

UP = json.dumps({"brokers": {"b1": {"state": "DOWN"}, "b2": {"state": "UP"}}})
DOWN = json.dumps({"brokers": {"b1": {"state": "CONNECT"}}})


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def reach(clock: FakeClock) -> Reach:
    return Reach(10.0, clock)


def test_a_long_outage_is_told_and_a_short_one_is_not(reach: Reach, clock: FakeClock) -> None:
    reach.on_error(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    clock.advance(9.0)
    reach.on_error(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    reach.require_connection()
    clock.advance(1.5)
    with pytest.raises(Transient, match="no broker has answered"):
        reach.require_connection()


def test_a_connection_ends_the_outage(reach: Reach, clock: FakeClock) -> None:
    reach.on_error(KafkaError(KafkaError._ALL_BROKERS_DOWN))
    clock.advance(60.0)
    reach.on_statistics(UP)
    reach.require_connection()
    reach.on_statistics(DOWN)
    clock.advance(11.0)
    with pytest.raises(Transient):
        reach.require_connection()
    reach.on_answer()
    reach.require_connection()


def test_one_connection_that_fails_is_no_outage(reach: Reach, clock: FakeClock) -> None:
    reach.on_error(KafkaError(KafkaError._TRANSPORT))
    reach.on_error(KafkaError(KafkaError._RESOLVE))
    reach.on_error(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))
    clock.advance(60.0)
    reach.require_connection()


@pytest.mark.parametrize("text", ["{}", '{"brokers": {}}'])
def test_no_broker_known_is_an_outage(reach: Reach, clock: FakeClock, text: str) -> None:
    reach.on_statistics(text)
    clock.advance(11.0)
    with pytest.raises(Transient):
        reach.require_connection()


def test_an_outage_that_began_under_another_handle_goes_on(clock: FakeClock) -> None:
    reach = Reach(10.0, clock, down_s=9.0)
    reach.require_connection()
    clock.advance(1.0)
    assert reach.down_s() == 10.0
    with pytest.raises(Transient):
        reach.require_connection()
    reach.on_answer()
    assert reach.down_s() == 0.0

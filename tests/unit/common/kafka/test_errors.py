"""librdkafka's errors as reactions."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from common.errors import ConfigurationError, Transient
from common.kafka.confluent.errors import FatalClientError, TopicExists, error_for, error_from
from common.kafka.ports import RecordTooLarge


@pytest.mark.parametrize(
    "code",
    [
        KafkaError._TRANSPORT,
        KafkaError._TIMED_OUT,
        KafkaError._MSG_TIMED_OUT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError.NOT_COORDINATOR,
        KafkaError.REBALANCE_IN_PROGRESS,
        KafkaError.ILLEGAL_GENERATION,
        KafkaError.UNKNOWN_MEMBER_ID,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.UNKNOWN,
    ],
)
def test_what_may_pass_is_transient(code: int) -> None:
    error = error_for(KafkaError(code), "committing")
    assert type(error) is Transient
    assert str(error).startswith("committing: ")


@pytest.mark.parametrize(
    "code",
    [
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError._UNKNOWN_TOPIC,
        KafkaError._UNKNOWN_PARTITION,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.SASL_AUTHENTICATION_FAILED,
        KafkaError._AUTHENTICATION,
        KafkaError.INVALID_REPLICATION_FACTOR,
        KafkaError.OFFSET_METADATA_TOO_LARGE,
    ],
)
def test_what_no_retry_mends_is_configuration(code: int) -> None:
    assert isinstance(error_for(KafkaError(code), "polling"), ConfigurationError)


def test_large_records_and_existing_topics_have_classes_of_their_own() -> None:
    assert isinstance(error_for(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), "sending"), RecordTooLarge)
    assert isinstance(error_for(KafkaError(KafkaError.TOPIC_ALREADY_EXISTS), "making"), TopicExists)


def test_a_fatal_error_is_none_of_them() -> None:
    error = error_for(KafkaError(KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, fatal=True), "sending")
    assert isinstance(error, FatalClientError)
    assert not isinstance(error, Transient | ConfigurationError)


def test_an_exception_is_unwrapped() -> None:
    assert isinstance(error_from(KafkaException(KafkaError(KafkaError._SSL)), "polling"), ConfigurationError)
    assert isinstance(error_from(KafkaException("odd"), "polling"), Transient)
    assert isinstance(error_from(KafkaException(), "polling"), Transient)

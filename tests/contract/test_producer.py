"""What a producer does (`common.kafka.ports.RecordProducer`)."""

import threading
import time

import pytest

from common.errors import ConfigurationError, Transient
from common.kafka.ports import Delivery, RecordTooLarge, TopicPartition
from tests.contract.kafka_backends import SMALL_LIMIT_BYTES, KafkaBackend


class Outcome:
    """A `done` callback that can be waited for."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self.calls: list[tuple[Delivery | None, Exception | None]] = []

    def __call__(self, delivery: Delivery | None, error: Exception | None) -> None:
        self.calls.append((delivery, error))
        self.event.set()


def test_send_and_wait_says_where_the_record_landed(kafka: KafkaBackend) -> None:
    topic, producer = kafka.create_topic(3), kafka.producer()
    before_ms = time.time() * 1000
    first = producer.send_and_wait(topic, b"k", b"v", [("a", b"1")], partition=2)
    second = producer.send_and_wait(topic, b"k", b"v", partition=2)
    assert (first.partition, first.offset, second.offset) == (2, 0, 1)
    assert abs(first.timestamp_ms - before_ms) < 60_000
    [record] = kafka.reader().read(TopicPartition(topic, 2), 0, 1, timeout_s=20.0)
    assert (record.key, record.value, list(record.headers)) == (b"k", b"v", [("a", b"1")])
    assert record.timestamp_ms == first.timestamp_ms


def test_send_calls_done_once_with_the_delivery(kafka: KafkaBackend) -> None:
    topic, producer, outcome = kafka.create_topic(1), kafka.producer(), Outcome()
    producer.send(topic, None, None, [("tick", b"1")], 0, outcome)
    assert outcome.event.wait(20.0)
    assert producer.flush(20.0) == 0
    [(delivery, error)] = outcome.calls
    assert error is None
    assert delivery is not None
    assert (delivery.partition, delivery.offset) == (0, 0)


def test_records_of_one_partition_keep_their_order(kafka: KafkaBackend) -> None:
    topic, producer = kafka.create_topic(1), kafka.producer()
    for n in range(500):
        producer.send(topic, b"k", str(n).encode())
    assert producer.flush(20.0) == 0
    records = kafka.reader().read(TopicPartition(topic, 0), 0, 500, timeout_s=20.0)
    assert [r.value for r in records] == [str(n).encode() for n in range(500)]


@pytest.mark.parametrize(("key", "partition"), [(b"21", 0), (b"foobar", 6), (b"a-little-bit-long-string", 8)])
def test_a_key_chooses_the_partition_that_java_clients_choose(kafka: KafkaBackend, key: bytes, partition: int) -> None:
    """Expected: (murmur2 & 0x7fffffff) mod 12 with the hashes that Kafka's own tests list for these keys."""
    topic = kafka.create_topic(12)
    assert kafka.producer().send_and_wait(topic, key, b"v").partition == partition


def test_a_record_over_the_topics_limit_is_too_large(kafka: KafkaBackend) -> None:
    topic, producer = kafka.create_topic(1, max_message_bytes=SMALL_LIMIT_BYTES), kafka.producer()
    with pytest.raises(RecordTooLarge):
        producer.send_and_wait(topic, None, bytes(SMALL_LIMIT_BYTES + 1), partition=0, timeout_s=20.0)
    producer.send_and_wait(topic, None, bytes(SMALL_LIMIT_BYTES - 1024), partition=0, timeout_s=20.0)


def test_a_record_over_every_limit_is_too_large(kafka: KafkaBackend) -> None:
    topic, producer = kafka.create_topic(1), kafka.producer()
    with pytest.raises(RecordTooLarge):
        producer.send_and_wait(topic, None, bytes(40 * 1024 * 1024), partition=0, timeout_s=20.0)


def test_a_partition_that_does_not_exist_is_a_configuration_error(kafka: KafkaBackend) -> None:
    topic, producer = kafka.create_topic(1), kafka.producer()
    producer.send_and_wait(topic, None, b"v", partition=0)
    with pytest.raises(ConfigurationError):
        producer.send_and_wait(topic, None, b"v", partition=5)


def test_a_closed_producer_has_sent_everything_and_takes_no_more(kafka: KafkaBackend) -> None:
    topic, producer = kafka.create_topic(1), kafka.producer()
    for _ in range(20):
        producer.send(topic, None, b"v", partition=0)
    producer.close()
    producer.close()
    assert kafka.reader().watermarks(TopicPartition(topic, 0)).high == 20
    with pytest.raises(Transient):
        producer.send(topic, None, b"v", partition=0)


def test_a_producer_survives_a_topic_made_again(kafka: KafkaBackend) -> None:
    topic, producer = kafka.create_topic(1), kafka.producer()
    for n in range(5):
        assert producer.send_and_wait(topic, None, b"old", partition=0).offset == n
    kafka.recreate_topic(topic)
    end = time.monotonic() + 60.0
    landed: Delivery | None = None
    while landed is None and time.monotonic() < end:
        try:
            landed = producer.send_and_wait(topic, None, b"new", partition=0, timeout_s=20.0)
        except (Transient, ConfigurationError):
            time.sleep(0.1)
    assert landed is not None
    assert landed.offset == 0

"""What a follower of whole topics does (`common.kafka.ports.TopicReader`)."""

import secrets
import time
from collections.abc import Callable

import pytest

from common.errors import ConfigurationError, Transient
from common.kafka.ports import FROM_END, Record, TopicReader, from_timestamp
from tests.contract.kafka_backends import KafkaBackend

PATIENCE_S = 45.0


def fill(kafka: KafkaBackend, topic: str, values: range, partition: int = 0) -> None:
    producer = kafka.producer()
    for n in values:
        producer.send(topic, b"k", str(n).encode(), partition=partition)
    assert producer.flush(20.0) == 0


def follow(reader: TopicReader, until: Callable[[list[Record]], bool]) -> list[Record]:
    records: list[Record] = []
    end = time.monotonic() + PATIENCE_S
    while not until(records):
        assert time.monotonic() < end, f"not within {PATIENCE_S} s: {len(records)} records"
        records += reader.poll(0.1)
    return records


def values(records: list[Record]) -> list[int]:
    return [int(r.value or b"-1") for r in records]


def test_a_reader_from_the_beginning_gets_everything_and_goes_on(kafka: KafkaBackend) -> None:
    topic = kafka.create_topic(2)
    fill(kafka, topic, range(10), partition=0)
    fill(kafka, topic, range(10, 20), partition=1)
    reader = kafka.follower([topic])
    assert not reader.is_caught_up
    records = follow(reader, lambda _: reader.is_caught_up)
    assert sorted(values(records)) == list(range(20))
    fill(kafka, topic, range(20, 25))
    assert values(follow(reader, lambda r: len(r) == 5)) == list(range(20, 25))
    assert reader.is_caught_up


def test_a_reader_of_empty_topics_is_caught_up_soon(kafka: KafkaBackend) -> None:
    reader = kafka.follower([kafka.create_topic(2), kafka.create_topic(1)])
    assert follow(reader, lambda _: reader.is_caught_up) == []


def test_caught_up_means_the_end_as_it_was_when_the_reader_was_made(kafka: KafkaBackend) -> None:
    topic = kafka.create_topic(1)
    fill(kafka, topic, range(3))
    reader = kafka.follower([topic])
    fill(kafka, topic, range(3, 6))
    records = follow(reader, lambda _: reader.is_caught_up)
    assert values(records)[:3] == [0, 1, 2]


def test_a_reader_from_the_end_gets_only_what_is_new(kafka: KafkaBackend) -> None:
    topic = kafka.create_topic(2)
    fill(kafka, topic, range(10))
    reader = kafka.follower([topic], FROM_END)
    assert follow(reader, lambda _: reader.is_caught_up) == []
    fill(kafka, topic, range(10, 12))
    assert values(follow(reader, lambda r: len(r) == 2)) == [10, 11]


def test_a_reader_from_a_time_gets_what_is_not_older(kafka: KafkaBackend) -> None:
    topic, producer = kafka.create_topic(2), kafka.producer()
    producer.send_and_wait(topic, None, b"0", partition=0)
    time.sleep(0.05)
    landed = producer.send_and_wait(topic, None, b"1", partition=0)
    time.sleep(0.05)
    producer.send_and_wait(topic, None, b"2", partition=0)
    reader = kafka.follower([topic], from_timestamp(landed.timestamp_ms))
    assert values(follow(reader, lambda _: reader.is_caught_up)) == [1, 2]
    later = kafka.follower([topic], from_timestamp(landed.timestamp_ms + 3_600_000))
    assert follow(later, lambda _: later.is_caught_up) == []


def test_records_without_a_value_are_given(kafka: KafkaBackend) -> None:
    topic, producer = kafka.create_topic(1), kafka.producer()
    producer.send_and_wait(topic, b"cam-1", b"{}", partition=0)
    producer.send_and_wait(topic, b"cam-1", None, partition=0)
    reader = kafka.follower([topic])
    assert [(r.key, r.value) for r in follow(reader, lambda r: len(r) == 2)] == [(b"cam-1", b"{}"), (b"cam-1", None)]


def test_an_expired_beginning_is_skipped(kafka: KafkaBackend) -> None:
    topic = kafka.create_topic(1)
    fill(kafka, topic, range(10))
    kafka.expire_to(topic, 0, 6)
    reader = kafka.follower([topic])
    assert values(follow(reader, lambda _: reader.is_caught_up)) == [6, 7, 8, 9]


def test_a_topic_made_again_is_read_from_its_beginning(kafka: KafkaBackend) -> None:
    topic = kafka.create_topic(1)
    fill(kafka, topic, range(10))
    reader = kafka.follower([topic])
    follow(reader, lambda _: reader.is_caught_up)
    kafka.recreate_topic(topic)
    fill(kafka, topic, range(100, 103))
    records: list[Record] = []
    end = time.monotonic() + PATIENCE_S
    while len(records) < 3 and time.monotonic() < end:
        try:
            records += reader.poll(0.1)
        except Transient:
            time.sleep(0.1)
    assert values(records) == [100, 101, 102]


def test_an_unknown_topic_is_a_configuration_error(kafka: KafkaBackend) -> None:
    with pytest.raises(ConfigurationError):
        kafka.follower(["nowhere-" + secrets.token_hex(4)])

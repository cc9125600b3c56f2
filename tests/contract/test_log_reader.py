"""What a reader of positions and partitions does (`common.kafka.ports.LogReader`)."""

import re
import secrets
import time

import pytest

from common.deadline import Deadline
from common.errors import ConfigurationError
from common.kafka.ports import LogReader, Position, TopicPartition, Watermarks
from common.retry import retry_transient
from tests.contract.group_members import Member, drive
from tests.contract.kafka_backends import KafkaBackend


@pytest.fixture
def reader(kafka: KafkaBackend) -> LogReader:
    return kafka.reader()


@pytest.fixture
def topic(kafka: KafkaBackend) -> str:
    """Partition 0 has records 0 to 9, their values their offsets; partition 1 is empty."""
    name = kafka.create_topic(2)
    producer = kafka.producer()
    for n in range(10):
        producer.send(name, None, str(n).encode(), partition=0)
    assert producer.flush(20.0) == 0
    return name


def nowhere() -> str:
    return "nowhere-" + secrets.token_hex(4)


def test_watermarks_are_the_ends_of_the_log(kafka: KafkaBackend, reader: LogReader, topic: str) -> None:
    assert reader.watermarks(TopicPartition(topic, 0)) == Watermarks(0, 10)
    assert reader.watermarks(TopicPartition(topic, 1)) == Watermarks(0, 0)
    kafka.expire_to(topic, 0, 4)
    kafka.producer().send_and_wait(topic, None, b"10", partition=0)
    assert reader.watermarks(TopicPartition(topic, 0)) == Watermarks(4, 11)


def test_watermarks_of_several_partitions_are_those_of_each(kafka: KafkaBackend, reader: LogReader, topic: str) -> None:
    kafka.expire_to(topic, 0, 4)
    both = [TopicPartition(topic, n) for n in range(2)]
    assert reader.all_watermarks(both) == {both[0]: Watermarks(4, 10), both[1]: Watermarks(0, 0)}
    assert reader.all_watermarks([]) == {}


def test_committed_of_an_unknown_group_is_none(reader: LogReader, topic: str) -> None:
    partitions = [TopicPartition(topic, n) for n in range(2)]
    assert reader.committed("g" + secrets.token_hex(6), partitions) == dict.fromkeys(partitions)
    assert reader.committed("g" + secrets.token_hex(6), []) == {}


def test_partitions_are_counted(reader: LogReader, topic: str) -> None:
    assert reader.partitions(topic) == 2


def test_questions_about_an_unknown_topic_are_configuration_errors(reader: LogReader) -> None:
    with pytest.raises(ConfigurationError):
        reader.partitions(nowhere())
    with pytest.raises(ConfigurationError):
        reader.topic_id(nowhere())
    with pytest.raises(ConfigurationError):
        reader.watermarks(TopicPartition(nowhere(), 0))
    with pytest.raises(ConfigurationError):
        reader.all_watermarks([TopicPartition(nowhere(), 0)])


def test_read_gives_the_records_of_the_range(reader: LogReader, topic: str) -> None:
    records = reader.read(TopicPartition(topic, 0), 3, 7, timeout_s=20.0)
    assert [(r.offset, r.value) for r in records] == [(n, str(n).encode()) for n in range(3, 7)]
    assert reader.read(TopicPartition(topic, 0), 0, 2, timeout_s=20.0)[0].offset == 0


def test_read_of_an_empty_range_returns_at_once(reader: LogReader, topic: str) -> None:
    assert reader.read(TopicPartition(topic, 0), 5, 5, timeout_s=20.0) == []
    assert reader.read(TopicPartition(topic, 0), 7, 5, timeout_s=20.0) == []


def test_read_of_an_expired_range_gives_what_is_left(kafka: KafkaBackend, reader: LogReader, topic: str) -> None:
    kafka.expire_to(topic, 0, 6)
    assert [r.offset for r in reader.read(TopicPartition(topic, 0), 2, 9, timeout_s=20.0)] == [6, 7, 8]
    assert reader.read(TopicPartition(topic, 0), 2, 5, timeout_s=20.0) == []


def test_read_past_the_end_waits_no_longer_than_told(reader: LogReader, topic: str) -> None:
    start = time.monotonic()
    records = reader.read(TopicPartition(topic, 0), 8, 12, timeout_s=1.0)
    assert [r.offset for r in records] == [8, 9]
    assert time.monotonic() - start < 10.0


def test_a_topic_made_again_has_another_id_and_no_positions(kafka: KafkaBackend, topic: str) -> None:
    reader, group = kafka.reader(), "g" + secrets.token_hex(6)
    partition = TopicPartition(topic, 0)
    member = Member(kafka.consumer(group), topic)
    drive([member], lambda: len(member.records) == 10)
    member.consumer.commit({partition: Position(10, "old")})
    member.consumer.close()
    before = reader.topic_id(topic)
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", before)
    assert reader.topic_id(topic) == before
    kafka.recreate_topic(topic)
    assert reader.topic_id(topic) != before
    # The broker of the old topic's partition may still be asked first.
    assert retry_transient(lambda: reader.watermarks(partition), Deadline(30.0)) == Watermarks(0, 0)
    assert reader.committed(group, [partition]) == {partition: None}

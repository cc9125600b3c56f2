"""librdkafka's messages and partitions as ours."""

from collections.abc import Iterable
from typing import cast

from confluent_kafka import Message
from confluent_kafka import TopicPartition as ClientPartition

from common.contracts.frame import Headers
from common.kafka.ports import Position, Record, TopicPartition


def to_record(message: Message) -> Record:
    """A message without error. A header without a value counts as empty."""
    topic, partition = partition_of(message)
    return Record(
        topic=topic,
        partition=partition,
        offset=offset_of(message),
        timestamp_ms=message.timestamp()[1],
        key=_bytes(message.key()),
        value=_bytes(message.value()),
        headers=_headers(message),
    )


def offset_of(message: Message) -> int:
    """The offset of a message, or of the event (end of partition, lost position) it stands for."""
    offset = message.offset()
    return -1 if offset is None else offset


def partition_of(message: Message) -> TopicPartition:
    topic, partition = message.topic(), message.partition()
    return TopicPartition("" if topic is None else topic, -1 if partition is None else partition)


def from_client(client: ClientPartition) -> TopicPartition:
    return TopicPartition(client.topic, client.partition)


def to_client(partition: TopicPartition, offset: int | None = None) -> ClientPartition:
    if offset is None:
        return ClientPartition(partition.topic, partition.partition)
    return ClientPartition(partition.topic, partition.partition, offset)


def to_commit(partition: TopicPartition, position: Position) -> ClientPartition:
    return ClientPartition(partition.topic, partition.partition, position.next_offset, position.metadata)


def _headers(message: Message) -> Headers:
    found = message.headers()
    pairs = found.items() if isinstance(found, dict) else found or ()
    return [
        (name, value if type(value) is bytes else _bytes(value) or b"")
        for name, value in cast("Iterable[tuple[str, str | bytes | None]]", pairs)
    ]


def _bytes(data: str | bytes | None) -> bytes | None:
    """confluent-kafka gives bytes; its annotations also allow text."""
    return data.encode() if isinstance(data, str) else data

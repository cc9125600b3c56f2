"""Reading a topic from its start to the end it has now, a batch at a time: for commands, never for services."""

from collections.abc import Iterable

from common.kafka.ports import LogReader, Record, TopicPartition

READ_BATCH = 200
"""Records held at once: frames weigh up to 2 MiB."""
READ_TIMEOUT_S = 30.0


def read_topic(log: LogReader, topic: str) -> Iterable[Record]:
    """Every record of a topic up to the ends it has now."""
    for number in range(log.partitions(topic)):
        yield from read_partition(log, TopicPartition(topic, number))


def read_partition(log: LogReader, partition: TopicPartition) -> Iterable[Record]:
    """Every record of a partition up to the end it has now, a batch at a time."""
    marks = log.watermarks(partition)
    at = marks.low
    while at < marks.high:
        end = min(at + READ_BATCH, marks.high)
        yield from log.read(partition, at, end, READ_TIMEOUT_S)
        at = end

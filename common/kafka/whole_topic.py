"""Reading a topic from its start to the end it has now, a batch at a time: for commands, never for services."""

from collections.abc import Iterable

from common.deadline import Deadline
from common.errors import Transient
from common.kafka.ports import LogReader, Record, TopicPartition

READ_BATCH = 200
"""Records held at once: frames weigh up to 2 MiB."""
READ_TIMEOUT_S = 30.0


def read_topic(log: LogReader, topic: str) -> Iterable[Record]:
    """Every record of a topic up to the ends it has now. Raises as `read_partition` does."""
    for number in range(log.partitions(topic)):
        yield from read_partition(log, TopicPartition(topic, number))


def read_partition(log: LogReader, partition: TopicPartition) -> Iterable[Record]:
    """Every record of a partition up to the end it has now, a batch at a time.

    Raises Transient when the broker gives nothing more before that end: what was read is not all there is.
    """
    marks = log.watermarks(partition)
    at = marks.low
    while at < marks.high:
        end = min(at + READ_BATCH, marks.high)
        deadline = Deadline(READ_TIMEOUT_S)
        records = log.read(partition, at, end, READ_TIMEOUT_S)
        if deadline.is_over and not (records and records[-1].offset == end - 1):
            raise Transient(f"{partition.topic}[{partition.partition}] could not be read to offset {end}")
        yield from records
        at = end

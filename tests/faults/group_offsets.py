"""Setting a group's offsets by hand, as an operator would for a replay."""

from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka import TopicPartition as ClientPartition

from common.kafka.ports import TopicPartition
from tests.faults.fault_bench import FaultBench

LIMIT_S = 30.0


def partitions_of(bench: FaultBench, topic: str) -> list[TopicPartition]:
    name = bench.kafka.topic(topic)
    return [TopicPartition(name, number) for number in range(bench.checker.log.partitions(name))]


def rewind(bench: FaultBench, group: str, topic: str) -> None:
    """Back to offset 0 of every partition, without metadata. The group must have no member."""
    targets = [ClientPartition(p.topic, p.partition, 0) for p in partitions_of(bench, topic)]
    admin = bench.admin  # held: without it the client is gone before it has answered
    for future in admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(group, targets)]).values():
        future.result(LIMIT_S)


def committed(bench: FaultBench, group: str, topic: str) -> dict[int, int]:
    """Partition -> next offset, of those that have one."""
    found = bench.checker.log.committed(group, partitions_of(bench, topic))
    return {p.partition: position.next_offset for p, position in found.items() if position is not None}


def ends(bench: FaultBench, topic: str) -> dict[int, int]:
    """Partition -> end of its log, of those that are not empty."""
    marks = {p.partition: bench.checker.log.watermarks(p) for p in partitions_of(bench, topic)}
    return {partition: found.high for partition, found in marks.items() if found.high > found.low}


def has_read_all(bench: FaultBench, group: str, topic: str) -> bool:
    """Whether the group's mark is at the end of every partition."""
    marks = committed(bench, group, topic)
    return all(marks.get(partition, 0) >= end for partition, end in ends(bench, topic).items())

"""Positions and partitions of the in-memory cluster, without a group."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from common.kafka.ports import Position, Record, TopicPartition, Watermarks

if TYPE_CHECKING:
    from common.kafka.memory.cluster import MemoryCluster


class MemoryLogReader:
    """Implements `LogReader`."""

    def __init__(self, cluster: "MemoryCluster") -> None:
        self._cluster = cluster

    def committed(self, group: str, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, Position | None]:
        self._cluster.require_up()
        positions = self._cluster.committed(group)
        return {partition: positions.get(partition) for partition in partitions}

    def watermarks(self, partition: TopicPartition) -> Watermarks:
        self._cluster.require_up()
        return self._cluster.watermarks(partition)

    def all_watermarks(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, Watermarks]:
        return {partition: self.watermarks(partition) for partition in partitions}

    def topic_id(self, topic: str) -> str:
        self._cluster.require_up()
        return self._cluster.topic(topic).topic_id

    def partitions(self, topic: str) -> int:
        self._cluster.require_up()
        return len(self._cluster.topic(topic).logs)

    def read(self, partition: TopicPartition, start: int, end: int, timeout_s: float) -> list[Record]:
        self._cluster.require_up()
        with self._cluster.changed:
            log = self._cluster.log(partition)
            self._cluster.changed.wait_for(
                lambda: log.high >= end, min(timeout_s, self._cluster.longest_wait_s) if log.high < end else 0
            )
            return [record for record in log.read(start, max(0, end - start)) if record.offset < end]

    def close(self) -> None:
        pass

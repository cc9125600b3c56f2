"""Following whole topics of the in-memory cluster."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from common.kafka.memory.log import PartitionLog
from common.kafka.ports import Record, StartRule, TopicPartition

if TYPE_CHECKING:
    from common.kafka.memory.cluster import MemoryCluster

BATCH = 500


class MemoryTopicReader:
    """Implements `TopicReader`."""

    def __init__(self, cluster: "MemoryCluster", topics: Sequence[str], start: StartRule) -> None:
        self._cluster = cluster
        cluster.require_up()
        with cluster.changed:
            partitions = [TopicPartition(t, n) for t in topics for n in range(len(cluster.topic(t).logs))]
            self._ends = {p: cluster.log(p).high for p in partitions}
            self._next = {p: _first(cluster.log(p), start) for p in partitions}

    def poll(self, timeout_s: float) -> list[Record]:
        with self._cluster.changed:
            records = self._fetch()
            if not records and timeout_s > 0:
                self._cluster.changed.wait(min(timeout_s, self._cluster.longest_wait_s))
                records = self._fetch()
            return records

    @property
    def is_caught_up(self) -> bool:
        return all(self._next[p] >= end for p, end in self._ends.items())

    def close(self) -> None:
        pass

    def _fetch(self) -> list[Record]:
        if self._cluster.is_down:
            return []
        records: list[Record] = []
        for partition in self._next:
            log = self._cluster.log(partition)
            if not log.low <= self._next[partition] <= log.high:  # expired, or made again
                self._next[partition] = log.low
            found = log.read(self._next[partition], BATCH)
            if found:
                self._next[partition] = found[-1].offset + 1
                records += found
        return records


def _first(log: PartitionLog, start: StartRule) -> int:
    if start.kind == "beginning":
        return log.low
    return log.high if start.kind == "end" else log.offset_since(start.timestamp_ms)

"""Where a group of workers stands in `segment-jobs`, and how often a job was begun there."""

from collections.abc import Mapping, Sequence

from common.kafka.ports import LogReader, TopicPartition
from consumers.jobs.tries import Tries


class GroupPlace:
    """What every worker of the job engine needs of its group. One thread."""

    def __init__(self, log: LogReader, group: str) -> None:
        self._log = log
        self._group = group
        self._begun: dict[TopicPartition, Tries] = {}

    def starts(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        """Where to read on: the group's position, or the log's start. Raises Transient."""
        committed = self._log.committed(self._group, partitions)
        starts: dict[TopicPartition, int | None] = {}
        for partition in partitions:
            low = self._log.watermarks(partition).low
            position = committed.get(partition)
            starts[partition] = low if position is None else max(low, position.next_offset)
            tries = Tries.parse(position.metadata) if position is not None else None
            self._begun.pop(partition, None)
            if tries is not None:
                self._begun[partition] = tries
        return starts

    def tries_of(self, partition: TopicPartition, offset: int) -> int:
        """How often a job was begun by processes that ended in the middle of it."""
        tries = self._begun.get(partition)
        return tries.count if tries is not None and tries.offset == offset else 0

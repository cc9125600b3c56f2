"""Offsets that trail the writes they stand for (DESIGN 5, rule 10)."""

import math
from collections.abc import Mapping, Sequence

from common.kafka.ports import TopicPartition

SAFETY_S = 5.0
"""A database that dies may lose what it acknowledged last: 100 ms with MongoDB's journal; the light server nothing when
it is killed, and a second when the power is cut. Its death is noticed within 0.5 s (`mongo.HEARTBEAT_MS`) and a
time-out of 2 s; only then may offsets pass."""
STEP_S = 0.25
"""Writes of one step age together, so that what is held does not grow with the rate of events."""


class CommitTrail:
    """What has been written and not yet committed: at most SAFETY_S / STEP_S offsets a partition. One thread."""

    def __init__(self) -> None:
        self._written: dict[TopicPartition, dict[int, int]] = {}
        """By partition: step in which it was written -> next offset."""
        self._committed: dict[TopicPartition, int] = {}

    @property
    def is_empty(self) -> bool:
        return not any(self._written.values())

    def begin(self, partition: TopicPartition, offset: int) -> None:
        """A partition that is read from `offset`, its committed offset."""
        self._written[partition] = {}
        self._committed[partition] = offset

    def drop(self, partitions: Sequence[TopicPartition]) -> None:
        """Partitions that are somebody else's now."""
        for partition in partitions:
            self._written.pop(partition, None)
            self._committed.pop(partition, None)

    def add(self, partition: TopicPartition, next_offset: int, now_s: float) -> None:
        """Everything of `partition` below `next_offset` is in the database since `now_s` (monotonic)."""
        self._written[partition][math.floor(now_s / STEP_S)] = next_offset

    def due(self, now_s: float) -> dict[TopicPartition, int]:
        """Next offsets that may be committed now; `settled` says that they were."""
        last_step = math.floor((now_s - SAFETY_S) / STEP_S) - 1
        offsets: dict[TopicPartition, int] = {}
        for partition, steps in self._written.items():
            ready = [step for step in steps if step <= last_step]
            if ready:
                offsets[partition] = max(steps[step] for step in ready)
                for step in ready[:-1]:  # what a failed commit left behind is one offset
                    del steps[step]
        return offsets

    def settled(self, offsets: Mapping[TopicPartition, int]) -> None:
        """These were committed."""
        for partition, offset in offsets.items():
            if partition in self._committed:
                self._committed[partition] = offset
                steps = self._written[partition]
                self._written[partition] = {step: at for step, at in steps.items() if at > offset}

    def rewind(self) -> dict[TopicPartition, int]:
        """Forget what was written since the last commit; where to read on from, by partition."""
        for partition in self._written:
            self._written[partition] = {}
        return dict(self._committed)

"""Driving group members in tests: each keeps what it was told and what it read."""

import time
from collections.abc import Callable, Mapping, Sequence

from common.kafka.ports import GroupConsumer, Position, Record, TopicPartition

PATIENCE_S = 45.0
"""A rebalance of the real broker takes a few heartbeats; machines are slow at times."""


class Member:
    """A consumer and its listener. It reads each partition from where it last stood, from `start` the first time."""

    def __init__(self, consumer: GroupConsumer, topic: str, start: int | None = 0) -> None:
        self.consumer = consumer
        self.start = start
        self.events: list[tuple[str, tuple[int, ...]]] = []
        self.owned: set[TopicPartition] = set()
        self.records: list[Record] = []
        self.next: dict[TopicPartition, int] = {}
        self.on_revoked: Callable[[Sequence[TopicPartition]], None] = lambda _partitions: None
        self.on_assigned: Callable[[Sequence[TopicPartition]], None] = lambda _partitions: None
        consumer.subscribe([topic], self)

    def assigned(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        self.events.append(("assigned", tuple(p.partition for p in sorted(partitions))))
        self.owned.update(partitions)
        self.on_assigned(partitions)
        return {p: self.next.get(p, self.start) for p in partitions}

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        self.events.append(("revoked", tuple(p.partition for p in sorted(partitions))))
        self.on_revoked(partitions)
        self.owned.difference_update(partitions)

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        self.events.append(("lost", tuple(p.partition for p in sorted(partitions))))
        self.owned.difference_update(partitions)

    def turn(self, max_records: int = 100, timeout_s: float = 0.05) -> list[Record]:
        records = self.consumer.poll(max_records, timeout_s)
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            assert partition in self.owned, "a record of a partition that is not ours"
            self.next[partition] = record.offset + 1
        self.records += records
        return records

    def offsets(self, partition: int) -> list[int]:
        return [r.offset for r in self.records if r.partition == partition]

    def commit_what_is_read(self, partitions: Sequence[TopicPartition]) -> None:
        self.consumer.commit({p: Position(self.next[p]) for p in partitions if p in self.next})


def drive(members: Sequence[Member], until: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Let the members turn until it is so."""
    end = time.monotonic() + patience_s
    while not until():
        assert time.monotonic() < end, f"not within {patience_s} s: {[m.events for m in members]}"
        for member in members:
            member.turn()


def settle(members: Sequence[Member], seconds: float = 1.0) -> None:
    """Let the members turn for a while in which nothing new is to come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for member in members:
            member.turn()

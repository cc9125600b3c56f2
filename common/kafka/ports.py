"""What this project needs of Kafka. `confluent` and `memory` implement it and obey one contract suite."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from common.contracts.frame import Headers


@dataclass(frozen=True, slots=True)
class Record:
    """One record as read. `timestamp_ms` is the broker's (LogAppendTime) where the topic says so. The value is kept out of repr."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None = field(repr=False)
    headers: Headers = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, order=True)
class TopicPartition:
    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Position:
    """A committed position: the next offset to read, and the bytes stored beside it (at most 4,000, ours at most 1,024)."""

    next_offset: int
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Watermarks:
    """`low`: first offset still in the log; `high`: the offset after the last record."""

    low: int
    high: int


class GroupListener(Protocol):
    """Told of rebalances from inside `GroupConsumer.poll`, on the loop's thread. Must return quickly."""

    def assigned(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        """Newly assigned partitions. Return for each the offset to start at, or None to leave it unread (and paused)
        until `GroupConsumer.seek` is called for it."""
        ...

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Taken in an orderly way; the group waits, and a commit made from here is still accepted."""
        ...

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """Already somebody else's: nothing may be committed."""
        ...


class GroupConsumer(Protocol):
    """A member of a consumer group with cooperative rebalancing. All calls from one thread, the loop's.

    Auto commit and auto offset store are off. No call but `poll` waits for longer than its timeout.
    """

    def subscribe(self, topics: Sequence[str], listener: GroupListener) -> None: ...

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        """At most `max_records` records, waiting at most `timeout_s` for the first. Raises Transient when the cluster is
        out of reach for long, ConfigurationError for what no retry mends (unknown topic, denied, bad credentials)."""
        ...

    def commit(self, positions: Mapping[TopicPartition, Position]) -> None:
        """Commit synchronously, at most 5 s. Raises Transient (rebalance under way, coordinator moved, time-out)."""
        ...

    def commit_soon(self, positions: Mapping[TopicPartition, Position], done: Callable[[Exception | None], None]) -> None:
        """Commit without waiting; `done` is called from inside a later `poll` with None or Transient."""
        ...

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from `offset` and resume the partition; records fetched from elsewhere are never returned after this."""
        ...

    def pause(self, partitions: Iterable[TopicPartition]) -> None: ...

    def resume(self, partitions: Iterable[TopicPartition]) -> None: ...

    def close(self) -> None:
        """Leave the group (the listener hears `revoked`) within 10 s. Idempotent."""
        ...


class LogReader(Protocol):
    """Reads positions and partitions without a group: never the handle that fetches. Safe on any one thread at a time."""

    def committed(self, group: str, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, Position | None]: ...

    def watermarks(self, partition: TopicPartition) -> Watermarks: ...

    def topic_id(self, topic: str) -> str:
        """The topic's id (base64 UUID): it changes when a topic is deleted and made again."""
        ...

    def partitions(self, topic: str) -> int: ...

    def read(self, partition: TopicPartition, start: int, end: int, timeout_s: float) -> list[Record]:
        """Records of [start, end) that are there, in order; blocks until `end` is reached or the time is over."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where an acknowledged record landed."""

    partition: int
    offset: int
    timestamp_ms: int


class RecordProducer(Protocol):
    """Idempotent, `acks=all`. Create after fork. Safe on any thread."""

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
        done: Callable[[Delivery | None, Exception | None], None] | None = None,
    ) -> None:
        """Queue one record; `done` is called on the producer's thread. Raises Transient at once when the queue is full."""
        ...

    def send_and_wait(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
        timeout_s: float = 10.0,
    ) -> Delivery:
        """Queue one record and wait for its acknowledgement. Raises Transient: it may or may not have been appended."""
        ...

    def flush(self, timeout_s: float) -> int:
        """Wait for what is queued; the number of records still unacknowledged."""
        ...

    def close(self) -> None:
        """Flush for at most 10 s and stop."""
        ...


class TopicReader(Protocol):
    """Follows whole topics by assignment, without a group: settings, detections, status. One thread."""

    def poll(self, timeout_s: float) -> list[Record]: ...

    @property
    def is_caught_up(self) -> bool:
        """Whether every record that was in the log when the reader was made has been returned."""
        ...

    def close(self) -> None: ...

"""What this project needs of Kafka. `confluent` and `memory` implement it and obey one contract suite."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from common.contracts.frame import Headers
from common.errors import ConfigurationError, LookoutError


@dataclass(frozen=True, slots=True)
class Record:
    """One record as read. `timestamp_ms` is the broker's (LogAppendTime) where the topic says so."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None = field(repr=False)
    headers: Headers = field(default=(), repr=False)


class TopicPartition(NamedTuple):
    """A tuple, for it is a key: looked up several times for each frame, and a tuple's hash is not Python code."""

    topic: str
    partition: int


@dataclass(frozen=True, slots=True)
class Position:
    """A committed position: the next offset to read, and the text stored beside it (4,000 bytes, ours 1,024)."""

    next_offset: int
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class Watermarks:
    """`low`: first offset still in the log; `high`: the offset after the last record."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class StartRule:
    """Where a `TopicReader` begins in each partition: at its beginning, at its end, or at the first record not older
    than `timestamp_ms`."""

    kind: Literal["beginning", "end", "timestamp"]
    timestamp_ms: int = 0


FROM_BEGINNING = StartRule("beginning")
FROM_END = StartRule("end")


def from_timestamp(timestamp_ms: int) -> StartRule:
    """Begin at the first record whose timestamp (ms since the epoch) is `timestamp_ms` or later."""
    return StartRule("timestamp", timestamp_ms)


class PositionLost(LookoutError):
    """The next offset of an assigned partition is not in the log: it expired, or the topic was made again.

    Not told for certain: a topic made again whose log has grown past the position meanwhile. A client may go on there
    and nothing in its records shows it; who reads compares `LogReader.topic_id` now and then (the runtime: each 2 s).

    Nothing is skipped: the partition gives no records until `GroupConsumer.seek`. Declare the gap first (DESIGN 5, rule
    14), or let the process end: the next start compares the committed position with the log.
    """

    def __init__(self, partition: "TopicPartition", offset: int) -> None:
        super().__init__(f"offset {offset} of {partition.topic}[{partition.partition}] is not in the log")
        self.partition = partition
        self.offset = offset


class RecordTooLarge(ConfigurationError):
    """A record is larger than the topic or the producer takes. Sending it again cannot help."""


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
        """At most `max_records` records, waiting at most `timeout_s` for the first.

        Records of one partition come in offset order; a hole in their offsets means that nothing lies there. Raises
        Transient when the cluster is out of reach for long, ConfigurationError for what no retry mends (unknown topic,
        denied, bad credentials), PositionLost when a partition's next offset is not in the log, and whatever the
        listener raised.
        """
        ...

    def commit(self, positions: Mapping[TopicPartition, Position]) -> None:
        """Commit synchronously, at most 5 s. Raises Transient (rebalance under way, coordinator moved, time-out)."""
        ...

    def commit_soon(
        self, positions: Mapping[TopicPartition, Position], done: Callable[[Exception | None], None]
    ) -> None:
        """Commit without waiting; `done` is called from inside a later `poll` with None or Transient."""
        ...

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Read on from `offset` and resume the partition; no record fetched from elsewhere is returned after this."""
        ...

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        """Give no more records of these. A later `seek` or assignment resumes. ValueError: not assigned."""
        ...

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        """Read on where `pause` came; a partition that was never given a position stays unread. ValueError: not
        assigned."""
        ...

    def close(self) -> None:
        """Leave the group (the listener hears `revoked`) within 10 s. Idempotent."""
        ...


class LogReader(Protocol):
    """Reads positions and partitions without a group: never the handle that fetches. One thread at a time, any thread.

    Every call raises Transient when the broker does not answer in time, ConfigurationError for an unknown topic.
    """

    def committed(self, group: str, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, Position | None]: ...

    def watermarks(self, partition: TopicPartition) -> Watermarks: ...

    def all_watermarks(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, Watermarks]:
        """The same for several partitions, in two requests a broker instead of two a partition."""
        ...

    def topic_id(self, topic: str) -> str:
        """The topic's id (UUID in base64url, 22 characters): it changes when a topic is deleted and made again."""
        ...

    def partitions(self, topic: str) -> int: ...

    def read(self, partition: TopicPartition, start: int, end: int, timeout_s: float) -> list[Record]:
        """Records of [start, end) that are there, in order; blocks until `end` is reached or the time is over.

        A `start` that has expired begins at the log's start; an `end` past the log's end is waited for.
        """
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
        """Queue one record. `partition` None: chosen by the key's hash (murmur2, as Java clients do).

        `done` is called once, on the producer's thread, with the delivery or the error: Transient, RecordTooLarge,
        ConfigurationError. Raises Transient at once when the queue is full, RecordTooLarge for a record over the limit.
        """
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
        """Queue one record and wait for its acknowledgement. Raises Transient: it may or may not have been appended; or
        what `send` raises."""
        ...

    def flush(self, timeout_s: float) -> int:
        """Wait for what is queued; the number of records still unacknowledged."""
        ...

    def close(self) -> None:
        """Flush for at most 10 s and stop."""
        ...


class TopicReader(Protocol):
    """Follows whole topics by assignment, without a group: settings, detections, status. One thread.

    A position that expired is skipped over in silence: what it reads is compacted, or of interest only while it is new.
    """

    def poll(self, timeout_s: float) -> list[Record]:
        """Some records, waiting at most `timeout_s` for the first. Raises Transient, ConfigurationError."""
        ...

    @property
    def is_caught_up(self) -> bool:
        """Whether every record that was in the log when the reader was made has been returned."""
        ...

    def close(self) -> None: ...

"""The cluster: topics, group positions, and the knobs a test turns."""

import threading
from collections.abc import Mapping, Sequence

from common.clock import Clock, FakeClock
from common.contracts.frame import Headers
from common.errors import ConfigurationError, Transient
from common.kafka.memory.group import Group
from common.kafka.memory.group_consumer import MemoryGroupConsumer
from common.kafka.memory.log import DEFAULT_MAX_MESSAGE_BYTES, RECORD_FRAMING_BYTES, PartitionLog, Topic
from common.kafka.memory.log_reader import MemoryLogReader
from common.kafka.memory.producer import MemoryProducer
from common.kafka.memory.topic_reader import MemoryTopicReader
from common.kafka.ports import (
    FROM_BEGINNING,
    Delivery,
    Position,
    Record,
    RecordTooLarge,
    StartRule,
    TopicPartition,
    Watermarks,
)

METADATA_MAX_BYTES = 4_000


class MemoryCluster:
    """One broker in memory. Safe on any thread; the clients it makes keep the thread rules of their ports.

    `longest_wait_s`: real seconds a poll without records waits at most, whatever its timeout: tests with a fake clock
    must not wait for real. `rebalances_by_itself`: a member that joins, leaves or is kicked changes the target
    assignment at once; else only `rebalance` does.
    """

    def __init__(
        self, clock: Clock | None = None, longest_wait_s: float = 0.01, rebalances_by_itself: bool = True
    ) -> None:
        self.clock = clock or FakeClock()
        self.longest_wait_s = longest_wait_s
        self.rebalances_by_itself = rebalances_by_itself
        self.is_down = False
        """While set, every call that needs a broker raises Transient and polls stay empty."""
        self.changed = threading.Condition(threading.RLock())  # guards everything below; notified on append
        self._topics: dict[str, Topic] = {}
        self._groups: dict[str, Group] = {}
        self._failing_commits: list[Exception] = []

    # Topics

    def create_topic(self, name: str, partitions: int = 12, max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES) -> str:
        """Make a topic and return its id. Raises ConfigurationError when it exists."""
        with self.changed:
            if name in self._topics:
                raise ConfigurationError(f"topic {name} exists")
            topic = Topic(name, [PartitionLog() for _ in range(partitions)], max_message_bytes)
            self._topics[name] = topic
            self._retarget_all()
            return topic.topic_id

    def delete_topic(self, name: str) -> None:
        """Delete a topic; as a broker does, the positions committed in it go too."""
        with self.changed:
            del self._topics[name]
            for group in self._groups.values():
                group.forget_topic(name)
            self._retarget_all()

    def recreate_topic(self, name: str) -> str:
        """Delete and make again, empty, under another id."""
        with self.changed:
            old = self.topic(name)
            self.delete_topic(name)
            return self.create_topic(name, len(old.logs), old.max_message_bytes)

    def expire_to(self, topic: str, partition: int, offset: int) -> None:
        """Retention reaches `offset`: everything before it is gone."""
        with self.changed:
            self.topic(topic).logs[partition].expire_to(offset)

    def topic(self, name: str) -> Topic:
        """Raises ConfigurationError for an unknown topic."""
        with self.changed:
            if name not in self._topics:
                raise ConfigurationError(f"topic {name} does not exist")
            return self._topics[name]

    def log(self, partition: TopicPartition) -> PartitionLog:
        topic = self.topic(partition.topic)
        if not 0 <= partition.partition < len(topic.logs):
            raise ConfigurationError(f"topic {partition.topic} has no partition {partition.partition}")
        return topic.logs[partition.partition]

    def append(
        self, topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Headers = ()
    ) -> Delivery:
        """Append one record, stamped with the cluster's clock (LogAppendTime). Raises RecordTooLarge."""
        with self.changed:
            log = self.log(TopicPartition(topic, partition))
            size = len(key or b"") + len(value or b"") + sum(len(n.encode()) + len(v) for n, v in headers)
            if size + RECORD_FRAMING_BYTES > self.topic(topic).max_message_bytes:
                raise RecordTooLarge(f"a record of {size} bytes is too large for topic {topic}")
            record = Record(
                topic,
                partition,
                log.high,
                self.clock.wall_us() // 1000,
                key,
                value,
                [(n, bytes(v)) for n, v in headers],
            )
            log.records.append(record)
            log.high += 1
            self.changed.notify_all()
            return Delivery(partition, record.offset, record.timestamp_ms)

    def records(self, topic: str, partition: int | None = None) -> list[Record]:
        """What the log holds now, for assertions."""
        with self.changed:
            logs = self.topic(topic).logs
            return [r for n, log in enumerate(logs) if partition in (None, n) for r in log.records]

    def watermarks(self, partition: TopicPartition) -> Watermarks:
        with self.changed:
            return self.log(partition).watermarks

    def require_up(self) -> None:
        """Raises Transient while the cluster is down."""
        if self.is_down:
            raise Transient("no broker answers")

    # Groups

    def group(self, name: str) -> Group:
        with self.changed:
            return self._groups.setdefault(name, Group(name))

    def rebalance(self, group: str, targets: Mapping[MemoryGroupConsumer, Sequence[TopicPartition]]) -> None:
        """Set who is to own what. Each member hears of it inside its own polls; a partition is assigned only after its
        former owner was told (cooperative). Members that are not named are to own nothing."""
        with self.changed:
            self.group(group).set_targets({member.member_id: frozenset(parts) for member, parts in targets.items()})

    def kick(self, consumer: MemoryGroupConsumer) -> None:
        """The member's session ran out: its partitions are free at once, and it hears `lost` in its next poll. Until
        then it is a zombie whose commits are refused, unless `Group.takes_commits_of_kicked` is set."""
        with self.changed:
            self.group(consumer.group).kick(consumer.member_id)
            self.retarget(consumer.group)

    def commit(self, group: str, member_id: str, positions: Mapping[TopicPartition, Position]) -> None:
        """What a member's commit does. A live member may commit for what it no longer owns, as a broker lets it."""
        with self.changed:
            self.require_up()
            if self._failing_commits:
                raise self._failing_commits.pop(0)
            for partition, position in positions.items():
                self.log(partition)
                if len(position.metadata.encode()) > METADATA_MAX_BYTES:
                    raise ConfigurationError("commit metadata is too large")
            self.group(group).commit(member_id, positions)

    def fail_commits(self, *errors: Exception) -> None:
        """The next commits raise these, one each; nothing of them is stored."""
        with self.changed:
            self._failing_commits.extend(errors)

    def committed(self, group: str) -> dict[TopicPartition, Position]:
        """All positions of a group, for assertions."""
        with self.changed:
            return dict(self.group(group).committed)

    def forget_positions(self, group: str) -> None:
        """Positions expire (`offsets.retention.minutes`)."""
        with self.changed:
            self.group(group).committed.clear()

    def retarget(self, group: str) -> None:
        """Work out a balanced, sticky assignment anew."""
        if self.rebalances_by_itself:
            self.group(group).balance({name: len(topic.logs) for name, topic in self._topics.items()})

    def _retarget_all(self) -> None:
        for group in self._groups:
            self.retarget(group)

    # Clients

    def consumer(self, group: str) -> MemoryGroupConsumer:
        return MemoryGroupConsumer(self, group)

    def reader(self) -> MemoryLogReader:
        return MemoryLogReader(self)

    def producer(self, queue_records: int = 10_000) -> MemoryProducer:
        return MemoryProducer(self, queue_records)

    def follower(self, topics: Sequence[str], start: StartRule = FROM_BEGINNING) -> MemoryTopicReader:
        return MemoryTopicReader(self, topics, start)

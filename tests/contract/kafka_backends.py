"""The two Kafkas the contract runs against: the in-memory cluster and a real broker."""

import contextlib
import secrets
from collections.abc import Iterator, Sequence
from typing import Protocol

from confluent_kafka import KafkaException
from confluent_kafka import TopicPartition as ClientPartition
from confluent_kafka.admin import AdminClient, NewTopic

from common.clock import SystemClock
from common.deadline import Deadline
from common.kafka.cluster_facts import existing_topics
from common.kafka.confluent import (
    ConfluentGroupConsumer,
    ConfluentLogReader,
    ConfluentProducer,
    ConfluentTopicReader,
    GroupTuning,
)
from common.kafka.memory import MemoryCluster, MemoryGroupConsumer
from common.kafka.ports import FROM_BEGINNING, GroupConsumer, LogReader, RecordProducer, StartRule, TopicReader
from common.settings import KafkaSettings, load_settings

ADMIN_LIMIT_S = 20.0
SETUP_LIMIT_S = 60.0
SMALL_LIMIT_BYTES = 256 * 1024


class KafkaBackend(Protocol):
    """Makes topics and clients. What it made is closed when the test ends."""

    name: str

    def create_topic(self, partitions: int = 4, max_message_bytes: int | None = None) -> str: ...

    def recreate_topic(self, topic: str) -> None: ...

    def expire_to(self, topic: str, partition: int, offset: int) -> None: ...

    def consumer(self, group: str, impatient: bool = False) -> GroupConsumer: ...

    def throw_out(self, consumer: GroupConsumer) -> None:
        """Let an `impatient` member's membership run out."""
        ...

    def reader(self) -> LogReader: ...

    def producer(self) -> RecordProducer: ...

    def follower(self, topics: Sequence[str], start: StartRule = FROM_BEGINNING) -> TopicReader: ...


class MemoryBackend:
    name = "memory"

    def __init__(self) -> None:
        self.cluster = MemoryCluster(SystemClock())

    def create_topic(self, partitions: int = 4, max_message_bytes: int | None = None) -> str:
        topic = "t" + secrets.token_hex(6)
        self.cluster.create_topic(topic, partitions, max_message_bytes or 1024 * 1024)
        return topic

    def recreate_topic(self, topic: str) -> None:
        self.cluster.recreate_topic(topic)

    def expire_to(self, topic: str, partition: int, offset: int) -> None:
        self.cluster.expire_to(topic, partition, offset)

    def consumer(self, group: str, impatient: bool = False) -> GroupConsumer:
        return self.cluster.consumer(group)

    def throw_out(self, consumer: GroupConsumer) -> None:
        assert isinstance(consumer, MemoryGroupConsumer)
        self.cluster.kick(consumer)

    def reader(self) -> LogReader:
        return self.cluster.reader()

    def producer(self) -> RecordProducer:
        return self.cluster.producer()

    def follower(self, topics: Sequence[str], start: StartRule = FROM_BEGINNING) -> TopicReader:
        return self.cluster.follower(topics, start)


class BrokerBackend:
    name = "broker"

    def __init__(self, bootstrap_servers: str) -> None:
        self.settings = load_settings(KafkaSettings, {"KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers})
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers})
        self._cleanup = contextlib.ExitStack()

    def close(self) -> None:
        self._cleanup.close()

    def create_topic(self, partitions: int = 4, max_message_bytes: int | None = None) -> str:
        topic = "t" + secrets.token_hex(6)
        self._create(topic, partitions, max_message_bytes)
        self._cleanup.callback(self._delete, topic)
        return topic

    def _create(self, topic: str, partitions: int, max_message_bytes: int | None) -> None:
        config = {"message.timestamp.type": "LogAppendTime"}
        if max_message_bytes is not None:
            config["max.message.bytes"] = str(max_message_bytes)
        deadline = Deadline(SETUP_LIMIT_S)
        # A broker on a busy machine may be fenced for a while, and its answer comes before its threads know the topic.
        while topic not in existing_topics(self._admin, [topic]) and not deadline.is_over:
            with contextlib.suppress(KafkaException, TimeoutError):
                self._admin.create_topics([NewTopic(topic, partitions, 1, config=config)])[topic].result(ADMIN_LIMIT_S)
            SystemClock().sleep(0.02)

    def _delete(self, topic: str) -> None:
        with contextlib.suppress(Exception):  # a test may have deleted it
            self._admin.delete_topics([topic])[topic].result(ADMIN_LIMIT_S)

    def recreate_topic(self, topic: str) -> None:
        partitions = len(self._admin.list_topics(topic, timeout=ADMIN_LIMIT_S).topics[topic].partitions)
        self._admin.delete_topics([topic])[topic].result(ADMIN_LIMIT_S)
        deadline = Deadline(SETUP_LIMIT_S)
        # The answer comes before its threads have forgotten it: the old one must not be taken for the new.
        while topic in existing_topics(self._admin, [topic]) and not deadline.is_over:
            SystemClock().sleep(0.02)
        self._create(topic, partitions, None)

    def expire_to(self, topic: str, partition: int, offset: int) -> None:
        at = ClientPartition(topic, partition, offset)
        self._admin.delete_records([at])[at].result(ADMIN_LIMIT_S)

    def consumer(self, group: str, impatient: bool = False) -> GroupConsumer:
        tuning = GroupTuning(session_timeout_s=6, max_poll_interval_s=6) if impatient else GroupTuning()
        consumer = ConfluentGroupConsumer(self.settings, group, tuning)
        self._cleanup.callback(consumer.close)
        return consumer

    def throw_out(self, consumer: GroupConsumer) -> None:
        SystemClock().sleep(8.0)  # the member's own poll interval has to run out in real time

    def reader(self) -> LogReader:
        reader = ConfluentLogReader(self.settings)
        self._cleanup.callback(reader.close)
        return reader

    def producer(self) -> RecordProducer:
        producer = ConfluentProducer(self.settings)
        self._cleanup.callback(producer.close)
        return producer

    def follower(self, topics: Sequence[str], start: StartRule = FROM_BEGINNING) -> TopicReader:
        follower = ConfluentTopicReader(self.settings, topics, start)
        self._cleanup.callback(follower.close)
        return follower


@contextlib.contextmanager
def broker_backend(bootstrap_servers: str) -> Iterator[BrokerBackend]:
    backend = BrokerBackend(bootstrap_servers)
    try:
        yield backend
    finally:
        backend.close()

"""Following whole topics by assignment, on librdkafka."""

from collections.abc import Sequence

from confluent_kafka import Consumer, KafkaException, Message

from common.errors import Transient
from common.kafka.confluent.admin import build_admin, describe_topic
from common.kafka.confluent.config import FOLLOWING_WAIT_MS, REQUEST_TIMEOUT_S, STATISTICS_MS, reading_config
from common.kafka.confluent.consumer_handle import ConsumerHandle
from common.kafka.confluent.errors import PARTITION_END, TOPIC_UNKNOWN, error_for, error_from
from common.kafka.confluent.records import from_client, offset_of, partition_of, to_client, to_record
from common.kafka.ports import FROM_BEGINNING, Record, StartRule, TopicPartition
from common.settings import KafkaSettings
from common.topics import MIB

PREFETCH_BYTES = 8 * MIB
BATCH = 500


class ConfluentTopicReader:
    """Implements `TopicReader`. Making one asks the cluster for the ends of all partitions: it raises Transient while
    none answers and ConfigurationError for an unknown topic."""

    def __init__(
        self,
        settings: KafkaSettings,
        topics: Sequence[str],
        start: StartRule = FROM_BEGINNING,
        client_id: str = "lookout-follower",
    ) -> None:
        self._config = reading_config(
            settings, client_id, f"{client_id}-no-group", PREFETCH_BYTES, FOLLOWING_WAIT_MS
        ) | {
            # An expired or recreated topic is read from its beginning.
            "auto.offset.reset": "earliest",
            "enable.partition.eof": True,
            "statistics.interval.ms": STATISTICS_MS,
        }
        admin = build_admin(settings, client_id)
        partitions = [TopicPartition(t, n) for t in topics for n in range(describe_topic(admin, t).partitions)]
        self._handle = ConsumerHandle.open(self._config, "making a follower")
        try:
            self._ends, self._next = self._positions(partitions, start)
            self._assign()
        except KafkaException as error:
            self._consumer.close()
            raise error_from(error, f"finding the start of {', '.join(topics)}") from error
        except Transient:
            self._consumer.close()
            raise

    def poll(self, timeout_s: float) -> list[Record]:
        records: list[Record] = []
        while len(records) < BATCH:
            message = self._next_message(0.0 if records else timeout_s)
            if message is None:
                break
            partition, offset, problem = partition_of(message), offset_of(message), message.error()
            if problem is None:
                self._next[partition] = offset + 1
                records.append(to_record(message))
            elif problem.code() == PARTITION_END:
                self._next[partition] = max(self._next[partition], offset)
            elif records:
                break  # it comes again, and records in hand are not thrown away
            elif problem.code() in TOPIC_UNKNOWN:
                # It was there when the reader was made: it is being made again.
                raise Transient(f"following topics: {problem.str()}")
            else:
                raise error_for(problem, "following topics")
        if not records:
            if self._handle.is_cut_off:
                self._renew()
            self._handle.reach.require_connection()
        return records

    @property
    def is_caught_up(self) -> bool:
        return all(self._next[partition] >= end for partition, end in self._ends.items())

    def close(self) -> None:
        self._consumer.close()

    def _renew(self) -> None:
        """Give the handle up for a new one, which goes on where this one stood."""
        self._handle = self._handle.renewed(self._config, "replacing a follower of topics")
        try:
            self._assign()
        except KafkaException as error:
            raise error_from(error, "following topics") from error

    def _assign(self) -> None:
        self._consumer.assign([to_client(partition, offset) for partition, offset in self._next.items()])

    @property
    def _consumer(self) -> Consumer:
        return self._handle.consumer

    def _next_message(self, timeout_s: float) -> Message | None:
        try:
            return self._consumer.poll(timeout_s)
        except KafkaException as error:
            raise error_from(error, "following topics") from error

    def _positions(
        self, partitions: Sequence[TopicPartition], start: StartRule
    ) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
        lows, highs = {}, {}
        for partition in partitions:
            found = self._consumer.get_watermark_offsets(to_client(partition), timeout=REQUEST_TIMEOUT_S, cached=False)
            if found is None:
                raise Transient("asking for the ends of a partition: no answer")
            lows[partition], highs[partition] = found
        if start.kind == "beginning":
            return highs, lows
        if start.kind == "end":
            return highs, dict(highs)
        asked = [to_client(partition, start.timestamp_ms) for partition in partitions]
        since = {from_client(p): p.offset for p in self._consumer.offsets_for_times(asked, timeout=REQUEST_TIMEOUT_S)}
        # -1: nothing that new is there yet.
        return highs, {p: since[p] if since.get(p, -1) >= 0 else highs[p] for p in partitions}

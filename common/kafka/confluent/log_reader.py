"""Positions and partitions without a group, on handles that never fetch for a loop."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaException

from common.deadline import Deadline
from common.errors import Transient
from common.kafka.confluent.admin import build_admin, describe_topic
from common.kafka.confluent.config import REQUEST_TIMEOUT_S, reading_config
from common.kafka.confluent.consumer_handle import RENEW_AFTER_S, retire
from common.kafka.confluent.errors import PARTITION_END, client_logger, error_for, error_from
from common.kafka.confluent.failing import Failing
from common.kafka.confluent.records import from_client, offset_of, to_client, to_record
from common.kafka.ports import Position, Record, TopicPartition, Watermarks
from common.settings import KafkaSettings
from common.topics import MIB

PREFETCH_BYTES = 8 * MIB
_log = logging.getLogger(__name__)


class ConfluentLogReader:
    """Implements `LogReader`. Handles that have answered nothing for long are replaced (`consumer_handle` says why)."""

    def __init__(self, settings: KafkaSettings, client_id: str = "lookout-reader") -> None:
        self._settings = settings
        self._client_id = client_id
        self._failing = Failing()
        self._by_group: dict[str, Consumer] = {}  # as many as there are groups: one or two
        self._open()

    def committed(self, group: str, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, Position | None]:
        with self._watched():
            return self._committed(group, partitions) if partitions else {}

    def _committed(self, group: str, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, Position | None]:
        # Not by the admin client: its request to a coordinator that does not answer in time aborts the process
        # (librdkafka 2.16, an assertion on a counter of references). This handle joins no group: it never subscribes.
        if group not in self._by_group:
            self._by_group[group] = self._make(group)
        doing = f"reading the positions of group {group}"
        asked = [to_client(partition) for partition in partitions]
        try:
            answered = self._by_group[group].committed(asked, timeout=REQUEST_TIMEOUT_S)
        except KafkaException as error:
            raise error_from(error, doing) from error
        positions: dict[TopicPartition, Position | None] = dict.fromkeys(partitions)
        for found in answered:
            if found.error is not None:
                raise error_for(found.error, doing)
            if found.offset >= 0:
                positions[from_client(found)] = Position(found.offset, found.metadata or "")
        return positions

    def watermarks(self, partition: TopicPartition) -> Watermarks:
        doing = f"asking for the ends of {partition.topic}[{partition.partition}]"
        with self._watched():
            try:
                found = self._consumer.get_watermark_offsets(
                    to_client(partition), timeout=REQUEST_TIMEOUT_S, cached=False
                )
            except KafkaException as error:
                raise error_from(error, doing) from error
            if found is None:
                raise Transient(f"{doing}: no answer")
            return Watermarks(*found)

    def all_watermarks(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, Watermarks]:
        with self._watched():
            lows, highs = self._ends(partitions, OFFSET_BEGINNING), self._ends(partitions, OFFSET_END)
        return {partition: Watermarks(lows[partition], highs[partition]) for partition in partitions}

    def _ends(self, partitions: Sequence[TopicPartition], which: int) -> dict[TopicPartition, int]:
        """One request for each broker: ListOffsets takes the two special values where a timestamp stands."""
        doing = f"asking for the ends of {len(partitions)} partitions"
        asked = [to_client(partition, which) for partition in partitions]
        try:
            answered = self._consumer.offsets_for_times(asked, timeout=REQUEST_TIMEOUT_S) if asked else []
        except KafkaException as error:
            raise error_from(error, doing) from error
        for one in answered:
            if one.error is not None:
                raise error_for(one.error, doing)
            if one.offset < 0:
                raise Transient(f"{doing}: no answer for {one.topic}[{one.partition}]")
        return {from_client(one): one.offset for one in answered}

    def topic_id(self, topic: str) -> str:
        with self._watched():
            return describe_topic(self._admin, topic).topic_id

    def partitions(self, topic: str) -> int:
        with self._watched():
            return describe_topic(self._admin, topic).partitions

    def read(self, partition: TopicPartition, start: int, end: int, timeout_s: float) -> list[Record]:
        deadline = Deadline(timeout_s)
        records: list[Record] = []
        self._consumer.assign([to_client(partition, start)])
        try:
            position = start
            while position < end:
                message = self._consumer.poll(deadline.remaining_s())
                if message is None:
                    if deadline.is_over:
                        break
                    continue
                error = message.error()
                if error is None:
                    position = offset_of(message) + 1
                    if position <= end:
                        records.append(to_record(message))
                elif error.code() == PARTITION_END:
                    position = offset_of(message)
                else:
                    raise error_for(error, f"reading {partition.topic}[{partition.partition}]")
        except KafkaException as error:
            raise error_from(error, f"reading {partition.topic}[{partition.partition}]") from error
        finally:
            self._consumer.unassign()
        return records

    def close(self) -> None:
        for consumer in (self._consumer, *self._by_group.values()):
            consumer.close()
        self._by_group.clear()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        if self._failing.for_s() >= RENEW_AFTER_S:
            _log.error("no broker has answered for long: the reader's clients are replaced")
            for consumer in (self._consumer, *self._by_group.values()):
                retire(consumer)
            self._by_group.clear()
            self._open()
            self._failing.note_success()
        try:
            yield
        except Transient:
            self._failing.note_failure()
            raise
        self._failing.note_success()

    def _open(self) -> None:
        self._admin = build_admin(self._settings, self._client_id)
        self._consumer = self._make(f"{self._client_id}-no-group")

    def _make(self, group: str) -> Consumer:
        config = reading_config(self._settings, self._client_id, group, PREFETCH_BYTES)
        config |= {"auto.offset.reset": "earliest", "enable.partition.eof": True}
        try:
            return Consumer(config, logger=client_logger())
        except KafkaException as error:
            raise error_from(error, "making a reader") from error

"""The indexer's loop: events from Kafka into the database."""

import logging
import threading
from collections.abc import Mapping, Sequence

from api_server.database.port import Database
from api_server.indexer.trail import CommitTrail
from api_server.indexer.writer import EventWriter
from common.clock import Clock
from common.contracts.clip_event import parse_event
from common.errors import Transient
from common.kafka.ports import GroupConsumer, LogReader, Position, PositionLost, Record, TopicPartition
from common.metrics import Metrics
from common.retry import Backoff

log = logging.getLogger(__name__)

GROUP = "indexer"
POLL_S = 0.25
"""A clip is to be listed within a second of its event, and a commit becomes due within this."""
BATCH_RECORDS = 100


class IndexerLoop:
    """Owns the Kafka handle and the trail; everything runs on the thread that calls `run`.

    1. Records are written in the order of their partitions; an unreadable one is logged and counted (the sweep will
       announce its clip anew, from the store).
    2. A commit follows SAFETY_S behind.
    3. When the database was lost in between, nothing that came after the committed offsets counts as written: all
       partitions are read again from there.
    """

    def __init__(
        self,
        consumer: GroupConsumer,
        reader: LogReader,
        topic: str,
        writer: EventWriter,
        database: Database,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._consumer = consumer
        self._reader = reader
        self._topic = topic
        self._writer = writer
        self._database = database
        self._metrics = metrics
        self._clock = clock
        self._trail = CommitTrail()
        self._unplaced: set[TopicPartition] = set()
        self._losses = database.losses
        self._delays = Backoff().delays()
        self._problem: str | None = "The indexer is joining its group."

    def problem(self) -> str | None:
        """None while events are being written, else a sentence. Any thread."""
        return self._problem

    def run(self, stop: threading.Event) -> None:
        """Until `stop`. Raises ConfigurationError; Kafka and database outages are waited out."""
        self._consumer.subscribe([self._topic], self)
        try:
            while not stop.is_set():
                self.turn(stop)
            self._commit_due()
        finally:
            self._consumer.close()

    def turn(self, stop: threading.Event) -> None:
        """One round: find positions, read, write, commit what is due."""
        try:
            self._place()
            records = self._consumer.poll(BATCH_RECORDS, POLL_S)
        except PositionLost as error:
            # Events that expired unread are no loss: the sweep compares store and index.
            log.warning("events expired unread", extra={"partition": error.partition.partition})
            self._trail.drop([error.partition])
            self._unplaced.add(error.partition)
            return
        except Transient as error:
            self._wait("Kafka does not answer.", error, stop)
            return
        try:
            for record in records:
                self._write(record)
            # Also when there is nothing to write: whether the database still is there decides what may be committed.
            if not records and not self._trail.is_empty:
                self._database.ping()
        except Transient as error:
            self._wait("The database does not answer.", error, stop)
            self._return_to_committed()
            return
        if self._database.losses != self._losses:
            self._return_to_committed()
            return
        self._problem = None
        self._delays = Backoff().delays()
        self._commit_due()

    # Called by the consumer from inside `poll`, on the same thread

    def assigned(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        """Positions are asked for on the next turn: that may fail, and a callback may not."""
        self._unplaced.update(partitions)
        return dict.fromkeys(partitions)

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        self._commit_due()
        self.lost(partitions)

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        self._unplaced.difference_update(partitions)
        self._trail.drop(partitions)

    def _place(self) -> None:
        """Start reading newly assigned partitions where their group left off. Raises Transient."""
        if not self._unplaced:
            return
        partitions = sorted(self._unplaced)
        committed = self._reader.committed(GROUP, partitions)
        for partition in partitions:
            marks, position = self._reader.watermarks(partition), committed.get(partition)
            is_there = position is not None and marks.low <= position.next_offset <= marks.high
            start = position.next_offset if position is not None and is_there else marks.low
            self._trail.begin(partition, start)
            self._consumer.seek(partition, start)
            self._unplaced.discard(partition)
        log.info("reading", extra={"partitions": len(partitions)})

    def _write(self, record: Record) -> None:
        partition = TopicPartition(record.topic, record.partition)
        try:
            event = parse_event(record.value or b"")
        except ValueError:
            log.exception("unreadable event", extra={"partition": record.partition, "offset": record.offset})
            self._metrics.count("lookout_events_indexed_total", outcome="unreadable")
        else:
            outcome = self._writer.write(event)
            self._metrics.count("lookout_events_indexed_total", outcome=outcome.value)
            age_s = self._clock.wall_us() / 1_000_000 - record.timestamp_ms / 1000
            self._metrics.set("lookout_index_lag_seconds", max(0.0, age_s))
        self._trail.add(partition, record.offset + 1, self._clock.monotonic_s())

    def _commit_due(self) -> None:
        offsets = self._trail.due(self._clock.monotonic_s())
        if not offsets:
            return
        try:
            self._consumer.commit({partition: Position(offset) for partition, offset in offsets.items()})
        except Transient as error:
            log.warning("commit failed, tried again", extra={"error": str(error)})
            return
        self._trail.settled(offsets)

    def _return_to_committed(self) -> None:
        self._losses = self._database.losses
        for partition, offset in self._trail.rewind().items():
            self._consumer.seek(partition, offset)
        log.warning("the database was lost, reading again from the committed offsets")

    def _wait(self, problem: str, error: Transient, stop: threading.Event) -> None:
        self._problem = problem
        log.warning("waiting", extra={"reason": problem, "error": str(error)})
        stop.wait(next(self._delays))

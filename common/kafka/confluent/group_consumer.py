"""A group member on librdkafka."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from confluent_kafka import Consumer, KafkaError, KafkaException, Message
from confluent_kafka import TopicPartition as ClientPartition

from common.deadline import Deadline
from common.errors import Transient
from common.kafka.confluent.commits import Commits
from common.kafka.confluent.config import GroupTuning, group_config
from common.kafka.confluent.consumer_handle import ConsumerHandle
from common.kafka.confluent.errors import (
    BAD_STATE,
    POLL_TOO_LATE,
    POSITION_LOST,
    TOPIC_UNKNOWN,
    error_for,
    error_from,
)
from common.kafka.confluent.held_records import HeldRecords
from common.kafka.confluent.records import from_client, offset_of, partition_of, to_client, to_record
from common.kafka.confluent.waits import whole_ms
from common.kafka.ports import GroupListener, Position, PositionLost, Record, TopicPartition
from common.settings import KafkaSettings

COMMIT_TIMEOUT_S = 5.0
CLOSE_TIMEOUT_S = 10.0
SLICE_S = 0.25
"""Longest single wait inside librdkafka: a rebalance is answered after it, not after the whole time-out of `poll`."""
COMMIT_SLICE_S = 0.05
"""The same while a commit's answer is waited for: librdkafka hears it inside such a wait and does not end it."""

_log = logging.getLogger(__name__)


class _Change(Enum):
    ASSIGNED = auto()
    REVOKED = auto()
    LOST = auto()


@dataclass(frozen=True, slots=True)
class _Rebalance:
    change: _Change
    partitions: tuple[TopicPartition, ...]


class ConfluentGroupConsumer:
    """Implements `GroupConsumer`: classic protocol, cooperative-sticky, explicit assignment (docs/adr/0001).

    librdkafka's own callbacks only note what happened. The listener is told, and librdkafka answered, after its `poll`
    has returned: inside a callback neither a bounded commit nor a second `poll` is possible (the binding aborts), and
    librdkafka leaves the group's rebalance standing until it is answered. A partition whose position is not known is
    not handed to librdkafka until `seek`: nothing is fetched for it. Every partition is resumed when it is handed over,
    because a pause survives a rebalance in librdkafka. A handle that reaches nobody for long is replaced: its
    partitions are `lost`, and the new one joins the group as any member does.
    """

    def __init__(
        self, settings: KafkaSettings, group: str, tuning: GroupTuning | None = None, client_id: str = "lookout"
    ) -> None:
        tuning = tuning or GroupTuning()
        self._config = group_config(settings, client_id, group, tuning)
        self._handle = ConsumerHandle.open(self._config, "making a consumer")
        self._topics: list[str] = []
        self._listener: GroupListener | None = None
        self._rebalances: deque[_Rebalance] = deque()  # bounded: librdkafka waits for the answer to each
        self._owned: set[TopicPartition] = set()
        self._next: dict[TopicPartition, int] = {}
        """The next offset librdkafka is to give, for every partition it fetches."""
        self._held = HeldRecords(tuning.prefetch_bytes)
        self._overflowed: set[TopicPartition] = set()
        """Fetched partitions of which records were left out because too much was held: they are read again."""
        self._problems: deque[Exception] = deque()
        """To be raised, one by each poll: several partitions may lose their positions at once."""
        self._known_topics: set[str] = set()
        self._is_closing = False

    def subscribe(self, topics: Sequence[str], listener: GroupListener) -> None:
        self._listener = listener
        self._topics = list(topics)
        self._join()

    def poll(self, max_records: int, timeout_s: float) -> list[Record]:
        deadline = Deadline(timeout_s)
        self._answer_rebalances()
        self._commits.finish()
        self._read_again()
        while len(self._held) < max_records and not self._problems:
            if len(self._held):
                most = max_records - len(self._held)
                may_be_more = self._drain(most) == most
            else:
                may_be_more = self._turn(deadline.at_most(SLICE_S)) or not deadline.is_over
            self._answer_rebalances()
            if not may_be_more:
                break
        self._commits.finish()
        if len(self._held):  # what went wrong is said by the next poll: records in hand are not thrown away
            return self._held.take(max_records)
        if self._problems:
            raise self._problems.popleft()
        if self._handle.is_cut_off:
            self._renew()
        self._handle.reach.require_connection()
        return []

    def commit(self, positions: Mapping[TopicPartition, Position]) -> None:
        outcome: list[Exception | None] = []
        deadline = Deadline(COMMIT_TIMEOUT_S)
        self._commits.send(self._consumer, positions, outcome.append)
        self._commits.finish()
        while not outcome:
            if deadline.is_over:
                raise Transient(f"committing: no answer within {COMMIT_TIMEOUT_S} s")
            self._turn(deadline.at_most(COMMIT_SLICE_S))
            self._commits.finish()
        if outcome[0] is not None:
            raise outcome[0]

    def commit_soon(
        self, positions: Mapping[TopicPartition, Position], done: Callable[[Exception | None], None]
    ) -> None:
        self._commits.send(self._consumer, positions, done)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self._require_owned(partition)
        self._held.drop([partition])
        self._overflowed.discard(partition)
        target = to_client(partition, offset)
        try:
            if partition in self._next:
                self._move(target)
            else:
                self._consumer.incremental_assign([target])
            self._consumer.resume([target])
        except KafkaException as error:
            raise error_from(error, f"seeking in {partition.topic}[{partition.partition}]") from error
        self._next[partition] = offset

    def pause(self, partitions: Iterable[TopicPartition]) -> None:
        fetched = self._fetched(partitions)
        try:
            self._consumer.pause([to_client(partition) for partition in fetched])
            for partition, offset in self._held.drop(fetched).items():  # after `resume` they come again
                self._move(to_client(partition, offset))
                self._next[partition] = offset
        except KafkaException as error:
            raise error_from(error, "pausing") from error

    def resume(self, partitions: Iterable[TopicPartition]) -> None:
        fetched = self._fetched(partitions)
        try:
            self._consumer.resume([to_client(partition) for partition in fetched])
        except KafkaException as error:
            raise error_from(error, "resuming") from error

    def close(self) -> None:
        if self._is_closing:
            return
        self._is_closing = True
        deadline = Deadline(CLOSE_TIMEOUT_S)
        try:
            self._answer_rebalances()
            # The listener hears of it before librdkafka leaves, so that it can still commit.
            if self._owned and self._listener is not None:
                self._listener.revoked(sorted(self._owned))
            self._commits.finish()
        finally:
            self._handle.retire().join(deadline.remaining_s())
            self._owned.clear()
            self._next.clear()

    def _join(self) -> None:
        try:
            self._consumer.subscribe(
                self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )
        except KafkaException as error:
            raise error_from(error, f"subscribing to {', '.join(self._topics)}") from error

    def _renew(self) -> None:
        """Give the handle up for a new one. What the old one still tells is of no account."""
        self._handle = self._handle.renewed(self._config, "replacing a member of a group")
        self._rebalances.clear()
        lost = sorted(self._owned)
        try:
            if lost and self._listener is not None:
                self._listener.lost(lost)
        finally:
            self._held.drop(lost)
            self._owned.clear()
            self._next.clear()
            self._overflowed.clear()
            self._join()

    @property
    def _consumer(self) -> Consumer:
        return self._handle.consumer

    @property
    def _commits(self) -> Commits:
        return self._handle.commits

    # Records

    def _turn(self, timeout_s: float) -> bool:
        """One `poll` of librdkafka, which also calls our callbacks. False: it gave nothing."""
        try:
            message = self._consumer.poll(whole_ms(timeout_s))
        except KafkaException as error:
            raise error_from(error, "polling") from error
        if message is None:  # not `if message`: one without a value counts as false
            return False
        self._receive(message)
        return True

    def _drain(self, most: int) -> int:
        """What librdkafka has at hand, in one call: each gives up the interpreter lock, and busy threads take it."""
        try:
            messages = self._consumer.consume(most, 0.0)
        except KafkaException as error:
            raise error_from(error, "polling") from error
        for message in messages:
            self._receive(message)
        return len(messages)

    def _receive(self, message: Message) -> None:
        error = message.error()
        if error is None:
            self._hold(message)
        elif (problem := self._problem_of(message, error)) is not None and not self._is_told(problem):
            self._problems.append(problem)

    def _is_told(self, problem: Exception) -> bool:
        """Whether it says no more than what is to be raised already: that just now something does not work."""
        return isinstance(problem, Transient) and any(isinstance(other, Transient) for other in self._problems)

    def _hold(self, message: Message) -> None:
        partition, offset = partition_of(message), offset_of(message)
        expected = self._next.get(partition)
        if expected is None or offset < expected or partition in self._overflowed:
            return  # fetched before a revocation or a seek, or it is read again
        if self._held.add(to_record(message)):
            self._next[partition] = offset + 1
        else:
            self._overflowed.add(partition)
        self._handle.reach.on_answer()

    def _read_again(self) -> None:
        for partition in self._overflowed:
            self._move(to_client(partition, self._next[partition]))
        self._overflowed.clear()

    def _problem_of(self, message: Message, error: KafkaError) -> Exception | None:
        if error.code() == POSITION_LOST:
            partition = partition_of(message)
            offset = self._next.pop(partition, None)
            if offset is None:
                return None
            self._consumer.incremental_unassign([to_client(partition)])
            return PositionLost(partition, offset)
        if error.code() == POLL_TOO_LATE:
            _log.error("the loop did not poll in time and is out of the group")  # `lost` follows by itself
            return None
        if error.code() in TOPIC_UNKNOWN and self._known_topics:
            # It was there before: it is being made again, and what follows is a matter of its id.
            return Transient(f"polling: {error.str()} ({error.name()})")
        return error_for(error, "polling")

    def _move(self, target: ClientPartition) -> None:
        """Fetch from elsewhere. librdkafka refuses to seek in a partition that stands still after an error."""
        try:
            self._consumer.seek(target)
        except KafkaException as error:
            if error.args[0].code() != BAD_STATE:
                raise
            self._consumer.incremental_unassign([target])
            self._consumer.incremental_assign([target])

    def _fetched(self, partitions: Iterable[TopicPartition]) -> list[TopicPartition]:
        asked = list(partitions)
        for partition in asked:
            self._require_owned(partition)
        return [partition for partition in asked if partition in self._next]

    def _require_owned(self, partition: TopicPartition) -> None:
        if partition not in self._owned:
            raise ValueError(f"{partition} is not assigned to this member")

    # Rebalances: first noted, inside librdkafka's poll. The empty call tells the binding that we answer ourselves; it
    # would do so at once otherwise. While closing, and on a handle that was replaced, nobody is left to answer.

    def _on_assign(self, consumer: Consumer, clients: list[ClientPartition]) -> None:
        self._note(_Change.ASSIGNED, clients, consumer, consumer.incremental_unassign)

    def _on_revoke(self, consumer: Consumer, clients: list[ClientPartition]) -> None:
        self._note(_Change.REVOKED, clients, consumer, consumer.incremental_assign)

    def _on_lost(self, consumer: Consumer, clients: list[ClientPartition]) -> None:
        self._note(_Change.LOST, clients, consumer, consumer.incremental_assign)

    def _note(
        self,
        change: _Change,
        clients: list[ClientPartition],
        consumer: Consumer,
        answer_later: Callable[[list[ClientPartition]], None],
    ) -> None:
        if self._is_closing or not clients or consumer is not self._consumer:
            return
        answer_later([])
        self._rebalances.append(_Rebalance(change, tuple(sorted(from_client(client) for client in clients))))

    # Rebalances: then answered, outside.

    def _answer_rebalances(self) -> None:
        while self._rebalances:
            rebalance = self._rebalances.popleft()
            if rebalance.change is _Change.ASSIGNED:
                self._assign(rebalance.partitions)
            else:
                self._give_up(rebalance)

    def _assign(self, partitions: Sequence[TopicPartition]) -> None:
        self._owned.update(partitions)
        self._known_topics.update(partition.topic for partition in partitions)
        starts: Mapping[TopicPartition, int | None] = {}
        try:
            if self._listener is not None:
                starts = self._listener.assigned(partitions)
        finally:
            known = {p: at for p in partitions if (at := starts.get(p)) is not None and p not in self._next}
            targets = [to_client(partition, offset) for partition, offset in known.items()]
            self._consumer.incremental_assign(targets)
            self._consumer.resume(targets)
            self._next.update(known)

    def _give_up(self, rebalance: _Rebalance) -> None:
        partitions = [partition for partition in rebalance.partitions if partition in self._owned]
        try:
            if partitions and self._listener is not None:
                tell = self._listener.revoked if rebalance.change is _Change.REVOKED else self._listener.lost
                tell(partitions)
        finally:
            fetched = [to_client(partition) for partition in partitions if partition in self._next]
            self._consumer.incremental_unassign(fetched)
            self._held.drop(partitions)
            for partition in partitions:
                self._owned.discard(partition)
                self._overflowed.discard(partition)
                self._next.pop(partition, None)

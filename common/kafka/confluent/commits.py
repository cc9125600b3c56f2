"""Commits under way on one consumer handle.

librdkafka's synchronous commit has no time-out and can wait for ever (a broker that stands still), and a consumer
handle serves one thread at a time. So every commit is sent without waiting, and its answer comes out of the handle's
`poll`. A commit that was given up may still arrive: positions cover only durable work, so that does no harm (DESIGN 5,
rule 8).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka import TopicPartition as ClientPartition

from common.deadline import Deadline
from common.errors import Transient
from common.kafka.confluent.errors import error_for, error_from
from common.kafka.confluent.records import from_client, to_commit
from common.kafka.ports import Position, TopicPartition

WAITING_MAX = 64
"""More than a loop asks for in a minute; beyond it the coordinator is away, and a commit is refused as Transient."""
ANSWER_LIMIT_S = 15.0
"""After this long a commit counts as failed, whatever becomes of it."""

Done = Callable[[Exception | None], None]
_Offsets = Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class _Waiting:
    offsets: _Offsets
    done: Done
    deadline: Deadline


class Commits:
    """On the loop's thread only. `on_answer` is called by librdkafka from inside `poll`, `finish` by us after it."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []  # at most WAITING_MAX
        self._finished: list[tuple[Done, Exception | None]] = []

    def send(self, consumer: Consumer, positions: Mapping[TopicPartition, Position], done: Done) -> None:
        """Send one commit; `done` is called by a later `finish`."""
        if not positions:
            self._finished.append((done, None))
            return
        if len(self._waiting) >= WAITING_MAX:
            self._finished.append((done, Transient("committing: too many commits are waiting")))
            return
        offsets = {partition: position.next_offset for partition, position in positions.items()}
        try:
            consumer.commit(offsets=[to_commit(p, position) for p, position in positions.items()], asynchronous=True)
        except KafkaException as error:
            self._finished.append((done, error_from(error, "committing")))
            return
        self._waiting.append(_Waiting(offsets, done, Deadline(ANSWER_LIMIT_S)))

    def on_answer(self, error: KafkaError | None, partitions: list[ClientPartition]) -> None:
        """librdkafka's `on_commit`. It does not say which call it answers: the oldest with these offsets is meant."""
        offsets = {from_client(partition): partition.offset for partition in partitions}
        order = next((w for w in self._waiting if w.offsets == offsets), None)
        if order is None:  # given up before
            return
        self._waiting.remove(order)
        failure = error or next((p.error for p in partitions if p.error is not None), None)
        self._finished.append((order.done, None if failure is None else error_for(failure, "committing")))

    def give_up(self) -> None:
        """No answer is to be expected any more: the next `finish` says so to all that wait."""
        for order in self._waiting:
            self._finished.append((order.done, Transient("committing: the connection was given up")))
        self._waiting.clear()

    def finish(self) -> None:
        """Call what is due, and give up what has waited too long."""
        for order in [w for w in self._waiting if w.deadline.is_over]:
            self._waiting.remove(order)
            self._finished.append((order.done, Transient(f"committing: no answer within {ANSWER_LIMIT_S} s")))
        finished, self._finished = self._finished, []
        for done, error in finished:
            done(error)

"""Reads `segment-jobs` with a handle and group of its own, one job at a time, beside the live consumer.

1. Take one record; pass it by if it is somebody else's. Note beside the committed offset that it is begun, so that one
that brings the process down again and again is given up (`tries`). Give it to the worker thread. 2. While it works keep
polling with all partitions paused, so that the member stays in its group. 3. Deliver the events the job made, and the
jobs it asks for. 4. Commit. A kill anywhere repeats the job: parts and results are created once, events and joins may
repeat.
"""

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

from common.clock import Clock
from common.errors import Transient
from common.kafka.ports import GroupConsumer, Position, Record, TopicPartition
from common.retry import Backoff
from consumers.jobs.outcome import Outcome
from consumers.jobs.tries import TRIES_MAX, Tries

POLL_S = 0.25
NICE = 10
"""Of the worker thread: live frames are served first (Linux gives each thread a niceness of its own)."""
_log = logging.getLogger(__name__)


class Worker(Protocol):
    """Who does the jobs of one group. `work` and `given_up` on the worker thread, one at a time; the rest on the
    engine's."""

    def concerns(self, record: Record) -> bool:
        """Whether there is anything to do: what is passed by costs no pause. Must not block."""
        ...

    def starts(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        """Where to read on. Raises Transient."""
        ...

    def tries_of(self, partition: TopicPartition, offset: int) -> int:
        """How often a job was begun by processes that ended in the middle of it."""
        ...

    def work(self, record: Record, still_wanted: Callable[[], bool]) -> Outcome | None:
        """None: nothing is left to be sent. Raises Transient: try again."""
        ...

    def given_up(self, record: Record) -> Outcome | None:
        """What is left by a job that is not begun again."""
        ...


class JobEngine:
    """`run` on a thread of its own; `stop` from any. The consumer's handle belongs to that thread."""

    def __init__(
        self,
        consumer: GroupConsumer,
        topic: str,
        worker: Worker,
        deliver: Callable[[Outcome], None],
        clock: Clock,
    ) -> None:
        self._consumer = consumer
        self._topic = topic
        self._worker = worker
        self._deliver = deliver
        self._clock = clock
        self._stopping = threading.Event()
        self._assigned: set[TopicPartition] = set()
        self._lost_while_working: set[TopicPartition] = set()
        self._begun: tuple[TopicPartition, int] | None = None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="jobs", initializer=_lower_priority)

    def stop(self) -> None:
        """Ask for an end. The running job is given up at its next check; it will be done again."""
        self._stopping.set()

    @property
    def is_stopping(self) -> bool:
        return self._stopping.is_set()

    def run(self) -> None:
        """Until `stop`. Outages are waited out; anything else ends the job side with an exception."""
        self._consumer.subscribe([self._topic], self)
        delays = Backoff(0.2, 5.0).delays()
        try:
            while not self._stopping.is_set():
                try:
                    records = self._consumer.poll(1, POLL_S)
                except Transient as error:
                    _log.warning("jobs cannot be read for now", extra={"problem": error})
                    self._stopping.wait(next(delays))
                    continue
                delays = Backoff(0.2, 5.0).delays()
                for record in records:
                    self._work_on(record)
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._consumer.close()

    def assigned(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        """Start where the group left off. Raises Transient out of `poll`."""
        self._assigned |= set(partitions)
        return self._worker.starts(partitions)

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        if self._begun is not None and self._begun[0] in partitions:
            self._take_back(*self._begun)
        self.lost(partitions)

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        self._assigned -= set(partitions)
        self._lost_while_working |= set(partitions)

    def _work_on(self, record: Record) -> None:
        place = TopicPartition(record.topic, record.partition)
        if not self._worker.concerns(record):
            self._commit(place, record.offset + 1)
            return
        self._lost_while_working.discard(place)
        self._consumer.pause(self._assigned)
        tries = self._worker.tries_of(place, record.offset)
        self._begun = (place, record.offset)
        self._commit(place, record.offset, Tries(record.offset, tries + 1).to_metadata())
        self._repeat(record, place, is_given_up=tries >= TRIES_MAX)
        self._begun = None
        self._consumer.resume(self._assigned)

    def _repeat(self, record: Record, place: TopicPartition, *, is_given_up: bool) -> None:
        """Until the job is done, or nobody here is to do it any more."""
        attempt = self._give_up if is_given_up else self._attempt
        delays = Backoff(0.5, 15.0).delays()
        while not self._stopping.is_set() and place not in self._lost_while_working:
            future = self._pool.submit(attempt, record)
            self._keep_member(future)
            try:
                future.result()
                break
            except Transient as error:
                _log.warning("a job waits for a dependency", extra={"offset": record.offset, "problem": error})
                self._wait(next(delays))
        if place in self._lost_while_working:
            return
        if self._stopping.is_set():
            self._take_back(place, record.offset)
        else:
            self._commit(place, record.offset + 1)

    def _attempt(self, record: Record) -> None:
        outcome = self._worker.work(record, still_wanted=lambda: not self._stopping.is_set())
        if outcome is not None:
            self._deliver(outcome)

    def _give_up(self, record: Record) -> None:
        _log.error("a job has brought the process down too often", extra={"offset": record.offset})
        outcome = self._worker.given_up(record)
        if outcome is not None:
            self._deliver(outcome)

    def _take_back(self, place: TopicPartition, offset: int) -> None:
        """An end in good order is no sign against the job."""
        tries = self._worker.tries_of(place, offset)
        self._commit(place, offset, Tries(offset, tries).to_metadata() if tries else "")

    def _keep_member(self, future: Future[None]) -> None:
        while not future.done():
            self._quiet_poll()

    def _wait(self, seconds: float) -> None:
        until_s = self._clock.monotonic_s() + seconds
        while self._clock.monotonic_s() < until_s and not self._stopping.is_set():
            self._quiet_poll()

    def _quiet_poll(self) -> None:
        """Serve the group while nothing may be taken. A partition that joins meanwhile is paused at once."""
        try:
            surprises = self._consumer.poll(1, POLL_S)
        except Transient:
            self._clock.sleep(POLL_S)
            return
        for record in surprises:
            place = TopicPartition(record.topic, record.partition)
            self._consumer.seek(place, record.offset)
            self._consumer.pause([place])

    def _commit(self, place: TopicPartition, next_offset: int, metadata: str = "") -> None:
        try:
            self._consumer.commit({place: Position(next_offset, metadata)})
        except Transient as error:
            _log.warning("not committed: the job may be repeated", extra={"problem": error})


def _lower_priority() -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
    except OSError as error:  # pragma: no cover - lowering is always allowed on Linux
        _log.info("the job thread keeps its priority", extra={"problem": error})

"""A producer on the in-memory cluster."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from common.contracts.frame import Headers
from common.errors import LookoutError, Transient
from common.kafka.memory.murmur import partition_for
from common.kafka.ports import Delivery

if TYPE_CHECKING:
    from common.kafka.memory.cluster import MemoryCluster

Done = Callable[[Delivery | None, Exception | None], None]


@dataclass(frozen=True, slots=True)
class _Queued:
    topic: str
    key: bytes | None
    value: bytes | None = field(repr=False)
    headers: Headers = field(repr=False)
    partition: int | None
    done: Done | None


class MemoryProducer:
    """Implements `RecordProducer`. A record is appended, and `done` called, at once on the caller's thread: unlike the
    real producer, so callers must not hold a lock that `done` takes. With `holds_deliveries` set, records wait in a
    bounded queue until `deliver`."""

    def __init__(self, cluster: "MemoryCluster", queue_records: int) -> None:
        self._cluster = cluster
        self._queue_records = queue_records
        self._lock = threading.RLock()  # guards the queue: `send` comes from any thread
        self._queue: deque[_Queued] = deque()  # full: `send` raises Transient
        self._failures: deque[tuple[Exception, bool]] = deque()
        self._is_closed = False
        self.holds_deliveries = False

    def fail_next(self, error: Exception, appended: bool = False) -> None:
        """The next record's delivery fails with `error`; `appended`: it is in the log nevertheless."""
        self._failures.append((error, appended))

    def send(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
        done: Done | None = None,
    ) -> None:
        with self._lock:
            if self._is_closed:
                raise Transient("the producer is closed")
            if len(self._queue) >= self._queue_records:
                raise Transient("the producer's queue is full")
            self._queue.append(_Queued(topic, key, value, tuple(headers), partition, done))
        if not self.holds_deliveries:
            self.deliver()

    def send_and_wait(
        self,
        topic: str,
        key: bytes | None,
        value: bytes | None,
        headers: Headers = (),
        partition: int | None = None,
        timeout_s: float = 10.0,  # noqa: ARG002  here nothing is waited for
    ) -> Delivery:
        outcome: list[Delivery | Exception] = []
        self.send(
            topic,
            key,
            value,
            headers,
            partition,
            lambda delivery, error: outcome.append(delivery or error or Transient("lost")),
        )
        if not outcome:
            raise Transient("no acknowledgement in time")
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]

    def deliver(self, most: int | None = None) -> int:
        """Append what is queued, the oldest first, at most `most` records; how many were taken from the queue."""
        taken = 0
        while most is None or taken < most:
            with self._lock:
                if not self._queue:
                    break
                queued = self._queue.popleft()
            taken += 1
            delivery, error = self._append(queued)
            if queued.done is not None:
                queued.done(delivery, error)
        return taken

    def flush(self, timeout_s: float) -> int:  # noqa: ARG002  here nothing is waited for
        if not self.holds_deliveries:
            self.deliver()
        return len(self._queue)

    def close(self) -> None:
        self.deliver()
        self._is_closed = True

    def _append(self, queued: _Queued) -> tuple[Delivery | None, Exception | None]:
        failure, appended = self._failures.popleft() if self._failures else (None, True)
        try:
            self._cluster.require_up()
            if not appended:
                return None, failure
            partition = queued.partition
            if partition is None:
                count = len(self._cluster.topic(queued.topic).logs)
                partition = partition_for(queued.key, count) if queued.key is not None else 0
            delivery = self._cluster.append(queued.topic, partition, queued.key, queued.value, queued.headers)
        except LookoutError as error:
            return None, error
        return (None, failure) if failure is not None else (delivery, None)

"""Asks Kafka what the loop must not wait for: committed positions, ends of the log, the topic's id."""

import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from common.clock import Clock
from common.errors import Transient
from common.kafka.ports import LogReader, TopicPartition
from consumers.runtime.mailbox import Mailbox
from consumers.runtime.messages import Crashed, LogSeen, PositionFound

log = logging.getLogger(__name__)
RETRY_S = 0.5
LOOK_UP_S = 0.5
JOIN_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Find:
    """Where does the group stand in these partitions? `generations` in the same order."""

    partitions: tuple[TopicPartition, ...]
    generations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """The topic's id and the ends of these partitions. Best effort: the next look follows soon."""

    topic: str
    partitions: tuple[TopicPartition, ...]


Errand = Find | Look


class Scout:
    """One thread, the only one that uses the LogReader. Holds at most one Look; Finds are as many as assignments.

    Without `start` it has no thread: a test takes and executes errands itself.
    """

    def __init__(self, reader: LogReader, group: str, mailbox: Mailbox, clock: Clock) -> None:
        self._reader = reader
        self._group = group
        self._mailbox = mailbox
        self._clock = clock
        self._lock = threading.Lock()  # guards the queue
        self._changed = threading.Condition(self._lock)
        self._errands: deque[Errand] = deque()
        self._retry_s = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="scout", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with self._lock:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(JOIN_WITHIN_S)

    def find(self, partitions: Sequence[tuple[TopicPartition, int]]) -> None:
        """Answered by one PositionFound each, however long it takes."""
        with self._lock:
            errand = Find(tuple(p for p, _ in partitions), tuple(g for _, g in partitions))
            self._errands.appendleft(errand)
            self._changed.notify()

    def look(self, topic: str, partitions: Sequence[TopicPartition]) -> None:
        """Answered by a LogSeen, or not at all. Ignored while an earlier one waits."""
        with self._lock:
            if not any(isinstance(errand, Look) for errand in self._errands):
                self._errands.append(Look(topic, tuple(partitions)))
                self._changed.notify()

    def take(self) -> Errand | None:
        with self._lock:
            return self._take()

    def _take(self) -> Errand | None:
        if not self._errands or self._clock.monotonic_s() < self._retry_s:
            return None
        return self._errands.popleft()

    def execute(self, errand: Errand) -> None:
        """One attempt. A Find that fails for now goes back to the queue. Raises ConfigurationError."""
        try:
            if isinstance(errand, Find):
                self._find(errand)
            else:
                self._look(errand)
        except Transient as error:
            log.warning("cannot ask the broker, trying again", extra={"errand": type(errand).__name__, "error": error})
            with self._lock:
                self._retry_s = self._clock.monotonic_s() + RETRY_S
                if isinstance(errand, Find):
                    self._errands.appendleft(errand)

    def _find(self, errand: Find) -> None:
        # The id is asked for first: if the topic is made anew in between, the position is found to be of another one.
        topic_ids = {topic: self._reader.topic_id(topic) for topic in {p.topic for p in errand.partitions}}
        positions = self._reader.committed(self._group, errand.partitions)
        for partition, generation in zip(errand.partitions, errand.generations, strict=True):
            watermarks = self._reader.watermarks(partition)
            position, topic_id = positions.get(partition), topic_ids[partition.topic]
            self._mailbox.put(PositionFound(partition, generation, position, watermarks, topic_id))

    def _look(self, errand: Look) -> None:
        asked_us = self._clock.wall_us()
        topic_id = self._reader.topic_id(errand.topic)
        self._mailbox.put(LogSeen(asked_us, topic_id, self._reader.all_watermarks(errand.partitions)))

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                with self._lock:
                    errand = self._take()
                    if errand is None:
                        self._changed.wait(LOOK_UP_S)
                        errand = self._take()
                if errand is not None:
                    self.execute(errand)
        except BaseException as error:  # noqa: BLE001  the loop raises it again
            self._mailbox.put(Crashed(error))

"""When marks are committed: about once a second where they moved, without waiting (DESIGN 5, rule 8)."""

import logging
from collections.abc import Mapping
from functools import partial

from common.errors import Transient
from common.kafka.ports import GroupConsumer, Position, TopicPartition
from consumers.runtime.assignment import Assignment, Phase

log = logging.getLogger(__name__)
RETRY_S = 0.5


class Committer:
    """At most one asynchronous commit is under way; its answer comes from inside `poll`. Owned by the loop."""

    def __init__(
        self, consumer: GroupConsumer, assignments: Mapping[TopicPartition, Assignment], every_s: float, now_s: float
    ) -> None:
        self._consumer = consumer
        self._assignments = assignments
        self._every_s = every_s
        self._next_s = now_s
        self._is_under_way = False
        self.last_success_s = now_s
        self.failures = 0

    @property
    def is_under_way(self) -> bool:
        return self._is_under_way

    def turn(self, now_s: float) -> None:
        """Commit what moved if it is time, and at once what somebody waits for (a claim, a naming)."""
        if self._is_under_way:
            return
        is_time = now_s >= self._next_s
        sent: dict[TopicPartition, Position] = {}
        kept: list[tuple[Assignment, Position, int | None]] = []
        for assignment in self._assignments.values():
            # While it drains too: what is named there is of the topic that was deleted, and the metadata says so.
            is_waited_for = assignment.phase is Phase.CLAIMING or (
                assignment.phase in (Phase.READING, Phase.DRAINING) and assignment.naming != assignment.committed_naming
            )
            if not (is_waited_for or (is_time and assignment.is_reading)):
                continue
            position = assignment.position()
            if is_waited_for or position != assignment.committed:
                sent[assignment.partition] = position
                kept.append((assignment, position, assignment.naming))
        if is_time:
            self._next_s = now_s + self._every_s
        if not sent:
            if is_time:
                self.last_success_s = now_s
            return
        self._is_under_way = True
        self._consumer.commit_soon(sent, partial(self._answered, kept, now_s))

    def _answered(
        self, kept: list[tuple[Assignment, Position, int | None]], sent_s: float, error: Exception | None
    ) -> None:
        self._is_under_way = False
        if error is not None:
            self.failures += 1
            self._next_s = sent_s + RETRY_S
            log.warning("commit failed, the next one carries the marks", extra={"error": error})
            return
        self.last_success_s = sent_s
        for assignment, position, naming in kept:
            # An assignment that has ended meanwhile is nobody's any more: writing into it does no harm.
            assignment.committed = position
            assignment.committed_naming = naming

    def commit_now(self, marks: Mapping[TopicPartition, Position]) -> None:
        """Commit these marks and wait, at most 5 s: in a revocation and at the end. A failure costs a replay only."""
        if not marks:
            return
        try:
            self._consumer.commit(marks)
        except Transient as error:
            self.failures += 1
            log.warning("last commit failed: the next owner replays", extra={"error": error})

"""Partitions that come and go, and the one recovery primitive (DESIGN 5, rule 9)."""

import logging
from collections.abc import Mapping, Sequence

from common.kafka.ports import GroupConsumer, Position, TopicPartition
from consumers.runtime.assignment import Assignment, Phase
from consumers.runtime.committing import Committer
from consumers.runtime.notices import Notices
from consumers.runtime.pool import Pool
from consumers.runtime.probe import Probe
from consumers.runtime.settling import Settling
from consumers.runtime.start_plan import StartPlan
from consumers.runtime.starting import Starter
from consumers.runtime.tally import Tally

log = logging.getLogger(__name__)
RESTART_FIRST_S = 0.5
RESTART_MOST_S = 30.0
CALM_S = 120.0
"""A partition that has not been restarted for so long starts again with the shortest delay."""
_MARKED = (Phase.CLAIMING, Phase.READING)
"""Phases in which an assignment has a mark of its own to commit."""


class Rebalance:
    """The group's listener, called from inside `poll` on the loop's thread. Returns quickly but for one commit."""

    def __init__(
        self,
        *,
        consumer: GroupConsumer,
        assignments: dict[TopicPartition, Assignment],
        starter: Starter,
        committer: Committer,
        settling: Settling,
        pool: Pool,
        notices: Notices,
        probe: Probe,
        tally: Tally,
    ) -> None:
        self._consumer = consumer
        self._assignments = assignments
        self._starter = starter
        self._committer = committer
        self._settling = settling
        self._pool = pool
        self._notices = notices
        self._probe = probe
        self._tally = tally
        self._restarts: dict[TopicPartition, tuple[float, float]] = {}
        self.has_heard = False
        """Whether the group has answered at all: a member without partitions is ready too."""

    def assigned(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        """Nothing is read before the position is known: that is asked on another thread, and followed by a seek."""
        self.has_heard = True
        self._tally.rebalances["assigned"] += len(partitions)
        log.info("partitions assigned", extra={"partitions": _numbers(partitions)})
        self._end([a for p in partitions if (a := self._assignments.get(p)) is not None])
        self._starter.begin(partitions)
        return dict.fromkeys(partitions)

    def revoked(self, partitions: Sequence[TopicPartition]) -> None:
        """Taken in good order: the next owner begins at our mark."""
        self._tally.rebalances["revoked"] += len(partitions)
        log.info("partitions revoked", extra={"partitions": _numbers(partitions)})
        self.give_up([a for p in partitions if (a := self._assignments.get(p)) is not None])

    def lost(self, partitions: Sequence[TopicPartition]) -> None:
        """Already another's: the mark is not ours to commit. The next owner begins at our last one."""
        self._tally.rebalances["lost"] += len(partitions)
        log.warning("partitions lost", extra={"partitions": _numbers(partitions)})
        self._end([a for p in partitions if (a := self._assignments.get(p)) is not None])

    def give_up(self, assignments: list[Assignment]) -> None:
        """Rule 9, in this order."""
        # 1. Take the low mark, while everything that is not durable still holds it back. A goodbye is no unclean end.
        marks = {a.partition: self._take_mark(a) for a in assignments if a.phase in _MARKED}
        # 2. and 3. Drop what is queued, forget open windows.
        self._end(assignments)
        # 4. Commit that mark and no other.
        self._committer.commit_now(marks)
        # 5. Return: uploads of windows already closed may finish, late completions find no window.

    def restart_partition(self, assignment: Assignment, reason: str, now_s: float) -> None:
        """The same, then a new generation and a seek to the mark: for an encoder's failure and a full disk."""
        if self._assignments.get(assignment.partition) is not assignment or assignment.phase is not Phase.READING:
            return
        delay_s = self._delay_s(assignment.partition, now_s)
        log.error(
            "partition restarts",
            extra={"partition": assignment.partition.partition, "reason": reason, "delay_s": delay_s},
        )
        self._tally.rebalances["restarted"] += 1
        mark = assignment.mark()
        plan = StartPlan(
            mark.next_offset,
            clock_ms=mark.clock_ms,
            since_ms=assignment.since_ms,
            unclean_ends=0 if assignment.progressed(mark) else assignment.said_unclean_ends,
            named=assignment.named_from(mark),
        )
        self._consumer.pause([assignment.partition])
        self.give_up([assignment])
        self._starter.resume(assignment, plan, delay_s)

    def begin_anew(self, assignment: Assignment) -> None:
        """Everything of a topic that was deleted is stored: find out about the one that took its name."""
        self._end([assignment])
        self._starter.begin([assignment.partition])

    def _take_mark(self, assignment: Assignment) -> Position:
        assignment.unclean_ends = assignment.said_unclean_ends
        assignment.naming = None
        return assignment.position()

    def _end(self, assignments: list[Assignment]) -> None:
        for assignment in assignments:
            del self._assignments[assignment.partition]
            assignment.ownership.freeze()
            self._pool.drop(assignment.strands())
            self._probe.forget(assignment)
            self._notices.forget(assignment.generation)
            self._settling.forget(assignment)

    def _delay_s(self, partition: TopicPartition, now_s: float) -> float:
        last_s, delay_s = self._restarts.get(partition, (now_s - CALM_S, RESTART_FIRST_S / 2))
        delay_s = RESTART_FIRST_S if now_s - last_s >= CALM_S else min(RESTART_MOST_S, delay_s * 2)
        self._restarts[partition] = (now_s, delay_s)
        return delay_s


def _numbers(partitions: Sequence[TopicPartition]) -> list[int]:
    return sorted(partition.partition for partition in partitions)

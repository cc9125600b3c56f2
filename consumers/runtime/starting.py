"""From an assigned partition to a read one: position, waiting, gap, claim, seek (DESIGN 5, rules 9, 11, 14, 16, 19)."""

import itertools
import logging
from collections.abc import Sequence

from common.clock import Clock
from common.kafka.ports import GroupConsumer, TopicPartition
from consumers.runtime.assignment import Assignment, Phase
from consumers.runtime.gaps import Gaps
from consumers.runtime.log_clock import LogClock
from consumers.runtime.messages import PositionFound
from consumers.runtime.ownership import LoopSigns, Ownership
from consumers.runtime.probe import PROBE_FROM_UNCLEAN_ENDS
from consumers.runtime.scout import Scout
from consumers.runtime.settings import EngineSettings
from consumers.runtime.start_plan import StartPlan, plan_start

log = logging.getLogger(__name__)


class Starter:
    """Makes assignments and brings them to READING. Owned by the loop."""

    def __init__(
        self,
        settings: EngineSettings,
        consumer: GroupConsumer,
        assignments: dict[TopicPartition, Assignment],
        scout: Scout,
        gaps: Gaps,
        signs: LoopSigns,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._consumer = consumer
        self._assignments = assignments
        self._scout = scout
        self._gaps = gaps
        self._signs = signs
        self._clock = clock
        self._generations = itertools.count(1)

    def begin(self, partitions: Sequence[TopicPartition]) -> None:
        """1. Newly assigned, or their topic was made anew: ask where the group stands. The position is read first."""
        asked = []
        for partition in partitions:
            assignment = self._new(partition)
            asked.append((partition, assignment.generation))
        if asked:
            self._scout.find(asked)

    def resume(self, ended: Assignment, plan: StartPlan, delay_s: float) -> None:
        """A restarted partition: the plan is known, nothing has to be asked or waited for but the delay."""
        assignment = self._new(ended.partition)
        assignment.topic_id = ended.topic_id
        assignment.end_offset = ended.end_offset
        assignment.wait_until_s = self._clock.monotonic_s() + delay_s
        assignment.phase = Phase.WAITING
        self._adopt(assignment, plan)

    def found(self, message: PositionFound) -> None:
        """2. The answer: a plan, perhaps a gap, perhaps a former owner to wait for."""
        assignment = self._assignments.get(message.partition)
        if assignment is None or assignment.generation != message.generation or assignment.phase is not Phase.FINDING:
            return
        assignment.topic_id = message.topic_id
        assignment.end_offset = message.watermarks.high
        plan = plan_start(message.position, message.watermarks, message.topic_id)
        self._adopt(assignment, plan)
        assignment.committed = message.position
        wait_s = self._settings.new_owner_wait_s if plan.must_wait else 0.0
        assignment.wait_until_s = self._clock.monotonic_s() + wait_s
        assignment.phase = Phase.WAITING
        log.info(
            "partition found",
            extra={
                "partition": assignment.partition.partition,
                "offset": plan.next_offset,
                "end": message.watermarks.high,
                "unclean_ends": plan.unclean_ends,
                "wait_s": wait_s,
            },
        )

    def turn(self, now_s: float) -> None:
        """Bring every assignment one step further, if its time has come."""
        for assignment in self._assignments.values():
            if assignment.phase is Phase.WAITING and now_s >= assignment.wait_until_s:
                self._announce(assignment)
            elif assignment.phase is Phase.CLAIMING and assignment.committed == assignment.position():
                self._read(assignment, now_s)

    def _new(self, partition: TopicPartition) -> Assignment:
        ownership = Ownership(self._signs, self._settings.zombie_limit_s)
        assignment = Assignment(partition, next(self._generations), ownership)
        self._assignments[partition] = assignment
        return assignment

    def _adopt(self, assignment: Assignment, plan: StartPlan) -> None:
        assignment.plan = plan
        assignment.next_offset = assignment.start_offset = plan.next_offset
        assignment.clock = LogClock(plan.clock_ms)
        assignment.since_ms = plan.since_ms
        assignment.named = dict(plan.named)
        assignment.unclean_ends = assignment.said_unclean_ends = plan.unclean_ends
        assignment.is_probing = plan.unclean_ends >= PROBE_FROM_UNCLEAN_ENDS
        if assignment.is_probing:
            log.warning(
                "probe mode: frames are decoded one at a time",
                extra={"partition": assignment.partition.partition, "unclean_ends": plan.unclean_ends},
            )

    def _announce(self, assignment: Assignment) -> None:
        """3. A gap is said, and acknowledged, before the mark moves over it."""
        plan = assignment.plan
        if plan is None or plan.gap is None:
            self._claim(assignment)
            return
        assignment.phase = Phase.ANNOUNCING
        self._gaps.announce(assignment, plan.gap, lambda: self._claim(assignment))

    def _claim(self, assignment: Assignment) -> None:
        """4. A commit that counts an unclean end in advance; a goodbye or progress takes it back. Where there is
        nothing to read, nothing can kill the process."""
        if assignment.next_offset < assignment.end_offset:
            assignment.unclean_ends += 1
        assignment.phase = Phase.CLAIMING

    def _read(self, assignment: Assignment, now_s: float) -> None:
        """5. Read on from the mark. Identities are loaded when a camera's first frame is admitted."""
        assignment.phase = Phase.READING
        assignment.heard_s = now_s
        self._consumer.seek(assignment.partition, assignment.next_offset)
        log.info(
            "partition is read",
            extra={"partition": assignment.partition.partition, "offset": assignment.next_offset},
        )

"""Watches the log while it is read: its ends, its topic's id, positions that are not in it (DESIGN 5, rule 14)."""

import logging

from common.kafka.ports import GroupConsumer, TopicPartition, Watermarks
from consumers.runtime.admitting import Admitter
from consumers.runtime.assignment import Assignment, Phase
from consumers.runtime.commit_metadata import CommitMetadata
from consumers.runtime.gaps import Gaps
from consumers.runtime.low_mark import OffsetHold
from consumers.runtime.messages import LogSeen
from consumers.runtime.pool import Pool
from consumers.runtime.probe import Probe
from consumers.runtime.rebalance import Rebalance
from consumers.runtime.scout import Scout
from consumers.runtime.settings import EngineSettings
from consumers.runtime.settling import Settling
from consumers.runtime.start_plan import GapRange, GapReason

log = logging.getLogger(__name__)
LOOKS_BEFORE_LOST = 5
"""A position past the end is looked at so often before it is believed: a lagging replica says the same for a while."""


class LogWatch:
    """Owned by the loop. The asking is the scout's."""

    def __init__(
        self,
        *,
        settings: EngineSettings,
        consumer: GroupConsumer,
        assignments: dict[TopicPartition, Assignment],
        scout: Scout,
        admitter: Admitter,
        rebalance: Rebalance,
        pool: Pool,
        probe: Probe,
        settling: Settling,
        gaps: Gaps,
    ) -> None:
        self._settings = settings
        self._consumer = consumer
        self._assignments = assignments
        self._scout = scout
        self._admitter = admitter
        self._rebalance = rebalance
        self._pool = pool
        self._probe = probe
        self._settling = settling
        self._gaps = gaps
        self._next_look_s = 0.0

    def turn(self, now_s: float) -> None:
        """Ask now and then; go on where all clips of a log that is no more are stored."""
        if now_s >= self._next_look_s:
            self._next_look_s = now_s + self._settings.lag_every_s
            reading = [a.partition for a in self._assignments.values() if a.is_reading]
            if reading:
                self._scout.look(self._settings.frames_topic, reading)
        drained = [a for a in self._assignments.values() if a.phase is Phase.DRAINING and not a.unsettled]
        for assignment in self._assignments.values():
            if assignment.is_probing and assignment.is_reading:
                self._leave_probing(assignment)
        for assignment in drained:
            if not assignment.notices:
                self._rebalance.begin_anew(assignment)

    def _leave_probing(self, assignment: Assignment) -> None:
        """There was progress, and no offset is under suspicion: frames go their usual way again.

        The progress has to be committed: else a death right after would begin where this life began, for ever.
        """
        committed = CommitMetadata.from_text(assignment.committed.metadata) if assignment.committed else None
        if committed is not None and not committed.unclean_ends and not committed.named and assignment.naming is None:
            assignment.is_probing = False
            self._pool.submit(self._probe.release(assignment))
            log.info("probe mode ends", extra={"partition": assignment.partition.partition})

    def seen(self, message: LogSeen) -> None:
        """The log as it was a moment ago."""
        for assignment in self._assignments.values():
            watermarks = message.watermarks.get(assignment.partition)
            if not assignment.is_reading or watermarks is None:
                continue
            if message.topic_id != assignment.topic_id:
                self._drain(assignment, "topic_recreated")
                continue
            assignment.end_offset = max(watermarks.high, assignment.next_offset)
            if assignment.next_offset >= watermarks.high:
                assignment.caught_up_us = message.asked_us
            if assignment.lost_looks and not assignment.backlog:
                self._find_again(assignment, watermarks)

    def _find_again(self, assignment: Assignment, watermarks: Watermarks) -> None:
        """The next offset was not in the log. Where it is now, or what is gone, decides."""
        if assignment.next_offset < watermarks.low:
            self._admitter.note_gap(assignment, watermarks.low)
        elif assignment.next_offset > watermarks.high:
            assignment.lost_looks += 1
            if assignment.lost_looks > LOOKS_BEFORE_LOST:
                self._drain(assignment, "position_lost")
            return
        assignment.lost_looks = 0
        self._consumer.seek(assignment.partition, assignment.next_offset)

    def broken(self, assignment: Assignment) -> None:
        """An encoder failed while the last windows of a log that is gone were stored: nothing can be read again, so
        what is not sealed is lost, and said to be."""
        mark, end = assignment.mark(), assignment.next_offset
        self._pool.drop(assignment.strands())
        self._probe.forget(assignment)
        self._settling.forget(assignment)
        if mark.next_offset < end:
            assignment.notices[mark.next_offset] = OffsetHold(mark.next_offset, mark.clock_ms)
            gap = GapRange(mark.next_offset, end, assignment.draining_for)
            self._gaps.announce(assignment, gap, assignment.notices.clear)

    def _drain(self, assignment: Assignment, reason: GapReason) -> None:
        """What is open is stored before anything else is read: there is no log left to close it by."""
        log.error("%s: open windows are stored first", reason, extra={"partition": assignment.partition.partition})
        assignment.phase = Phase.DRAINING
        assignment.draining_for = reason
        self._consumer.pause([assignment.partition])
        assignment.backlog.clear()
        assignment.backlog_bytes = 0
        assignment.is_backlogged = False
        self._admitter.close(assignment, list(assignment.open_windows()))

"""Taking records: as many as there is room for, in offset order (DESIGN 6, pacing without pause)."""

import logging

from common.clock import Clock
from common.errors import Transient
from common.kafka.ports import GroupConsumer, PositionLost, Record, TopicPartition
from consumers.runtime.admitting import Admitter
from consumers.runtime.assignment import Assignment
from consumers.runtime.flow import BACKLOG_PATIENCE_S, SLOW_FOR_S, Flow, Load, Pace
from consumers.runtime.notices import Notices
from consumers.runtime.ownership import LoopSigns
from consumers.runtime.pool import Pool
from consumers.runtime.probe import Probe
from consumers.runtime.settings import EngineSettings
from consumers.runtime.settling import Settling
from consumers.runtime.tally import Tally

log = logging.getLogger(__name__)
TURN_S = 0.25
"""The loop turns at least this often, with room or without."""
OUTAGE_POLL_S = 0.5
PROBE_AHEAD = 8
"""Probe mode takes its frames one by one; so many of a partition wait, and the rest stays out of the way of others."""


class Intake:
    """Polls, keeps the backlog, pauses and resumes. Owned by the loop."""

    def __init__(
        self,
        *,
        settings: EngineSettings,
        consumer: GroupConsumer,
        assignments: dict[TopicPartition, Assignment],
        admitter: Admitter,
        pool: Pool,
        settling: Settling,
        notices: Notices,
        probe: Probe,
        flow: Flow,
        signs: LoopSigns,
        tally: Tally,
        clock: Clock,
    ) -> None:
        self._camera_high = settings.camera_high
        self._consumer = consumer
        self._assignments = assignments
        self._admitter = admitter
        self._pool = pool
        self._settling = settling
        self._notices = notices
        self._probe = probe
        self._flow = flow
        self._signs = signs
        self._tally = tally
        self._clock = clock
        self._admitted_s = 0.0
        self._was_outage = False
        self._polled_s = clock.monotonic_s()
        self.outage: str | None = None
        """Why Kafka cannot be read just now."""

    @property
    def frames(self) -> int:
        """Frames admitted and not through the ordered stage."""
        frames = self._pool.frames + self._probe.frames
        for assignment in self._assignments.values():
            for camera in assignment.cameras.values():
                frames += camera.parked_frames
        return frames

    def finished(self, now_s: float, frames: int) -> None:
        """So many frames have come out of the pool."""
        self._flow.finished(now_s, frames)

    def _load(self) -> Load:
        return Load(
            frames=self.frames,
            decoded_bytes=self._pool.decoded_bytes,
            spool_bytes=self._settling.spool_bytes,
            storing=self._settling.uploading,
            notice_bytes=self._notices.pending_bytes,
            has_full_backlog=any(a.is_backlogged and not a.is_paused for a in self._assignments.values()),
            admitted_s=self._admitted_s,
        )

    def turn(self, longest_s: float) -> None:
        """Backlog first, then what a poll of at most `longest_s` returns. Nothing collected is left when a rebalance
        may come."""
        self._admit_backlogs()
        now_s = self._clock.monotonic_s()
        pace = self._flow.turn(self._load(), now_s)
        self._pause(pace, now_s)
        if pace.records == 0 and not pace.is_paused:
            # Full is not silent: no tick is due.
            self._wait_for_room(longest_s)
            for assignment in self._assignments.values():
                assignment.heard_s = now_s
            if self._clock.monotonic_s() - self._polled_s >= TURN_S:
                self._take(1, 0.0)  # rebalances and commits are answered nowhere else; one record is no burden
            return
        self._take(max(1, pace.records), longest_s)
        self._admit_backlogs()

    def _wait_for_room(self, longest_s: float) -> None:
        """Wait for the pool, and not in `poll`, which would return records."""
        frames = self._pool.frames
        if frames == 0:  # it is the store or the broker that is slow
            self._clock.sleep(longest_s)
        else:
            self._pool.wait_for_room(self._flow.resume_below(frames), longest_s)

    def _take(self, records: int, longest_s: float) -> None:
        """Poll, and keep what comes in the backlogs."""
        self._polled_s = self._clock.monotonic_s()
        for record in self._poll(records, longest_s):
            reader = self._assignments.get(TopicPartition(record.topic, record.partition))
            # Records of a partition that waits, drains or restarts come again after its seek.
            if reader is not None and reader.is_reading:
                reader.backlog.append(record)
                reader.backlog_bytes += len(record.value or b"")

    def _admit_backlogs(self) -> None:
        """Admit in offset order until a camera is at its cap or there is no room, and hand the work to the pool."""
        waiting = [a for a in self._assignments.values() if a.backlog]
        if not waiting:
            return
        now_s = self._clock.monotonic_s()
        frames, pool_bytes = self.frames, self._pool.decoded_bytes
        for assignment in waiting:
            while assignment.backlog and assignment.is_reading:
                decoded_bytes = pool_bytes + self._admitter.collected_bytes
                has_room = self._flow.has_frame_room(frames, decoded_bytes)
                if not has_room or self._is_held_up(assignment):
                    assignment.heard_s = now_s
                    break
                record = assignment.backlog.popleft()
                assignment.backlog_bytes -= len(record.value or b"")
                self._admitter.admit(assignment, record, now_s)
                self._admitted_s = now_s
                frames += 1
            was_full = assignment.is_backlogged
            assignment.is_backlogged = self._flow.is_backlog_full(
                len(assignment.backlog), assignment.backlog_bytes, was_full
            )
            if assignment.is_backlogged and not was_full:
                assignment.backlogged_s = now_s
        self.submit()

    def _is_held_up(self, assignment: Assignment) -> bool:
        """Whether the partition's next record has to wait for its camera, or for probe mode."""
        if assignment.is_probing and self._probe.frames_of(assignment) >= PROBE_AHEAD:
            return True
        camera = assignment.cameras.get(assignment.backlog[0].key or b"")
        return camera is not None and camera.in_flight >= self._camera_high

    def submit(self) -> None:
        """Hand what was collected to the pool."""
        steps = self._admitter.take_steps()
        if steps:
            self._pool.submit(steps)

    def _pause(self, pace: Pace, now_s: float) -> None:
        """Say running or paused only where it changes: each change costs the prefetch."""
        pause: list[TopicPartition] = []
        resume: list[TopicPartition] = []
        for assignment in self._assignments.values():
            if not assignment.is_reading:
                continue
            wanted = pace.is_paused or (assignment.is_backlogged and self._is_slow(assignment, now_s))
            if wanted:
                assignment.heard_s = now_s
            if wanted != assignment.is_paused:
                assignment.is_paused = wanted
                if wanted:
                    assignment.paused_s = now_s
                    assignment.slow_until_s = 0.0 if pace.is_paused else now_s + SLOW_FOR_S
                elif now_s - assignment.paused_s < BACKLOG_PATIENCE_S:
                    assignment.slow_until_s = 0.0
                (pause if wanted else resume).append(assignment.partition)
        # That a slow partition rests now and then is nothing for a person to read.
        is_outage = pace.is_paused or self._was_outage
        self._was_outage = pace.is_paused
        if pause:
            log.log(logging.WARNING if is_outage else logging.DEBUG, "partitions paused", extra={"count": len(pause)})
            self._consumer.pause(pause)
        if resume:
            log.log(logging.INFO if is_outage else logging.DEBUG, "partitions resumed", extra={"count": len(resume)})
            self._consumer.resume(resume)

    def _is_slow(self, assignment: Assignment, now_s: float) -> bool:
        """Whether a partition with a full backlog is paused, so that others are taken from.

        Probe mode is slow for sure, and its frames wait for commits, whose answers come out of a poll: a full backlog
        that keeps us from polling would make it ten times slower still.
        """
        if assignment.is_paused or assignment.is_probing or now_s < assignment.slow_until_s:
            return True
        return now_s - assignment.backlogged_s >= BACKLOG_PATIENCE_S

    def _poll(self, records: int, longest_s: float) -> list[Record]:
        try:
            polled = self._consumer.poll(records, longest_s)
        except PositionLost as error:
            self._lose(error)
            return []
        except Transient as error:
            if self.outage is None:
                log.warning("Kafka cannot be read", extra={"error": error})
            self.outage = str(error) or "Kafka cannot be read."
            self._tally.progress += 1  # a retry in a declared outage
            self._clock.sleep(min(longest_s, OUTAGE_POLL_S))
            return []
        if self.outage is not None:
            log.info("Kafka is read again")
            self.outage = None
        self._signs.turned(self._clock.monotonic_s())
        return polled

    def _lose(self, error: PositionLost) -> None:
        """The next offset is not in the log. A look at the log says what to do about it (`loop`)."""
        assignment = self._assignments.get(error.partition)
        if assignment is not None:
            log.error("position lost", extra={"partition": error.partition.partition, "offset": error.offset})
            assignment.lost_looks = 1

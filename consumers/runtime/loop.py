"""The loop: the single owner of the Kafka handle. It polls, admits, commits, and never waits for work (DESIGN 6)."""

import logging
from collections.abc import Callable
from typing import Any

from common.clock import Clock
from common.kafka.ports import GroupConsumer, TopicPartition
from consumers.runtime.admitting import Admitter
from consumers.runtime.assignment import Assignment, Phase
from consumers.runtime.committing import Committer
from consumers.runtime.dead_letters import DeadLetters
from consumers.runtime.intake import TURN_S, Intake
from consumers.runtime.letter_watch import LetterWatch
from consumers.runtime.log_watch import LogWatch
from consumers.runtime.mailbox import Mailbox
from consumers.runtime.messages import (
    Broken,
    Crashed,
    Decoded,
    LogSeen,
    NoticeAnswered,
    Poisoned,
    PositionFound,
    Sealed,
    Settled,
    StoredLoaded,
    UploadDropped,
)
from consumers.runtime.notices import Notices
from consumers.runtime.pool import Pool
from consumers.runtime.probe import Probe
from consumers.runtime.rebalance import Rebalance
from consumers.runtime.settings import EngineSettings
from consumers.runtime.settling import Settling
from consumers.runtime.starting import Starter
from consumers.runtime.status import Gauges, Reporter
from consumers.runtime.tally import Tally
from consumers.runtime.ticks import Ticker
from consumers.runtime.uploads import Uploads

log = logging.getLogger(__name__)
PROBE_POLL_S = 0.005
"""Each frame of probe mode waits for a commit's answer, and that comes out of a poll."""
EAGER_POLL_S = 0.05
"""While somebody waits for the loop itself (a commit's answer, a letter, a partition that is not read yet)."""
STORING_POLL_S = 0.1
"""While clips are on their way to the store, or what is stored is asked for: what that ends in can wait a little. Each
turn beside busy threads costs a third of a millisecond of CPU, for all that it reads has left the caches. Frames alone
are no reason to turn: their end makes room, and who wants room is woken."""
COUNT_EVERY_S = 0.2
FORGET_EVERY_S = 10.0


class Loop:
    """Everything here is called on one thread but for `has_work`. `turn` is one round; the engine repeats it."""

    def __init__(
        self,
        *,
        settings: EngineSettings,
        consumer: GroupConsumer,
        clock: Clock,
        mailbox: Mailbox,
        assignments: dict[TopicPartition, Assignment],
        pool: Pool,
        uploads: Uploads,
        notices: Notices,
        letters: DeadLetters,
        letter_watch: LetterWatch,
        log_watch: LogWatch,
        settling: Settling,
        admitter: Admitter,
        intake: Intake,
        committer: Committer,
        starter: Starter,
        rebalance: Rebalance,
        ticker: Ticker,
        probe: Probe,
        reporter: Reporter,
        tally: Tally,
    ) -> None:
        self._settings = settings
        self._consumer = consumer
        self._clock = clock
        self._mailbox = mailbox
        self._assignments = assignments
        self._pool = pool
        self._uploads = uploads
        self._notices = notices
        self._letters = letters
        self._letter_watch = letter_watch
        self._log_watch = log_watch
        self._settling = settling
        self._admitter = admitter
        self._intake = intake
        self._committer = committer
        self._starter = starter
        self._rebalance = rebalance
        self._ticker = ticker
        self._probe = probe
        self._reporter = reporter
        self._tally = tally
        self._next_count_s = 0.0
        self._next_forget_s = 0.0
        self._loop_gap_s = 0.0
        self.turned_s = clock.monotonic_s()
        """When the last turn ended; read by the watchdog and the health page."""
        self._handlers: dict[type, Callable[[Any], None]] = {
            Sealed: lambda m: settling.sealed(m.number, m.clip),
            Settled: lambda m: settling.settled(m.number, m.outcome),
            UploadDropped: lambda m: settling.dropped(m.number),
            Poisoned: self._on_poisoned,
            StoredLoaded: self._on_loaded,
            NoticeAnswered: notices.answered,
            PositionFound: starter.found,
            LogSeen: log_watch.seen,
            Decoded: lambda m: probe.decoded(m.generation, m.offset),
            Broken: self._on_broken,
            Crashed: self._on_crashed,
        }

    def subscribe(self) -> None:
        self._consumer.subscribe([self._settings.frames_topic], self._rebalance)

    def turn(self, longest_s: float = TURN_S) -> None:
        """One round, waiting at most `longest_s`. Raises what ends the process."""
        # 1. What others have to say.
        self._read_mailbox()
        # 2. Records, if there is room for them.
        self._intake.turn(min(longest_s, self._poll_s()))
        # 3. In probe mode frames go to the pool one by one.
        if self._probe.has_work:
            self._pool.submit(self._probe.turn())
        # 4. What time has made due.
        now_s = self._clock.monotonic_s()
        self._starter.turn(now_s)
        self._ticker.turn(list(self._assignments.values()), now_s)
        if len(self._notices):
            self._tally.progress += self._notices.turn(now_s)
        self._log_watch.turn(now_s)
        self._committer.turn(now_s)
        self._forget(now_s)
        self._count(now_s)

    def begin_stop(self) -> None:
        """Admit nothing more: open windows are left to a replay, closed ones are finished."""
        self._rebalance.give_up([a for a in self._assignments.values() if a.is_probing or not a.is_reading])
        strands = [strand for a in self._assignments.values() for strand in a.strands()]
        self._pool.drop(strands, keep_closing=True)

    def drain(self, longest_s: float) -> bool:
        """A turn while stopping: messages only. True once all that the log has closed is stored."""
        self._read_mailbox()
        if self._settling.is_drained and self._pool.is_idle:
            return True
        self._clock.sleep(longest_s)
        return False

    def end_stop(self, is_reachable: bool) -> None:
        """Commit the marks, if the broker answers, and let go of every partition."""
        if is_reachable:
            self._rebalance.give_up(list(self._assignments.values()))
        else:
            self._rebalance.lost(list(self._assignments))

    @property
    def outage(self) -> str | None:
        """What does not answer although it is waited for, a sentence. Any thread."""
        return self._intake.outage or self._pool.silence.problem or self._uploads.silence.problem

    def report(self, state: str, reason: str | None) -> None:
        """A status record out of turn: starting, stopping, failed."""
        self._reporter.send(state, reason, list(self._assignments.values()), self._gauges())

    def has_work(self) -> bool:
        """Whether progress is to be expected. Read by the watchdog, on its thread."""
        if self._pool.frames or self._uploads.pending:
            return True
        return any(a.is_reading and a.end_offset > a.next_offset for a in list(self._assignments.values()))

    def _read_mailbox(self) -> None:
        for message in self._mailbox.drain():
            self._handlers[type(message)](message)
        self._intake.submit()

    def _current(self, partition: TopicPartition, generation: int) -> Assignment | None:
        """The assignment a completion belongs to, or None when it comes too late."""
        assignment = self._assignments.get(partition)
        return assignment if assignment is not None and assignment.generation == generation else None

    def _on_poisoned(self, message: Poisoned) -> None:
        assignment = self._settling.letter_due(message.number)
        if assignment is None:
            return
        number = message.number
        self._letters.send_frame(
            assignment, message.frame, message.error, message.attempts, lambda: self._settling.letter_sent(number)
        )

    def _on_loaded(self, message: StoredLoaded) -> None:
        assignment = self._current(message.partition, message.generation)
        if assignment is not None:
            self._admitter.loaded(assignment, message)

    def _on_broken(self, message: Broken) -> None:
        assignment = self._current(message.partition, message.generation)
        if assignment is not None and assignment.phase is Phase.DRAINING:
            self._log_watch.broken(assignment)
        elif assignment is not None:
            self._rebalance.restart_partition(assignment, str(message.error), self._clock.monotonic_s())

    def _on_crashed(self, message: Crashed) -> None:
        raise message.error

    def _poll_s(self) -> float:
        if self._probe.has_work:
            return PROBE_POLL_S
        if (
            len(self._mailbox)
            or self._committer.is_under_way
            or len(self._notices)
            or any(not a.is_reading for a in self._assignments.values())
        ):
            return EAGER_POLL_S
        return STORING_POLL_S if self._uploads.pending else TURN_S

    def _gauges(self) -> Gauges:
        now_s = self._clock.monotonic_s()
        return Gauges(
            in_flight=self._intake.frames,
            unsettled_windows=self._settling.unsettled,
            spool_bytes=self._settling.spool_bytes,
            paused=sum(a.is_paused for a in self._assignments.values()),
            loop_gap_s=self._loop_gap_s,
            commit_age_s=max(0.0, now_s - self._committer.last_success_s),
            problem=self.outage,
        )

    def _forget(self, now_s: float) -> None:
        """Cameras that were deleted, or are off."""
        if now_s >= self._next_forget_s:
            kept_s = self._settings.camera_kept_s
            self._next_forget_s = now_s + min(FORGET_EVERY_S, kept_s)
            for assignment in self._assignments.values():
                assignment.forget_cameras(now_s - kept_s)

    def _count(self, now_s: float) -> None:
        if now_s >= self._next_count_s:
            self._next_count_s = now_s + COUNT_EVERY_S
            pool = self._pool.take_tally()
            self._intake.finished(now_s, pool.fates.total())
            self._reporter.count_pool(pool)
            for camera, is_letter in pool.outcomes:
                self._letter_watch.seen(camera, is_letter)
            if self._reporter.is_due(now_s):
                self._reporter.turn(list(self._assignments.values()), self._gauges(), now_s)
        self._loop_gap_s = now_s - self.turned_s
        self.turned_s = now_s

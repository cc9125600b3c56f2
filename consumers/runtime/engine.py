"""The engine as `consumers.wiring` sees it: built from ports, run on the main thread, stopped by SIGTERM."""

import logging
import threading
from collections.abc import Callable

from common.clock import Clock
from common.deadline import Deadline
from common.errors import ConfigurationError
from common.kafka.ports import GroupConsumer, LogReader, RecordProducer, TopicPartition
from common.metrics import Metrics
from consumers.runtime.admitting import Admitter
from consumers.runtime.assignment import Assignment
from consumers.runtime.committing import Committer
from consumers.runtime.dead_letters import DeadLetters
from consumers.runtime.flow import Flow
from consumers.runtime.gaps import Gaps
from consumers.runtime.intake import Intake
from consumers.runtime.letter_watch import LetterWatch
from consumers.runtime.log_watch import LogWatch
from consumers.runtime.loop import Loop
from consumers.runtime.mailbox import Mailbox
from consumers.runtime.notices import Notices
from consumers.runtime.overload import Overload
from consumers.runtime.ownership import LoopSigns
from consumers.runtime.pool import Pool
from consumers.runtime.ports import ClipStore, Workload
from consumers.runtime.probe import Probe
from consumers.runtime.rebalance import Rebalance
from consumers.runtime.scout import Scout
from consumers.runtime.settings import EngineSettings
from consumers.runtime.settling import Settling
from consumers.runtime.starting import Starter
from consumers.runtime.status import Reporter
from consumers.runtime.tally import Tally
from consumers.runtime.ticks import Ticker
from consumers.runtime.uploads import Uploads
from consumers.runtime.watchdog import StallJudge, Vitals, Watchdog, dump_and_exit

log = logging.getLogger(__name__)

EXIT_STOPPED = 0
EXIT_CRASHED = 70
"""Something nobody foresaw, or the watchdog. The supervisor starts the process again."""
EXIT_CONFIGURATION = 78
"""A person has to change something, or dead letters flood. The supervisor leaves it down."""

LIVE_GAP_S = 20.0
"""A loop that has not turned for so long is not live. A revocation may take 5 s for its commit, a poll a little."""
DRAIN_TURN_S = 0.02
UPLOAD_JOIN_S = 1.0
FLUSH_S = 1.0
CLOSE_RESERVE_S = 5.0
"""Of the time to stop, what is kept for the last commit and leaving the group."""


class Engine:
    """Reads frames, cuts windows, has them stored exactly once. One per process."""

    def __init__(
        self,
        *,
        settings: EngineSettings,
        loop: Loop,
        intake: Intake,
        pool: Pool,
        uploads: Uploads,
        scout: Scout,
        consumer: GroupConsumer,
        producer: RecordProducer,
        rebalance: Rebalance,
        assignments: dict[TopicPartition, Assignment],
        tally: Tally,
        clock: Clock,
        die: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self.loop = loop
        self._intake = intake
        self.pool = pool
        self.uploads = uploads
        self.scout = scout
        self._consumer = consumer
        self._producer = producer
        self._rebalance = rebalance
        self._assignments = assignments
        self._tally = tally
        self._clock = clock
        self._stopping = threading.Event()
        self._failure: str | None = None
        judge = StallJudge(settings.stalled_after_s, settings.step_within_s, clock.monotonic_s())
        self._watchdog = Watchdog(judge, self._vitals, die)

    def run(self) -> int:
        """Run until stopped; the process' exit status. Call on the main thread. Closes the consumer, not the rest."""
        try:
            self.pool.start()
            self.uploads.start()
            self.scout.start()
            self.loop.subscribe()
            self._watchdog.start()
            self.loop.report("starting", None)
            while not self._stopping.is_set():
                self.loop.turn()
        except ConfigurationError as error:
            return self._fail(EXIT_CONFIGURATION, str(error))
        except Exception:
            # Nothing is committed and the group is not left in good order: the next owner begins at our last mark.
            log.exception("the engine crashed")
            return self._fail(EXIT_CRASHED, "The engine crashed; its log says why.")
        finally:
            self._watchdog.stop()
        return self._wind_down()

    def stop(self) -> None:
        """Ask for an orderly end. Any thread and signal handlers; returns at once."""
        self._stopping.set()

    def live_problem(self) -> str | None:
        """For /livez: None while the loop turns. Any thread, never blocks."""
        silent_s = self._clock.monotonic_s() - self.loop.turned_s
        return None if silent_s < LIVE_GAP_S else f"The loop has not turned for {silent_s:.0f} s."

    def ready_problem(self) -> str | None:
        """For /readyz: None once the group has answered and all its partitions are read. Any thread, never blocks."""
        if self._failure is not None:
            return self._failure
        if self._stopping.is_set():
            return "The consumer is stopping."
        outage = self.loop.outage
        if outage is not None:
            return outage
        if not self._rebalance.has_heard:
            return "The consumer group has not answered yet."
        waiting = sorted(a.partition.partition for a in list(self._assignments.values()) if not a.is_reading)
        return f"Partitions not read yet: {waiting}." if waiting else None

    def _vitals(self) -> Vitals:
        # Not the scout's errands: it looks at the log every two seconds, whatever hangs.
        progress = self._tally.progress + self.pool.progress + self.uploads.progress
        busy_since = {"loop": self.loop.turned_s, **self.pool.busy_since}
        is_connected = self._intake.outage is None
        return Vitals(progress, self.loop.has_work(), is_connected, busy_since)

    def _fail(self, status: int, reason: str) -> int:
        self._failure = reason
        log.error("consumer failed: %s", reason)
        self.loop.report("failed", reason)
        self._producer.flush(FLUSH_S)
        self.pool.stop()
        self.uploads.stop(UPLOAD_JOIN_S)
        self.scout.stop()
        return status

    def _wind_down(self) -> int:
        """1. Admit no more. 2. Finish and store what the log has closed, for a while. 3. Commit the marks and leave."""
        deadline = Deadline(self._settings.stop_within_s, self._clock)
        drained_by = Deadline(max(0.0, self._settings.stop_within_s - CLOSE_RESERVE_S), self._clock)
        is_reachable = self._intake.outage is None  # else events and commits would only use up the time
        log.info("stopping")
        try:
            self.loop.report("stopping", None)
            self.loop.begin_stop()
            while is_reachable and not drained_by.is_over and not self.loop.drain(DRAIN_TURN_S):
                pass
            self.loop.end_stop(is_reachable)
            self._consumer.close()
            self.loop.report("stopped", None)
            self._producer.flush(deadline.at_most(FLUSH_S))
        except Exception:
            log.exception("the engine crashed while it stopped")
            return EXIT_CRASHED
        finally:
            self.uploads.stop(deadline.at_most(UPLOAD_JOIN_S))
            self.pool.stop()
            self.scout.stop()
        return EXIT_STOPPED


def build_engine(
    settings: EngineSettings,
    consumer: GroupConsumer,
    log: LogReader,
    producer: RecordProducer,
    workload: Workload,
    store: ClipStore,
    metrics: Metrics,
    clock: Clock,
    *,
    die: Callable[[str], None] = dump_and_exit,
) -> Engine:
    """Compose an engine. Starts nothing: threads begin in `Engine.run`. `die`: what the watchdog does when it hangs."""
    now_s = clock.monotonic_s()
    mailbox, tally, watch, probe = Mailbox(), Tally(), LetterWatch(), Probe()
    assignments: dict[TopicPartition, Assignment] = {}
    signs = LoopSigns(now_s, settings.session_timeout_s)
    pool = Pool(workload, mailbox, settings.threads, settings.batch, settings.ordered_threads)
    uploads = Uploads(
        store=store,
        producer=producer,
        mailbox=mailbox,
        clock=clock,
        analysis=settings.analysis,
        clip_events_topic=settings.clip_events_topic,
        threads=settings.upload_threads,
    )
    scout = Scout(log, settings.group_id, mailbox, clock)
    notices = Notices(producer, mailbox, clock)
    letters = DeadLetters(settings.analysis, settings.dead_letters_topic, notices, tally, clock)
    gaps = Gaps(settings.analysis, settings.clip_events_topic, notices, clock)
    settling = Settling(uploads, tally)
    admitter = Admitter(
        analysis=settings.analysis,
        settling=settling,
        uploads=uploads,
        letters=letters,
        watch=watch,
        gaps=gaps,
        overload=Overload(clock),
        probe=probe,
        tally=tally,
    )
    committer = Committer(consumer, assignments, settings.commit_every_s, now_s)
    starter = Starter(settings, consumer, assignments, scout, gaps, signs, clock)
    rebalance = Rebalance(
        consumer=consumer,
        assignments=assignments,
        starter=starter,
        committer=committer,
        settling=settling,
        pool=pool,
        notices=notices,
        probe=probe,
        tally=tally,
    )
    intake = Intake(
        settings=settings,
        consumer=consumer,
        assignments=assignments,
        admitter=admitter,
        pool=pool,
        settling=settling,
        notices=notices,
        probe=probe,
        flow=Flow(settings),
        signs=signs,
        tally=tally,
        clock=clock,
    )
    log_watch = LogWatch(
        settings=settings,
        consumer=consumer,
        assignments=assignments,
        scout=scout,
        admitter=admitter,
        rebalance=rebalance,
        pool=pool,
        probe=probe,
        settling=settling,
        gaps=gaps,
    )
    loop = Loop(
        settings=settings,
        consumer=consumer,
        clock=clock,
        mailbox=mailbox,
        assignments=assignments,
        pool=pool,
        uploads=uploads,
        notices=notices,
        letters=letters,
        letter_watch=watch,
        log_watch=log_watch,
        settling=settling,
        admitter=admitter,
        intake=intake,
        committer=committer,
        starter=starter,
        rebalance=rebalance,
        ticker=Ticker(producer, settings.frames_topic, clock, tally),
        probe=probe,
        reporter=Reporter(settings, producer, metrics, tally, clock),
        tally=tally,
    )
    return Engine(
        settings=settings,
        loop=loop,
        intake=intake,
        pool=pool,
        uploads=uploads,
        scout=scout,
        consumer=consumer,
        producer=producer,
        rebalance=rebalance,
        assignments=assignments,
        tally=tally,
        clock=clock,
        die=die,
    )

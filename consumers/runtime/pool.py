"""The pool: N threads over one schedule (DESIGN 6, stages 1 and 2).

Where the model computes, each thread goes through both stages: a frame's picture is still in the core's cache when it
is drawn. Where it waits for another machine or an accelerator, a thread that draws and encodes is one call of the model
less under way, while cores are free: then a few more threads do stage 2 (`ordered_threads`), and the N help them only
when they fall behind.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from common.clock import SystemClock
from common.contracts.sidecar import Fate
from common.silence import Silence
from consumers.runtime.mailbox import Mailbox
from consumers.runtime.messages import Crashed
from consumers.runtime.ports import Workload
from consumers.runtime.stages import OrderReport, Stages
from consumers.runtime.strands import Analyse, Job, Order, Schedule, Step, Strand

IDLE_WAIT_S = 1.0
"""A thread without work looks up this often, whether it was woken or not."""
JOIN_WITHIN_S = 5.0


@dataclass(slots=True)
class PoolTally:
    """What has happened since the tally was last taken. `outcomes`: camera and whether the frame was a dead letter."""

    fates: Counter[Fate] = field(default_factory=Counter)
    outcomes: list[tuple[str, bool]] = field(default_factory=list)
    analyse_s: list[float] = field(default_factory=list)
    order_s: list[float] = field(default_factory=list)


class Crew:
    """Threads that wait for the same kinds of work. Guarded by the pool's lock."""

    __slots__ = ("idle", "work")

    def __init__(self, lock: threading.Lock) -> None:
        self.work = threading.Condition(lock)
        self.idle = 0

    def wake(self, jobs: int) -> None:
        """As many as there are jobs; none when all are busy."""
        if self.idle and jobs > 0:
            self.work.notify(min(jobs, self.idle))


class Pool:
    """Bounded by flow control, which admits no more frames than its marks allow; `submit` never blocks.

    Without `start` it has no threads: a test takes and executes jobs itself, in any order it likes.
    """

    def __init__(
        self, workload: Workload, mailbox: Mailbox, threads: int, batch: int = 1, ordered_threads: int = 0
    ) -> None:
        self._mailbox = mailbox
        self._batch = batch
        self._ordered_threads = ordered_threads
        self._schedule = Schedule()
        # Guards the schedule, the tally and the counters below. Held for bookkeeping only, never during a job.
        self._lock = threading.Lock()
        self._both = Crew(self._lock)
        self._finishers = Crew(self._lock)
        self._room = threading.Condition(self._lock)
        self._running = 0
        self._room_below = 0
        """Frames in flight below which the loop wants to be woken; 0 when it does not wait."""
        self._tally = PoolTally()
        self._stopping = threading.Event()
        self.progress = 0
        """Grows with every step and every retry; read by the watchdog."""
        self.busy_since: dict[str, float] = {}
        """When each thread began its step, or tried it again, monotonic seconds."""
        self.silence = Silence("The model", SystemClock())
        self._stages = Stages(workload, mailbox, self._stopping.wait, self._retried, self.silence)
        self._threads = [
            *(_thread(f"pool-{number}", self._run, self._both, self._next_job) for number in range(threads)),
            *(
                _thread(f"pool-ordered-{number}", self._run, self._finishers, self._schedule.take_order)
                for number in range(ordered_threads)
            ),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let running jobs end, start no others. A thread that hangs is left to the end of the process."""
        self._stopping.set()
        with self._lock:
            self._both.work.notify_all()
            self._finishers.work.notify_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(JOIN_WITHIN_S / len(self._threads))

    @property
    def frames(self) -> int:
        """Frames admitted and not through the ordered stage."""
        return self._schedule.frames

    @property
    def decoded_bytes(self) -> int:
        return self._schedule.decoded_bytes

    @property
    def is_idle(self) -> bool:
        """Nothing waits and nothing runs."""
        with self._lock:
            return self._schedule.frames == 0 and self._schedule.waiting == 0 and self._running == 0

    def submit(self, steps: Iterable[Step]) -> None:
        """Hand in steps, each strand's in offset order. The loop's thread."""
        with self._lock:
            self._schedule.add(steps)
            self._wake()

    def drop(self, strands: Iterable[Strand], keep_closing: bool = False) -> None:
        """Forget what is queued; sessions are abandoned by the pool. Returns at once."""
        with self._lock:
            for strand in strands:
                self._schedule.drop(strand, keep_closing)
            self._wake()

    def wait_for_room(self, frames_below: int, timeout_s: float) -> bool:
        """Wait until fewer than `frames_below` frames are in flight."""
        with self._lock:
            self._room_below = frames_below
            try:
                return self._room.wait_for(lambda: self._schedule.frames < frames_below, timeout_s)
            finally:
                self._room_below = 0

    def take_tally(self) -> PoolTally:
        with self._lock:
            tally, self._tally = self._tally, PoolTally()
        return tally

    def take(self) -> Job | None:
        """The next job of any kind, or None."""
        with self._lock:
            job = self._next_job()
            self._running += job is not None
            return job

    def _next_job(self) -> Job | None:
        """For one of the N. Call under the lock."""
        schedule = self._schedule
        if self._finishers.idle:
            return schedule.take_analysis(self._share())
        return schedule.take(self._share())

    def execute(self, job: Job, next_job: Callable[[], Job | None] | None = None) -> Job | None:
        """Run one job taken by `take`; what the same thread should go on with, which is `next_job` where nothing else
        is. Raises what nobody foresaw."""
        if isinstance(job, Analyse):
            seconds = self._stages.analyse(job)
            with self._lock:
                self._tally.analyse_s.extend([seconds / len(job.steps)] * len(job.steps))
                follow_up = self._schedule.analysed(job.steps, goes_on=self._ordered_threads == 0)
                return self._finish(follow_up, next_job)
        report = self._stages.order(job)
        with self._lock:
            self._schedule.ordered(job)
            self._count(job, report)
            if self._schedule.frames < self._room_below:
                self._room.notify()
            return self._finish(None, next_job)

    def _share(self) -> int:
        """Frames that the calling thread may take at once: a batch, but no more than its share while others are idle,
        for what one thread decodes nobody else does. Nothing is waited for. Call under the lock."""
        if self._batch == 1:
            return 1
        return min(self._batch, max(1, -(-self._schedule.unanalysed // (self._both.idle + 1))))

    def _finish(self, follow_up: Job | None, next_job: Callable[[], Job | None] | None) -> Job | None:
        """A job is done; what comes next on this thread. Call under the lock."""
        self.progress += 1
        if follow_up is None and next_job is not None and not self._stopping.is_set():
            follow_up = next_job()
        if follow_up is None:
            self._running -= 1
        self._wake()
        return follow_up

    def _count(self, job: Order, report: OrderReport) -> None:
        tally, camera = self._tally, job.strand.camera
        tally.order_s += report.seconds
        for fate in report.fates:
            tally.fates[fate] += 1
            tally.outcomes.append((camera, fate is Fate.DEAD_LETTER))

    def _retried(self) -> None:
        """The calling thread begins anew with what it was at: an outage is no step that hangs."""
        self.progress += 1
        name = threading.current_thread().name
        if name in self.busy_since:
            self.busy_since[name] = time.monotonic()

    def _wake(self) -> None:
        """Wake as many idle threads as there are jobs. Call under the lock."""
        if not (self._both.idle or self._finishers.idle):
            return
        ordered = self._schedule.unordered
        left = max(0, ordered - self._finishers.idle)
        self._finishers.wake(ordered)
        self._both.wake(self._schedule.unanalysed + left)

    def _run(self, crew: Crew, next_job: Callable[[], Job | None]) -> None:
        name = threading.current_thread().name
        try:
            while not self._stopping.is_set():
                job = self._wait_for_job(crew, next_job)
                while job is not None and not self._stopping.is_set():
                    self.busy_since[name] = time.monotonic()
                    job = self.execute(job, next_job)
                self.busy_since.pop(name, None)
        except BaseException as error:  # noqa: BLE001  the loop raises it again
            self._mailbox.put(Crashed(error))

    def _wait_for_job(self, crew: Crew, next_job: Callable[[], Job | None]) -> Job | None:
        with self._lock:
            job = next_job()
            if job is None:
                crew.idle += 1
                crew.work.wait(IDLE_WAIT_S)
                crew.idle -= 1
                job = next_job()
            self._running += job is not None
            return job


def _thread(name: str, target: Callable[..., None], *arguments: object) -> threading.Thread:
    return threading.Thread(target=target, args=arguments, name=name, daemon=True)

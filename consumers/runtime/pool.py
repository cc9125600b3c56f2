"""The pool: N threads over one schedule (DESIGN 6, stages 1 and 2)."""

import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from common.contracts.sidecar import Fate
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


class Pool:
    """Bounded by flow control, which admits no more frames than its marks allow; `submit` never blocks.

    Without `start` it has no threads: a test takes and executes jobs itself, in any order it likes.
    """

    def __init__(self, workload: Workload, mailbox: Mailbox, threads: int, batch: int = 1) -> None:
        self._mailbox = mailbox
        self._batch = batch
        self._schedule = Schedule()
        # Guards the schedule, the tally and the counters below. Held for bookkeeping only, never during a job.
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._idle = 0
        self._running = 0
        self._room_below = 0
        """Frames in flight below which the loop wants to be woken; 0 when it does not wait."""
        self._tally = PoolTally()
        self._stopping = threading.Event()
        self.progress = 0
        """Grows with every step and every retry; read by the watchdog."""
        self.busy_since: dict[str, float] = {}
        self._stages = Stages(workload, mailbox, self._stopping.wait, self._count_progress)
        self._threads = [
            threading.Thread(target=self._run, name=f"pool-{number}", daemon=True) for number in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let running jobs end, start no others. A thread that hangs is left to the end of the process."""
        self._stopping.set()
        with self._lock:
            self._work.notify_all()
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
        """The next job, or None."""
        with self._lock:
            job = self._schedule.take(self._share())
            self._running += job is not None
            return job

    def execute(self, job: Job) -> Order | None:
        """Run one job taken by `take`; what the same thread should go on with. Raises what nobody foresaw."""
        if isinstance(job, Analyse):
            seconds = self._stages.analyse(job)
            with self._lock:
                self._tally.analyse_s.extend([seconds / len(job.steps)] * len(job.steps))
                follow_up = self._schedule.analysed(job.steps)
                self._finish(is_follow_up=follow_up is not None)
            return follow_up
        report = self._stages.order(job)
        with self._lock:
            self._schedule.ordered(job)
            self._count(job, report)
            self._finish(is_follow_up=False)
            if self._schedule.frames < self._room_below:
                self._room.notify()
        return None

    def _share(self) -> int:
        """Frames that the calling thread may take at once: a batch, but no more than its share while others are idle,
        for what one thread decodes nobody else does. Nothing is waited for. Call under the lock."""
        if self._batch == 1:
            return 1
        return min(self._batch, max(1, -(-self._schedule.unanalysed // (self._idle + 1))))

    def _finish(self, is_follow_up: bool) -> None:
        self.progress += 1
        if not is_follow_up:
            self._running -= 1
        self._wake()

    def _count(self, job: Order, report: OrderReport) -> None:
        tally = self._tally
        tally.order_s.extend(report.seconds)
        tally.fates.update(report.fates)
        camera = job.strand.camera
        tally.outcomes.extend((camera, fate is Fate.DEAD_LETTER) for fate in report.fates)

    def _count_progress(self) -> None:
        self.progress += 1

    def _wake(self) -> None:
        """Wake as many idle threads as there are jobs; none when all are busy. Call under the lock."""
        if self._idle:
            waiting = self._schedule.waiting
            if waiting:
                self._work.notify(min(waiting, self._idle))

    def _run(self) -> None:
        name = threading.current_thread().name
        try:
            while not self._stopping.is_set():
                job = self._wait_for_job()
                while job is not None and not self._stopping.is_set():
                    self.busy_since[name] = time.monotonic()
                    job = self.execute(job) or self.take()
                self.busy_since.pop(name, None)
        except BaseException as error:  # noqa: BLE001  the loop raises it again
            self._mailbox.put(Crashed(error))

    def _wait_for_job(self) -> Job | None:
        with self._lock:
            job = self._schedule.take(self._share())
            if job is None:
                self._idle += 1
                self._work.wait(IDLE_WAIT_S)
                self._idle -= 1
                job = self._schedule.take(self._share())
            self._running += job is not None
            return job

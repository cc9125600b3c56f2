"""Stage 3: clips into the store, their events to the broker (DESIGN 5, rule 6). A small pool of its own.

A failing store is retried for ever with backoff, without holding a thread. Order per camera is the loop's care:
it hands in a camera's next clip when the one before is settled.
"""

import heapq
import itertools
import logging
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from common.clock import Clock
from common.contracts.clip_event import ClipReady
from common.errors import Transient
from common.kafka.ports import RecordProducer, TopicPartition
from common.silence import Silence
from consumers.runtime.mailbox import Mailbox
from consumers.runtime.messages import Crashed, Settled, StoredLoaded, UploadDropped
from consumers.runtime.ownership import Ownership
from consumers.runtime.ports import ClipStore, SealedClip, StoredClip

log = logging.getLogger(__name__)
RETRY_FIRST_S = 0.2
RETRY_MOST_S = 10.0
OWNER_RECHECK_S = 0.5
"""How soon a clip whose partition is in doubt is looked at again."""
LOOK_UP_S = 0.5
"""A thread without work looks up this often."""
EVENT_WITHIN_S = 10.0


@dataclass(slots=True, eq=False)
class Upload:
    """One clip to store. `stored` is filled in once it is, so that only its events are repeated afterwards."""

    number: int
    clip: SealedClip = field(repr=False)
    ownership: Ownership
    attempts: int = 0
    stored: StoredClip | None = None
    announced: int = 0


@dataclass(slots=True, eq=False)
class Load:
    """Ask the store what it holds of a camera in [from_ms, to_ms) of log time (rule 11)."""

    partition: TopicPartition
    generation: int
    camera: str
    from_ms: int
    to_ms: int
    ownership: Ownership
    attempts: int = 0


UploadJob = Upload | Load


class Uploads:
    """Bounded by the spool's limit and the number of cameras, which flow control keeps. `add` never blocks.

    Without `start` it has no threads: a test takes and executes jobs itself.
    """

    def __init__(
        self,
        store: ClipStore,
        producer: RecordProducer,
        mailbox: Mailbox,
        clock: Clock,
        analysis: str,
        clip_events_topic: str,
        threads: int,
    ) -> None:
        self._store = store
        self._producer = producer
        self._mailbox = mailbox
        self._clock = clock
        self._analysis = analysis
        self._topic = clip_events_topic
        self._lock = threading.Lock()  # guards the two queues and `_running`
        self._changed = threading.Condition(self._lock)
        self._ready: deque[UploadJob] = deque()
        self._later: list[tuple[float, int, UploadJob]] = []
        self._numbers = itertools.count()
        self._running = 0
        self._stopping = threading.Event()
        self.progress = 0
        """Grows with every job done and every retry; read by the watchdog."""
        self.busy_since: dict[str, float] = {}
        self.silence = Silence("The object store", clock)
        """Of the broker's the loop knows."""
        self._threads = [
            threading.Thread(target=self._run, name=f"upload-{number}", daemon=True) for number in range(threads)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, within_s: float) -> None:
        """Start no further job. A thread in a call is waited for that long at most, then left to the process' end."""
        self._stopping.set()
        with self._lock:
            self._changed.notify_all()
        end_s = time.monotonic() + within_s
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, end_s - time.monotonic()))

    @property
    def pending(self) -> int:
        """Jobs that wait, are retried or run."""
        with self._lock:
            return len(self._ready) + len(self._later) + self._running

    def add(self, jobs: Iterable[UploadJob]) -> None:
        """Loads go first: a camera's frames wait for them."""
        with self._lock:
            for job in jobs:
                if isinstance(job, Load):
                    self._ready.appendleft(job)
                else:
                    self._ready.append(job)
                self._changed.notify()

    def take(self) -> UploadJob | None:
        """The next job that is due, or None."""
        with self._lock:
            return self._take()

    def _take(self) -> UploadJob | None:
        now_s = self._clock.monotonic_s()
        while self._later and self._later[0][0] <= now_s:
            self._ready.append(heapq.heappop(self._later)[2])
        if not self._ready:
            return None
        self._running += 1
        return self._ready.popleft()

    def execute(self, job: UploadJob) -> None:
        """One attempt at a job taken by `take`. Raises what nobody foresaw."""
        begun_s = self._clock.monotonic_s()
        try:
            delay_s = self._load(job) if isinstance(job, Load) else self._upload(job)
        except Transient as error:
            job.attempts += 1
            if isinstance(job, Load) or job.stored is None:
                self.silence.failed(error, begun_s)
            delay_s = min(RETRY_MOST_S, RETRY_FIRST_S * 2.0 ** min(job.attempts - 1, 10))
            level = logging.WARNING if job.attempts in (1, 10) or job.attempts % 100 == 0 else logging.DEBUG
            log.log(level, "store or broker does not answer, trying again", extra={"job": job, "error": error})
        finally:
            self.progress += 1
            with self._lock:
                self._running -= 1
        if delay_s is not None:
            with self._lock:
                due_s = self._clock.monotonic_s() + delay_s
                heapq.heappush(self._later, (due_s, next(self._numbers), job))
        elif self.pending == 0:
            self.silence.answered()

    def _load(self, job: Load) -> float | None:
        if job.ownership.is_frozen:
            return None
        sidecars = self._store.load_sidecars(self._analysis, job.camera, job.from_ms, job.to_ms)
        self.silence.answered()
        self._mailbox.put(StoredLoaded(job.partition, job.generation, job.camera, sidecars))
        return None

    def _upload(self, job: Upload) -> float | None:
        if job.stored is None:
            # Rule 16: a PUT by somebody whose partition has long been another's could undo what that one relies on.
            if not job.ownership.may_put(self._clock.monotonic_s()):
                if not job.ownership.is_frozen:
                    return OWNER_RECHECK_S
                self._mailbox.put(UploadDropped(job.number))
                return None
            job.stored = self._store.store(job.clip)
            self.silence.answered()
        for event in job.stored.announced[job.announced :]:
            self._announce(event)
            job.announced += 1
        self._mailbox.put(Settled(job.number, job.stored.outcome))
        return None

    def _announce(self, event: ClipReady) -> None:
        key = event.camera.encode()
        self._producer.send_and_wait(self._topic, key, event.to_json(), timeout_s=EVENT_WITHIN_S)

    def _run(self) -> None:
        name = threading.current_thread().name
        try:
            while not self._stopping.is_set():
                with self._lock:
                    job = self._take()
                    if job is None:
                        self._changed.wait(self._wait_s())
                        job = self._take()
                if job is not None:
                    self.busy_since[name] = time.monotonic()
                    self.execute(job)
                    self.busy_since.pop(name, None)
        except BaseException as error:  # noqa: BLE001  the loop raises it again
            self._mailbox.put(Crashed(error))

    def _wait_s(self) -> float:
        if not self._later:
            return LOOK_UP_S
        return min(LOOK_UP_S, max(0.001, self._later[0][0] - self._clock.monotonic_s()))

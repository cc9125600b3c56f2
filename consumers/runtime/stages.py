"""What a pool thread does with a job: the two stages, with errors turned into messages (DESIGN 6)."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from common.contracts.sidecar import Fate, FrameEntry
from common.errors import EncoderFailure, PoisonRecord, Transient
from common.silence import Silence
from consumers.runtime.mailbox import Mailbox
from consumers.runtime.messages import Broken, Decoded, Poisoned, Sealed
from consumers.runtime.ports import AdmittedFrame, WindowClosing, Workload
from consumers.runtime.strands import Analyse, CloseStep, FrameStep, Order

T = TypeVar("T")


@dataclass(slots=True)
class OrderReport:
    """What an ordered batch came to: seconds of each step, and the fate of each frame."""

    seconds: list[float] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)


class Stages:
    """Runs jobs on the calling thread. Stateless but for what it was given; any number of threads at once.

    `wait`: waits so many seconds and says whether to give up (stop). `retried`: told of each retry, for the watchdog.
    `silence`: told of a model that does not answer.
    """

    def __init__(
        self,
        workload: Workload,
        mailbox: Mailbox,
        wait: Callable[[float], bool],
        retried: Callable[[], None],
        silence: Silence,
    ) -> None:
        self._workload = workload
        self._mailbox = mailbox
        self._wait = wait
        self._retried = retried
        self._silence = silence

    def analyse(self, job: Analyse) -> float:
        """Stage 1: fills in each step's result or poison; seconds it took. What else is raised crashes the process."""
        begin = time.perf_counter()
        if len(job.steps) == 1 or not self._analyse_together(job.steps):
            for step in job.steps:
                self._analyse_alone(step)
        return time.perf_counter() - begin

    def _analyse_together(self, steps: list[FrameStep]) -> bool:
        """One call for all. False: which of them is at fault is not known, so each goes alone."""
        try:
            results = self._workload.analyse_batch([step.frame for step in steps])
        except (PoisonRecord, Transient):
            self._retried()
            return False
        for step, result in zip(steps, results, strict=True):
            if isinstance(result, PoisonRecord):
                self._poisoned(step, result, 1)
            else:
                step.analysed = result
        return True

    def _poisoned(self, step: FrameStep, error: PoisonRecord, attempts: int) -> None:
        step.poison = error
        self._mailbox.put(Poisoned(step.work.number, step.frame, error, attempts))

    def _analyse_alone(self, step: FrameStep) -> None:
        try:
            self._analyse_once(step, 1)
        except Transient as error:
            self._again(step, error, self._analyse_once)
        if step.is_probe:
            self._mailbox.put(Decoded(step.strand.generation, step.frame.offset))

    def _analyse_once(self, step: FrameStep, attempts: int) -> None:
        try:
            step.analysed = self._workload.analyse(step.frame)
        except PoisonRecord as error:
            self._poisoned(step, error, attempts)

    def _again(self, step: FrameStep, error: Transient, attempt: Callable[[FrameStep, int], T]) -> T | None:
        """A remote model that does not answer is no reason to lose a frame: retried in place, for ever. What the
        attempt that succeeds returns; None once nobody wants the frame any more. `attempt`: told its number."""

        def goes_on(delay_s: float) -> bool:
            if step.work.is_dropped or self._wait(delay_s):
                step.work.is_dropped = True
                return False
            self._retried()
            return True

        return self._silence.outlast(error, lambda number: attempt(step, number), goes_on)

    def order(self, job: Order) -> OrderReport:
        """Stage 2: the steps of one camera in offset order. An encoder's failure restarts the partition."""
        report = OrderReport()
        for work in job.abandoned:
            if work.session is not None:
                work.session.abandon()
        begin = time.perf_counter()
        try:
            for step in job.steps:
                if step.work.is_dropped:
                    continue
                if isinstance(step, CloseStep):
                    self._close(step)
                elif (fate := self._add(step)) is not None:
                    report.fates.append(fate)
                end = time.perf_counter()
                report.seconds.append(end - begin)
                begin = end
        except EncoderFailure as error:
            for step in job.steps:
                step.work.is_dropped = True
            self._mailbox.put(Broken(job.strand.partition, job.strand.generation, error))
        return report

    def _add(self, step: FrameStep) -> Fate | None:
        """None: given up while the model did not answer."""
        work = step.work
        if step.poison is not None:
            work.left_out.append(left_out(step.frame, Fate.DEAD_LETTER, step.poison.reason))
            return Fate.DEAD_LETTER
        try:
            fate: Fate | None = self._add_once(step, 1)
        except Transient as error:
            fate = self._again(step, error, self._add_once)
        step.analysed = None
        return fate

    def _add_once(self, step: FrameStep, _attempts: int) -> Fate:
        work = step.work
        if work.session is None:
            work.session = self._workload.open(work.opening)
        return work.session.add(step.frame, step.analysed).fate

    def _close(self, step: CloseStep) -> None:
        work = step.work
        if work.session is None:
            self._mailbox.put(Sealed(work.number, None))
            return
        others = step.closing.others
        if work.left_out:
            others = tuple(sorted((*others, *work.left_out), key=lambda entry: entry.offset))
        clip = work.session.close(WindowClosing(step.closing.complete, others))
        work.session = None
        self._mailbox.put(Sealed(work.number, clip))


def left_out(frame: AdmittedFrame, fate: Fate, note: str | None = None) -> FrameEntry:
    """The sidecar's entry for a frame that is not in the clip."""
    headers = frame.headers
    return FrameEntry(
        offset=frame.offset,
        log_ms=frame.log_ms,
        fate=fate,
        session=headers.session,
        seq=headers.seq,
        captured_us=headers.captured_at_us,
        ingested_us=headers.ingested_at_us,
        note=note,
    )

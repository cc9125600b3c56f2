"""Who works on what next: stateless analysis in any order, ordered work one step at a time per camera (DESIGN 6).

Pure bookkeeping without a lock or a thread of its own: `pool` calls it under its lock, a test calls it alone.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from common.contracts.sidecar import FrameEntry
from common.errors import PoisonRecord
from common.kafka.ports import TopicPartition
from consumers.runtime.ports import AdmittedFrame, WindowClosing, WindowOpening, WindowSession

BATCH_STEPS = 16
"""Ordered steps taken in one go: fewer turns of the lock, and no camera keeps a thread for long."""


@dataclass(slots=True, eq=False)
class WindowWork:
    """The ordered stage's side of one window. Touched by one pool thread at a time; `is_dropped` is set by the loop."""

    number: int
    opening: WindowOpening
    session: WindowSession | None = None
    left_out: list[FrameEntry] = field(default_factory=list)
    is_closing: bool = False
    is_dropped: bool = False


@dataclass(slots=True, eq=False)
class FrameStep:
    """One frame on its way through both stages. `analysed` is opaque; `poison` set: it cannot be decoded."""

    strand: "Strand"
    work: WindowWork
    frame: AdmittedFrame
    decoded_bytes: int
    is_ready: bool = False
    is_probe: bool = False
    analysed: Any = None
    poison: PoisonRecord | None = None


@dataclass(slots=True, eq=False)
class CloseStep:
    """The end of a window, behind its last frame."""

    strand: "Strand"
    work: WindowWork
    closing: WindowClosing
    is_ready: bool = True


Step = FrameStep | CloseStep


@dataclass(slots=True, eq=False)
class Strand:
    """One camera in one assignment: its steps in offset order, taken by one thread at a time."""

    partition: TopicPartition
    generation: int
    camera: str
    steps: deque[Step] = field(default_factory=deque)
    works: dict[int, WindowWork] = field(default_factory=dict)
    unanalysed: deque[FrameStep] = field(default_factory=deque)
    """Those of `steps` that no thread has taken for stage 1; dropped ones are passed over when their turn comes."""
    in_flight: int = 0
    collected: int = 0
    """Frames that the loop has collected and not handed in. The loop's, unlike the rest."""
    is_busy: bool = False
    is_queued: bool = False


@dataclass(slots=True, eq=False)
class Analyse:
    """Stage 1 of one frame, or of several of any cameras in one call of the model."""

    steps: list[FrameStep]


@dataclass(slots=True, eq=False)
class Order:
    """Stage 2: steps of one strand that are ready, in order; or sessions to abandon."""

    strand: Strand
    steps: list[Step]
    abandoned: list[WindowWork]


Job = Analyse | Order


class Schedule:
    """What waits, what is ready, how much is in flight. Not thread-safe.

    Cameras take turns at stage 1, frame by frame. Kafka hands over dozens of frames of one camera, then of the next: in
    that order they would be ready together, and one thread would draw and encode them while all others wait for it.
    """

    def __init__(self) -> None:
        self._analysis: deque[Strand] = deque()
        """Strands with frames for stage 1, in the order of their turns; each is in here once."""
        self._unanalysed = 0
        self._ordered: deque[Strand] = deque()
        self.frames = 0
        self.decoded_bytes = 0

    @property
    def unanalysed(self) -> int:
        """Frames that wait for stage 1."""
        return self._unanalysed

    @property
    def unordered(self) -> int:
        """Cameras that wait for stage 2."""
        return len(self._ordered)

    @property
    def waiting(self) -> int:
        """Jobs that a thread could take now."""
        return self._unanalysed + len(self._ordered)

    def add(self, steps: Iterable[Step]) -> None:
        """Steps of any strands, each strand's in offset order."""
        for step in steps:
            strand = step.strand
            strand.steps.append(step)
            strand.works[step.work.number] = step.work
            if isinstance(step, FrameStep):
                self.frames += 1
                self.decoded_bytes += step.decoded_bytes
                strand.in_flight += 1
                if not strand.unanalysed:
                    self._analysis.append(strand)
                strand.unanalysed.append(step)
                self._unanalysed += 1
            else:
                step.work.is_closing = True
                self._queue_if_ready(strand)

    def take(self, most: int = 1) -> Job | None:
        """The next job: ordered work first, for it frees memory and finishes what was begun. `most`: frames that may go
        through stage 1 together."""
        return self.take_order() or self.take_analysis(most)

    def take_order(self) -> Order | None:
        """The next job of stage 2."""
        while self._ordered:
            strand = self._ordered.popleft()
            strand.is_queued = False
            order = self.take_ordered(strand)
            if order is not None:  # None: who analysed its next frame has gone on with it
                return order
        return None

    def take_analysis(self, most: int = 1) -> Analyse | None:
        """The next job of stage 1. `most`: frames that may go through it together."""
        steps: list[FrameStep] = []
        while len(steps) < most and (step := self._next_unanalysed()) is not None:
            # In probe mode a frame is decoded alone, whatever waits: it may be the one that kills the process.
            if steps and (step.is_probe or steps[0].is_probe):
                break
            steps.append(self._take_unanalysed())
        return Analyse(steps) if steps else None

    def _next_unanalysed(self) -> FrameStep | None:
        """The next frame for stage 1, of the camera whose turn it is; those of dropped windows are passed over."""
        while self._analysis:
            step = self._analysis[0].unanalysed[0]
            if not step.work.is_dropped:
                return step
            self._take_unanalysed()
        return None

    def _take_unanalysed(self) -> FrameStep:
        strand = self._analysis.popleft()
        step = strand.unanalysed.popleft()
        self._unanalysed -= 1
        if strand.unanalysed:
            self._analysis.append(strand)
        return step

    def take_ordered(self, strand: Strand) -> Order | None:
        """The strand's ready steps, up to a batch; None when there is nothing to do or another thread is at it."""
        if strand.is_busy:
            return None
        steps: list[Step] = []
        while strand.steps and strand.steps[0].is_ready and len(steps) < BATCH_STEPS:
            steps.append(strand.steps.popleft())
        abandoned = [work for work in strand.works.values() if work.is_dropped]
        for work in abandoned:
            del strand.works[work.number]
        if not steps and not abandoned:
            return None
        strand.is_busy = True
        return Order(strand, steps, abandoned)

    def analysed(self, steps: Sequence[FrameStep], goes_on: bool = True) -> Order | None:
        """Stage 1 is done. Where a strand is idle and waits for one of them, the same thread `goes_on` with it; other
        strands that are ready now are for whoever comes first."""
        for step in steps:
            step.is_ready = True
        mine: Order | None = None
        for step in steps:
            strand = step.strand
            if goes_on and mine is None and _is_ready(strand):
                mine = self.take_ordered(strand)
            else:
                self._queue_if_ready(strand)
        return mine

    def ordered(self, order: Order) -> None:
        """Stage 2 is done for these steps."""
        strand = order.strand
        strand.is_busy = False
        for step in order.steps:
            if isinstance(step, FrameStep):
                self._leave(step)
            elif not step.work.is_dropped:
                strand.works.pop(step.work.number, None)
        self._queue_if_ready(strand)

    def drop(self, strand: Strand, keep_closing: bool = False) -> None:
        """Take away what is queued and have sessions abandoned; with `keep_closing` only of windows that are open."""
        for work in strand.works.values():
            if not (keep_closing and work.is_closing):
                work.is_dropped = True
        kept: deque[Step] = deque()
        for step in strand.steps:
            if not step.work.is_dropped:
                kept.append(step)
            elif isinstance(step, FrameStep):
                self._leave(step)
        strand.steps = kept
        self._queue_if_ready(strand)

    def _leave(self, step: FrameStep) -> None:
        self.frames -= 1
        self.decoded_bytes -= step.decoded_bytes
        step.strand.in_flight -= 1
        step.analysed = None

    def _queue_if_ready(self, strand: Strand) -> None:
        if strand.is_queued or strand.is_busy:
            return
        if _is_ready(strand) or any(work.is_dropped for work in strand.works.values()):
            strand.is_queued = True
            self._ordered.append(strand)


def _is_ready(strand: Strand) -> bool:
    """Whether its next step can be done."""
    return bool(strand.steps) and strand.steps[0].is_ready

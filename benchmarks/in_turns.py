"""A consumer and the plain loop in turns of a second: neither meets a faster or slower processor than the other.

Processors of shared machines change their speed by a tenth and more from one half minute to the next, which is more
than what is looked for. So the consumer is stopped (SIGSTOP) while the plain loop works, and the other way round; what
each took is CPU time, and wall time without what it was stopped for.
"""

import signal
import threading
import time
from dataclasses import dataclass
from typing import Self

from benchmarks.loop_process import LoopProcess
from benchmarks.worker import Worker

TURN_S = 1.0
"""Long beside what it costs to fill the caches again (some ms), short beside a session timeout."""
POLL_S = 0.05
END_S = 60.0


@dataclass(frozen=True, slots=True)
class Turns:
    """What the plain loops did: frames of all, CPU of all, wall time of one; and the moments (`time.perf_counter`)
    between which the consumer stood."""

    frames: int
    cpu_s: float
    wall_s: float
    stops: tuple[tuple[float, float], ...]

    @property
    def cpu_ms(self) -> float:
        """CPU ms a frame of the plain loop."""
        return self.cpu_s / self.frames * 1000

    @property
    def per_s(self) -> float:
        return self.frames / self.wall_s

    def stopped_s(self, from_s: float, to_s: float) -> float:
        """How long the consumer stood between two moments."""
        return sum(max(0.0, min(end, to_s) - max(begin, from_s)) for begin, end in self.stops)


class InTurns:
    """From entering to leaving, once the consumer has its first frame. `processes` plain loops work side by side."""

    def __init__(self, analysis: str, size: tuple[int, int], cameras: int, processes: int = 1) -> None:
        self._loops: list[LoopProcess] = []
        try:
            for _ in range(processes):
                self._loops.append(LoopProcess(analysis, size, max(1, cameras // processes)))
        except RuntimeError:
            self.close()
            raise
        self._worker: Worker | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed: BaseException | None = None
        self._frames, self._cpu_s, self._wall_s = 0, 0.0, 0.0
        self._stops: list[tuple[float, float]] = []

    def beside(self, worker: Worker) -> Self:
        self._worker = worker
        return self

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._take_turns, name="turns")
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join(END_S)
        if self._failed is not None and kind is None:
            raise self._failed

    @property
    def process_cpu_s(self) -> float:
        """Of all plain loops, since they were started."""
        return sum(loop.cpu_s for loop in self._loops)

    @property
    def turns(self) -> Turns:
        """Raises RuntimeError where no turn was taken."""
        if not self._frames:
            raise RuntimeError("the run was over before the plain loop's first turn")
        return Turns(self._frames, self._cpu_s, self._wall_s, tuple(self._stops))

    def close(self) -> None:
        for loop in self._loops:
            loop.close()

    def _take_turns(self) -> None:
        worker = self._worker
        if worker is None:
            return
        try:
            while not self._ended.wait(POLL_S) and worker.report()["begun_s"] is None:
                pass
            while not self._ended.wait(TURN_S) and worker.is_running:
                begin_s = time.perf_counter()
                worker.process.send_signal(signal.SIGSTOP)
                try:
                    self._plain_turn()
                finally:
                    worker.process.send_signal(signal.SIGCONT)
                    self._stops.append((begin_s, time.perf_counter()))
        except (OSError, RuntimeError, ValueError) as error:
            self._failed = error

    def _plain_turn(self) -> None:
        for loop in self._loops:
            loop.begin(TURN_S)
        spent = [loop.finish() for loop in self._loops]
        self._frames += sum(one.frames for one in spent)
        self._cpu_s += sum(one.cpu_s for one in spent)
        self._wall_s += max(one.wall_s for one in spent)

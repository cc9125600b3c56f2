"""How fast the processors are while something is measured: slices of the plain loop, some of each second.

Processors of shared machines change their speed by a sixth between one minute and the next; a cost in CPU ms says
nothing without it. What a frame takes in the plain loop meanwhile is the unit to hold it against.
"""

import threading
from typing import Self

from benchmarks.loop_process import LoopProcess

SLICE_S = 0.1
EVERY_S = 1.0
END_S = 30.0


class Yardstick:
    """`with Yardstick("emotion", (640, 480)) as yardstick: ...`, within which slices are taken beside what the caller
    does. Raises RuntimeError when the plain loop does not start."""

    def __init__(self, analysis: str, size: tuple[int, int]) -> None:
        self._loop = LoopProcess(analysis, size)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="yardstick", daemon=True)
        self._frames, self._cpu_s = 0, 0.0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._thread.join(END_S)
        self._loop.close()

    @property
    def loop_ms(self) -> float:
        """CPU ms a frame of the plain loop, over all slices. Raises RuntimeError where there was none."""
        if not self._frames:
            raise RuntimeError("the plain loop had no slice")
        return self._cpu_s / self._frames * 1000

    def _measure(self) -> None:
        while not self._ended.wait(EVERY_S):
            self._loop.begin(SLICE_S)
            spent = self._loop.finish()
            self._frames += spent.frames
            self._cpu_s += spent.cpu_s

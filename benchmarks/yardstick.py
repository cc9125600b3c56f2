"""How fast the processors are while something is measured: slices of the plain loop, some of each second.

Processors of shared machines change their speed by a sixth between one minute and the next; a cost in CPU ms says
nothing without it. What a frame takes in the plain loop meanwhile is the unit to hold it against.
"""

import json
import subprocess
import sys
import threading
from typing import Self

SLICE_S = 0.1
EVERY_S = 1.0
END_S = 30.0


class Yardstick:
    """`with Yardstick("emotion", (640, 480)) as yardstick: ...`, within which slices are taken beside what the caller
    does. Raises RuntimeError when the plain loop does not start."""

    def __init__(self, analysis: str, size: tuple[int, int]) -> None:
        words = [analysis, "--size", f"{size[0]}x{size[1]}", "--turns"]
        command = [sys.executable, "-m", "benchmarks.plain_loop", *words]
        self._loop = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._frames, self._cpu_s = 0, 0.0
        if self._answer() != "ready\n":
            self._stop()
            raise RuntimeError("the plain loop did not start")

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._measure, name="yardstick", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join(END_S)
        self._stop()

    @property
    def loop_ms(self) -> float:
        """CPU ms a frame of the plain loop, over all slices. Raises RuntimeError where there was none."""
        if not self._frames:
            raise RuntimeError("the plain loop had no slice")
        return self._cpu_s / self._frames * 1000

    def _stop(self) -> None:
        self._loop.kill()
        self._loop.communicate()

    def _measure(self) -> None:
        while not self._ended.wait(EVERY_S):
            if self._loop.stdin is None or self._loop.poll() is not None:
                return
            self._loop.stdin.write(f"{SLICE_S}\n")
            self._loop.stdin.flush()
            spent = json.loads(self._answer())
            self._frames += spent["frames"]
            self._cpu_s += spent["cpu_s"]

    def _answer(self) -> str:
        return self._loop.stdout.readline() if self._loop.stdout is not None else ""

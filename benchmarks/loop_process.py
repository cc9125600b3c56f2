"""The plain loop in a process of its own, which works when it is asked to."""

import json
import subprocess
import sys
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Spent:
    """Frames done, CPU of the process, wall time."""

    frames: int
    cpu_s: float
    wall_s: float


class LoopProcess:
    """Ready once it is made. Raises RuntimeError when it does not start. One thread, and `close` at the end."""

    def __init__(self, analysis: str, size: tuple[int, int], cameras: int = 1) -> None:
        words = [analysis, "--size", f"{size[0]}x{size[1]}", "--cameras", str(cameras), "--turns"]
        command = [sys.executable, "-m", "benchmarks.plain_loop", *words]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self._read() != "ready\n":
            self.close()
            raise RuntimeError("the plain loop did not start")

    @property
    def cpu_s(self) -> float:
        """Since it was started."""
        return sum(psutil.Process(self._process.pid).cpu_times()[:2])

    def begin(self, seconds: float) -> None:
        """Work for so long, while the caller goes on; `finish` tells. Raises OSError when the process has ended."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{seconds}\n")
            self._process.stdin.flush()

    def finish(self) -> Spent:
        """Raises ValueError when the process has ended."""
        return Spent(**json.loads(self._read()))

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _read(self) -> str:
        return self._process.stdout.readline() if self._process.stdout is not None else ""

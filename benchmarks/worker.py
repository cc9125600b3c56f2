"""A consumer process under measurement, seen from outside."""

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil

STOP_S = 20.0
TAIL_CHARS = 3_000

OURS = (sys.executable, "-m", "benchmarks.worker_process")


class Worker:
    """Started at once. `report` while it runs, then `stop`."""

    def __init__(
        self,
        environment: dict[str, str],
        analysis: str,
        threads: int,
        cost_ms: float | None,
        log: Path,
        options: Sequence[str] = (),
        program: Sequence[str] = OURS,
    ) -> None:
        command = [*program, "--analysis", analysis, "--threads", str(threads)]
        if cost_ms is not None:
            command += ["--cost-ms", str(cost_ms)]
        self._log = log
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as errors:
            self.process = subprocess.Popen(
                [*command, *options],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def cpu_s(self) -> float:
        """Since it was started; also while it stands."""
        return sum(psutil.Process(self.process.pid).cpu_times()[:2])

    def report(self) -> dict[str, Any]:
        """What the process says of itself now. Raises RuntimeError when it has ended."""
        return dict(self._ask("report"))

    def passages(self) -> list[tuple[str, float, float]]:
        """Camera, ingest time in s and ms from there into the clip, of every frame. Raises RuntimeError."""
        return [(camera, ingested_s, ms) for camera, ingested_s, ms in self._ask("passages")]

    def _ask(self, question: str) -> Any:
        if self.process.stdin is None or self.process.stdout is None or not self.is_running:
            raise RuntimeError(f"the consumer ended with {self.process.poll()}\n{self.log_tail()}")
        self.process.stdin.write(f"{question}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the consumer ended\n{self.log_tail()}")
        return json.loads(answer)

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-TAIL_CHARS:]

    def stop(self) -> int:
        """SIGTERM, and SIGKILL when it does not end in 20 s. The exit status."""
        if self.is_running:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

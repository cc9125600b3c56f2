"""A consumer process under measurement, seen from outside."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

STOP_S = 20.0
TAIL_CHARS = 3_000


class Worker:
    """Started at once. `report` while it runs, then `stop`."""

    def __init__(
        self,
        environment: dict[str, str],
        analysis: str,
        threads: int,
        cost_ms: float | None,
        log: str,
        slow_ms: float = 0.0,
    ) -> None:
        command = [sys.executable, "-m", "benchmarks.worker_process", "--analysis", analysis, "--threads", str(threads)]
        if cost_ms is not None:
            command += ["--cost-ms", str(cost_ms)]
        if slow_ms:
            command += ["--slow-ms", str(slow_ms)]
        self._log = Path(log)
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as errors:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            )

    def report(self) -> dict[str, Any]:
        """What the process says of itself now. Raises RuntimeError when it has ended."""
        if self.process.stdin is None or self.process.stdout is None or self.process.poll() is not None:
            raise RuntimeError(f"the consumer ended with {self.process.poll()}\n{self.log_tail()}")
        self.process.stdin.write("report\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            answer = json.loads(line)
            if "cpu_s" in answer:
                return dict(answer)
        raise RuntimeError(f"the consumer ended\n{self.log_tail()}")

    def log_tail(self) -> str:
        return self._log.read_text(errors="replace")[-TAIL_CHARS:]

    def stop(self) -> int:
        """SIGTERM, and SIGKILL when it does not end in 20 s. The exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

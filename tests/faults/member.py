"""A consumer process seen from outside: started, killed, frozen, and what it has analysed."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from infra.native.layout import REPOSITORY

STOP_S = 30.0
COPY_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Sighted:
    """One frame as it came out of a member's model."""

    wall_s: float
    partition: int
    offset: int
    camera: str


class Member:
    """Started at once. What it says comes through pipes: a limit on its files does not cut its log."""

    def __init__(self, number: int, folder: Path, variables: Mapping[str, str], options: Mapping[str, Any]) -> None:
        self.number = number
        self.options = dict(options)
        self.log_path = folder / f"member-{number}.log"
        self._folder = folder
        self._analysed_path = folder / f"analysed-{number}"
        reading, writing = os.pipe()
        self.options["analysed_fd"] = writing
        outer = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.member_process", str(folder), json.dumps(self.options)],
            cwd=REPOSITORY,
            env={**outer, "PYTHONUNBUFFERED": "1", **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(writing,),
        )
        os.close(writing)
        self.started_s = time.time()
        self.asked_to_end = False
        stream = self.process.stdout
        if stream is not None:
            _copy(os.dup(stream.fileno()), self.log_path)
            stream.close()
        _copy(reading, self._analysed_path)

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    @property
    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    @property
    def crash_point(self) -> str | None:
        """The crash point that ended it, if one did."""
        path = self._folder / f"crash-{self.pid}"
        return path.read_text(encoding="ascii") if path.exists() else None

    def analysed(self, since_s: float = 0.0) -> list[Sighted]:
        """Every frame it has analysed since a wall time, in order."""
        path = self._analysed_path
        lines = path.read_text(encoding="ascii").splitlines() if path.exists() else []
        found = []
        for line in lines:
            words = line.split()
            if len(words) == 4 and float(words[0]) >= since_s:
                found.append(Sighted(float(words[0]), int(words[1]), int(words[2]), words[3]))
        return found

    def encoder(self, wish: str) -> None:
        """`fail`, `hang`, `full` or `ok`, from the next frame on."""
        path = self._folder / f"encoder-{self.pid}"
        path.with_suffix(".new").write_text(wish, encoding="ascii")
        path.with_suffix(".new").rename(path)

    def signal(self, number: int) -> None:
        self.asked_to_end = self.asked_to_end or number in (signal.SIGKILL, signal.SIGTERM)
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self.signal(signal.SIGKILL)
        self.process.wait(STOP_S)

    def terminate(self) -> int:
        """SIGTERM; the exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(STOP_S)

    def rss_bytes(self) -> int:
        """Memory it holds now; 0 when it has ended."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0


def _copy(source: int, path: Path) -> None:
    """Append what comes out of a pipe to a file, on a thread of its own, until the pipe ends."""

    def run() -> None:
        with path.open("ab", buffering=0) as target:
            while chunk := os.read(source, COPY_BYTES):
                target.write(chunk)
        os.close(source)

    threading.Thread(target=run, name=path.name, daemon=True).start()

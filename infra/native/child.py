"""One process of the system: started in a session of its own, logged to a file, ended with everything it started."""

from __future__ import annotations

import functools
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from infra.native.layout import REPOSITORY
from infra.native.logfile import rotate_if_large, tail
from infra.native.records import remove_record, signal_group, write_record

TAIL_LINES = 20


@dataclass(frozen=True)
class Command:
    """What to start. `environment` replaces the launcher's own; `stop_s` bounds a polite end before SIGKILL."""

    name: str
    words: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path = REPOSITORY
    stop_s: float = 15.0


class Child:
    """A started `Command`. Not safe for threads: its supervisor is the only caller.

    It leads a session and a process group of its own, so Ctrl-C in the terminal reaches the launcher only, and `kill`
    also ends its workers. Where `setpriv` exists, the kernel ends it when the launcher is killed.
    """

    def __init__(self, command: Command, logs: Path, records: Path) -> None:
        self.command = command
        self.log_path = logs / f"{command.name}.log"
        self._records = records
        self._process: subprocess.Popen[bytes] | None = None
        self.started_at_s = 0.0

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def start(self) -> None:
        """Raises OSError when the program cannot be started."""
        rotate_if_large(self.log_path)
        self._process = spawner().submit(self._spawn).result()
        self.started_at_s = time.monotonic()
        write_record(self._records, self.command.name, self._process.pid)

    def _spawn(self) -> subprocess.Popen[bytes]:
        # Append mode: the log may be cut while the process writes to it.
        with self.log_path.open("ab") as log:
            return subprocess.Popen(
                [*death_signal_prefix(), *self.command.words],
                cwd=self.command.folder,
                env=dict(self.command.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def exit_code(self) -> int | None:
        """None while it runs or was never started. Negative: the signal that ended it."""
        return None if self._process is None else self._process.poll()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def ask_to_stop(self) -> None:
        """SIGTERM to the process itself; its workers are its own business."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within `seconds`."""
        if self._process is None:
            return True
        try:
            self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL to the whole group, also to workers whose leader is gone. Waits until the leader is gone."""
        if self._process is None:
            return
        signal_group(self._process.pid, signal.SIGKILL)
        self._process.wait()
        remove_record(self._records, self.command.name)

    def signal_kill(self) -> None:
        """SIGKILL to the group without waiting: the one thing here that a signal handler may call."""
        if self._process is not None and self._process.returncode is None:
            signal_group(self._process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """SIGTERM, wait `stop_s`, then SIGKILL what is left of the group."""
        self.ask_to_stop()
        self.wait(self.command.stop_s)
        self.kill()

    def log_tail(self, lines: int = TAIL_LINES) -> str:
        return tail(self.log_path, lines)


@functools.cache
def spawner() -> ThreadPoolExecutor:
    """The thread that starts all children: the death signal below is sent when the *thread* that started them ends."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


def death_signal_prefix() -> tuple[str, ...]:
    """Words that make the kernel send SIGTERM to the child when its parent dies (prctl(2), PR_SET_PDEATHSIG).

    `setpriv` (util-linux) sets it and turns into the program; a preexec_fn would run Python between fork and exec,
    which can hang in a process with threads.
    """
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "TERM", "--") if setpriv else ()


def describe_exit(code: int) -> str:
    """`exit status 3` or `signal SIGKILL`."""
    if code >= 0:
        return f"exit status {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"

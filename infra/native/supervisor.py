"""Keeps our services and demo cameras running: a thread that restarts what ended, with growing pauses."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from infra.native.child import Child, Command, describe_exit
from infra.native.logfile import rotate_if_large

# EX_CONFIG: the process says that only a person can mend it (DESIGN 6). Starting it again would hide the reason.
EXIT_CONFIGURATION = 78
LOOK_EVERY_S = 0.25
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
# A process that ran this long has recovered: its next end is a new one, not one more of a row.
STEADY_S = 60.0
LOG_LOOK_EVERY_S = 30.0


class State(Enum):
    """What becomes of a supervised process."""

    RUNNING = "running"
    PAUSED = "ended, will be started again"
    DOWN = "down until a person has changed something"
    HELD = "held down on request"


@dataclass
class Ward:
    """One supervised process. Changed only under the supervisor's lock."""

    child: Child
    state: State = State.RUNNING
    restart_at_s: float = 0.0
    pause_s: float = FIRST_PAUSE_S
    starts: int = 1
    reason: str = field(default="", repr=False)


class Supervisor:
    """Starts commands and keeps them running until `stop`. Its methods may be called from any thread.

    `report` gets one line per change of state, on the supervisor's thread or the caller's.
    """

    def __init__(self, logs: Path, records: Path, report: Callable[[str], None]) -> None:
        self._logs = logs
        self._records = records
        self._report = report
        self._wards: dict[str, Ward] = {}
        # Guards `_wards` and every child in it: tests kill and restart while the thread looks.
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    def start(self, commands: Iterable[Command]) -> None:
        """Start more processes; the first call starts the watching as well. Raises OSError."""
        with self._lock:
            for command in commands:
                child = Child(command, self._logs, self._records)
                child.start()
                self._wards[command.name] = Ward(child)
        if not self._thread.is_alive() and not self._stopping.is_set():
            self._thread.start()

    @property
    def names(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(self._wards)

    def state_of(self, name: str) -> State:
        with self._lock:
            return self._wards[name].state

    def reason_of(self, name: str) -> str:
        """Why a process is down: its exit and the end of its log."""
        with self._lock:
            return self._wards[name].reason

    def starts_of(self, name: str) -> int:
        """How often it was started so far."""
        with self._lock:
            return self._wards[name].starts

    def pid_of(self, name: str) -> int | None:
        with self._lock:
            return self._wards[name].child.pid

    def kill(self, name: str, *, hold: bool) -> None:
        """SIGKILL the process and its workers. `hold`: keep it down until `restart`; else it is started again."""
        with self._lock:
            ward = self._wards[name]
            ward.child.kill()
            if hold:
                ward.state = State.HELD

    def terminate(self, name: str) -> None:
        """SIGTERM, wait for a polite end, and keep it down until `restart`."""
        with self._lock:
            ward = self._wards[name]
            ward.state = State.HELD
            child = ward.child
        child.stop()

    def restart(self, name: str) -> None:
        """Start a process now, whatever its state; one that runs is stopped first."""
        with self._lock:
            ward = self._wards[name]
            ward.child.stop()
            ward.pause_s = FIRST_PAUSE_S
            self._start_again(ward)

    def stop(self) -> None:
        """Ask all to end, side by side, wait, and kill what is left."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            children = [ward.child for ward in self._wards.values()]
            for child in children:
                child.ask_to_stop()
            limit = time.monotonic() + max((child.command.stop_s for child in children), default=0.0)
            for child in children:
                child.wait(limit - time.monotonic())
            for child in children:
                child.kill()

    def signal_kill(self) -> None:
        """SIGKILL everything without waiting, from a signal handler; `stop` collects the rest."""
        for ward in list(self._wards.values()):
            ward.child.signal_kill()

    def _run(self) -> None:
        next_log_look_s = 0.0
        while not self._stopping.wait(LOOK_EVERY_S):
            with self._lock:
                for name, ward in self._wards.items():
                    self._look_at(name, ward)
            if time.monotonic() >= next_log_look_s:
                next_log_look_s = time.monotonic() + LOG_LOOK_EVERY_S
                for log in self._logs.glob("*.log"):
                    rotate_if_large(log)

    def _look_at(self, name: str, ward: Ward) -> None:
        now_s = time.monotonic()
        if ward.state is State.RUNNING:
            code = ward.child.exit_code()
            if code is not None:
                self._note_end(name, ward, code, now_s)
        elif ward.state is State.PAUSED and now_s >= ward.restart_at_s:
            self._start_again(ward)

    def _note_end(self, name: str, ward: Ward, code: int, now_s: float) -> None:
        # Workers of a leader that is gone would hold its port.
        ward.child.kill()
        ward.reason = (
            f"{name} ended ({describe_exit(code)}).\nThe end of {ward.child.log_path}:\n{ward.child.log_tail()}"
        )
        if code == EXIT_CONFIGURATION:
            ward.state = State.DOWN
            self._report(f"{ward.reason}\n{name} stays down until this is mended.")
            return
        if now_s - ward.child.started_at_s > STEADY_S:
            ward.pause_s = FIRST_PAUSE_S
        ward.state = State.PAUSED
        ward.restart_at_s = now_s + ward.pause_s
        self._report(
            f"{name} ended ({describe_exit(code)}), starts again in {ward.pause_s:.0f} s: {ward.child.log_path}"
        )
        ward.pause_s = min(LONGEST_PAUSE_S, ward.pause_s * 2)

    def _start_again(self, ward: Ward) -> None:
        ward.child.start()
        ward.state = State.RUNNING
        ward.starts += 1

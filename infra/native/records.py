"""Process records: which processes a system started, so that a start after kill -9 finds what is left. Stdlib only.

A record names the process id and the kernel's start time of that process; together they never name another process,
even after the id has been handed out again. The lock file says whether the system's own launcher is alive.
"""

from __future__ import annotations

import fcntl
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

SUFFIX = ".pid"
LOCK_NAME = "lock"
# How long a process left over may take to end by itself before it is killed.
GRACE_S = 10.0


class AlreadyRunning(Exception):
    """Another launcher holds the var folder; the message names its process id."""


@dataclass(frozen=True)
class ProcessRecord:
    """One process that was started: its name in the system, its id and its start time in clock ticks since boot."""

    name: str
    pid: int
    started_ticks: int

    @property
    def is_alive(self) -> bool:
        return start_ticks(self.pid) == self.started_ticks


def start_ticks(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat (proc(5)); None when the process is gone or a zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the program's name in parentheses and may hold anything.
    values = text.rpartition(")")[2].split()
    return None if values[0] in ("Z", "X") else int(values[19])


def write_record(folder: Path, name: str, pid: int) -> None:
    """Remember a process. One that is gone already needs no record."""
    ticks = start_ticks(pid)
    if ticks is not None:
        (folder / f"{name}{SUFFIX}").write_text(f"{pid} {ticks}\n", encoding="ascii")


def remove_record(folder: Path, name: str) -> None:
    (folder / f"{name}{SUFFIX}").unlink(missing_ok=True)


def read_records(folder: Path) -> list[ProcessRecord]:
    """All readable records of `folder`; a half-written one is left out."""
    records = []
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            pid, ticks = path.read_text(encoding="ascii").split()
            records.append(ProcessRecord(path.stem, int(pid), int(ticks)))
        except (OSError, ValueError):
            continue
    return records


def leftovers(folder: Path) -> list[ProcessRecord]:
    """Recorded processes that still run."""
    return [record for record in read_records(folder) if record.is_alive]


def end_leftovers(folder: Path, grace_s: float = GRACE_S) -> list[ProcessRecord]:
    """End what an earlier launcher left (its process groups), and forget it. Call only while holding the lock."""
    found = leftovers(folder)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for record in found:
            if record.is_alive:
                signal_group(record.pid, number)
        limit = time.monotonic() + grace_s
        while any(record.is_alive for record in found) and time.monotonic() < limit:
            time.sleep(0.05)
    for record in read_records(folder):
        remove_record(folder, record.name)
    return found


def signal_group(pid: int, number: signal.Signals) -> None:
    """Signal the process group that `pid` leads; a group that is gone is fine."""
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        return


class FolderLock:
    """An advisory lock on a var folder, held by its launcher. The kernel drops it with the process, also at kill -9."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / LOCK_NAME
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Raises AlreadyRunning. Children do not inherit it."""
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip()
            os.close(descriptor)
            raise AlreadyRunning(
                f"lookout runs in {self._path.parent.parent} already (process {holder or 'unknown'}): stop it there, "
                "or name another folder in LOOKOUT_VAR_DIR and other ports."
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode("ascii"))
        self._descriptor = descriptor

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def lock_holder(folder: Path) -> str | None:
    """The process id of the launcher that runs in `folder`, or None; asks without taking the lock."""
    try:
        descriptor = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
    finally:
        os.close(descriptor)
    return None

"""Refuses frames before the file system runs full: a full disk would stop Kafka for everybody."""

import logging
import shutil
import threading
from pathlib import Path

log = logging.getLogger(__name__)

CHECK_EVERY_S = 5.0
JOIN_S = 2.0
_MIB = 1024 * 1024


class DiskGuard:
    """Looks every 5 s, on a thread of its own, how much room is left where `path` lies (or will: its nearest parent).

    `problem` is safe on any thread and never blocks.
    """

    def __init__(self, path: Path, min_free_bytes: int) -> None:
        self._path = path
        self._min_free_bytes = min_free_bytes
        self._problem: str | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._check_for_ever, name="disk-guard", daemon=True)

    def start(self) -> None:
        """Check once, then go on in the background."""
        self.check()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def problem(self) -> str | None:
        """None while there is room, else a sentence that says how much is left and how much is needed."""
        return self._problem

    def check(self) -> None:
        """Look now. When the file system cannot be asked, the last answer stands."""
        try:
            free = shutil.disk_usage(_nearest_existing(self._path)).free
        except OSError as error:
            log.warning("free disk space cannot be read", extra={"path": self._path, "error": str(error)})
            return
        problem = None
        if free < self._min_free_bytes:
            problem = (
                f"The server's disk is full: {free // _MIB} MiB are free, "
                f"{self._min_free_bytes // _MIB} MiB must stay free. Delete footage or lower LOOKOUT_MIN_FREE_BYTES."
            )
        if (problem is None) != (self._problem is None):
            log.warning(
                "disk is full" if problem else "disk has room again", extra={"path": self._path, "free_bytes": free}
            )
        self._problem = problem

    def _check_for_ever(self) -> None:
        while not self._stopping.wait(CHECK_EVERY_S):
            self.check()


def _nearest_existing(path: Path) -> Path:
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path

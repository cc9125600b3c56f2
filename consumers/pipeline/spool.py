"""The directory of clips that are being written or wait for the store.

Nothing in it is precious: what a dead process leaves behind is made again from the log. A full spool, like a full disk,
is an EncoderFailure: the runtime restarts the partition from its low mark and waits for room.
"""

import fcntl
import logging
import os
import shutil
import threading
import uuid
from pathlib import Path

from common.errors import ConfigurationError, EncoderFailure

LOCK_SUFFIX = ".lock"
DEFAULT_LIMIT_BYTES = 4 * 1024**3
_log = logging.getLogger(__name__)


class Spool:
    """One process' directory below `root`, told apart from those of dead processes by a file lock: process numbers are
    used again, and mean nothing between containers. Any thread."""

    def __init__(self, root: Path, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        """Makes the directory and removes those of the dead. Raises ConfigurationError when that is not possible."""
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()  # guards the two counters: pool and upload threads report
        self._used_bytes = 0
        self._made = 0
        try:
            root.mkdir(parents=True, exist_ok=True)
            _remove_dead(root)
            self._lock_path, self._lock_file = _claim(root)
            self._directory = self._lock_path.with_suffix("")
            self._directory.mkdir(mode=0o700)
        except OSError as error:
            raise ConfigurationError(f"The spool directory {root} cannot be used: {error}") from error

    @property
    def directory(self) -> Path:
        return self._directory

    @property
    def used_bytes(self) -> int:
        """Bytes of all files, open ones as last reported."""
        with self._lock:
            return self._used_bytes

    def reserve(self, is_for_upload: bool = False) -> "SpoolSlot":
        """A place for one clip and its pictures. Raises EncoderFailure when the spool is full, but for an upload: only
        uploads empty it."""
        with self._lock:
            if self._used_bytes >= self._limit_bytes and not is_for_upload:
                raise EncoderFailure(f"the spool holds {self._used_bytes} bytes, its limit is {self._limit_bytes}")
            self._made += 1
            return SpoolSlot(self, self._directory / f"clip-{self._made:08d}", is_for_upload)

    def account(self, change_bytes: int, is_for_upload: bool = False) -> None:
        """Add to what is used. Raises EncoderFailure when more is used than allowed; the change stays counted."""
        with self._lock:
            self._used_bytes += change_bytes
            used = self._used_bytes
        if change_bytes > 0 and used > self._limit_bytes and not is_for_upload:
            raise EncoderFailure(f"the spool is full: {used} of {self._limit_bytes} bytes")

    def close(self) -> None:
        """Delete the directory. Idempotent."""
        shutil.rmtree(self._directory, ignore_errors=True)
        self._lock_path.unlink(missing_ok=True)
        if self._lock_file >= 0:
            os.close(self._lock_file)
            self._lock_file = -1


class SpoolSlot:
    """The files of one clip: `video`, `poster`, and a `crop` for each sighting. One owner at a time."""

    def __init__(self, spool: Spool, stem: Path, is_for_upload: bool) -> None:
        self._spool = spool
        self._is_for_upload = is_for_upload
        self._stem = stem
        self._lock = threading.Lock()  # guards the count: a clip may be discarded twice, from two threads
        self._counted_bytes = 0
        self._extra: list[Path] = []

    @property
    def video(self) -> Path:
        return self._stem.with_suffix(".mp4")

    def path(self, ending: str) -> Path:
        """A further file beside the video, deleted with it: `.jpg`, `.0.jpg`."""
        path = self._stem.with_name(self._stem.name + ending)
        if path not in self._extra:
            self._extra.append(path)
        return path

    def set_bytes(self, total_bytes: int) -> None:
        """Report how large this clip is by now. Raises EncoderFailure when the spool is full."""
        with self._lock:
            change, self._counted_bytes = total_bytes - self._counted_bytes, total_bytes
        if change:
            self._spool.account(change, self._is_for_upload)

    def remove(self) -> None:
        """Delete the files and give their room back. Idempotent, any thread."""
        for path in (self.video, *self._extra):
            path.unlink(missing_ok=True)
        self.set_bytes(0)


def _claim(root: Path) -> tuple[Path, int]:
    """A new locked file and its descriptor. Between making and locking it, another process that starts may take it for
    a dead one's and remove it: then the next name is tried."""
    while True:
        path = root / (uuid.uuid4().hex + LOCK_SUFFIX)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists():
            return path, file
        os.close(file)


def _remove_dead(root: Path) -> None:
    for lock_path in root.glob(f"*{LOCK_SUFFIX}"):
        try:
            file = os.open(lock_path, os.O_RDWR)
        except FileNotFoundError:
            continue  # another process removed it just now
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # its owner lives
        else:
            leftover = lock_path.with_suffix("")
            shutil.rmtree(leftover, ignore_errors=True)
            lock_path.unlink(missing_ok=True)
            _log.info("removed the spool of a dead process", extra={"spool": leftover.name})
        finally:
            os.close(file)

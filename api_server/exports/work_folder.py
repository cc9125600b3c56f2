"""A folder of one's own for as long as a process lives, below one that several workers share."""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LOCK = "lock"


@contextmanager
def work_folder(shared: Path) -> Iterator[Path]:
    """A new folder below `shared`, held by a lock that ends with the process, and removed at the end.

    What killed processes have left is removed first: their locks can be had. Raises OSError.
    """
    shared.mkdir(parents=True, exist_ok=True)
    for left in shared.iterdir():
        if left.is_dir():
            _remove_unless_held(left)
    own = shared / secrets.token_hex(6)
    descriptor = _make_held(own)
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
        os.close(descriptor)


def _make_held(folder: Path) -> int:
    """Under another name first: a folder that has the name of one in use is never without its lock."""
    making = folder.with_suffix(".new")
    making.mkdir(mode=0o700)
    descriptor = os.open(making / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    making.rename(folder)
    return descriptor


def _remove_unless_held(folder: Path) -> None:
    if folder.suffix:  # somebody is making it, or died in that instant: an empty folder
        return
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        return
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    os.close(descriptor)

"""Log files of child processes: bounded in size, and their last lines."""

from __future__ import annotations

import os
from pathlib import Path

MAX_BYTES = 16 * 1024 * 1024
TAIL_BYTES = 64 * 1024


def rotate_if_large(path: Path, limit_bytes: int = MAX_BYTES) -> bool:
    """Keep the content as `NAME.1` and empty the file once it exceeds the limit; safe while a process appends to it.

    Copy and truncate: the process keeps its descriptor. A line written between the two is lost.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return False
    if size <= limit_bytes:
        return False
    kept = path.with_name(path.name + ".1")
    with path.open("rb") as source, kept.open("wb") as target:
        os.sendfile(target.fileno(), source.fileno(), max(0, size - limit_bytes), limit_bytes)
    os.truncate(path, 0)
    return True


def tail(path: Path, lines: int) -> str:
    """The last `lines` lines, or a note that there are none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return "(no log)"
    return "\n".join(text.splitlines()[-lines:]) or "(the log is empty)"

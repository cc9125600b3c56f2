"""What is looked at all the time while a row runs: objects that change, memory and spools that grow."""

import contextlib
import itertools
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from common.contracts.clip import CLIPS_PREFIX
from common.errors import LookoutError
from common.storage.port import ObjectStore
from tests.faults.fault_bench import FaultBench

LOOK_S = 0.3
MIB = 1024 * 1024


class Watch:
    """Calls `look` again and again on a thread of its own until the block ends."""

    def __init__(self, every_s: float = LOOK_S) -> None:
        self._every_s = every_s
        self._off = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def look(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._off.set()
        self._thread.join(60)

    def _run(self) -> None:
        while not self._off.wait(self._every_s):
            try:
                self.look()
            except LookoutError:
                continue  # the server is out: that is what rows are about


class ObjectWatch(Watch):
    """Every state in which a clip's object was ever visible: more than one is an overwritten or a partial one."""

    def __init__(self, store: ObjectStore, analysis: str) -> None:
        super().__init__()
        self._store = store
        self._prefix = f"{CLIPS_PREFIX}{analysis}/"
        self.states: dict[str, set[tuple[int, str]]] = {}

    def look(self) -> None:
        for info in self._store.list(self._prefix):
            if info.key.endswith(".mp4"):
                self.states.setdefault(info.key, set()).add((info.size, info.etag))

    @property
    def changed(self) -> list[str]:
        return sorted(key for key, states in self.states.items() if len(states) > 1)


class UseWatch(Watch):
    """The most memory any member held, and the most bytes that lay in spools."""

    def __init__(self, bench: FaultBench) -> None:
        super().__init__(0.5)
        self._bench = bench
        self.samples: list[tuple[float, int]] = []
        self.spool_bytes = 0

    def look(self) -> None:
        held = [member.rss_bytes() for member in list(self._bench.members) if member.is_running]
        if held:
            self.samples.append((time.time(), max(held)))
        self.spool_bytes = max(self.spool_bytes, folder_bytes(self._bench.folder / "spool"))

    @property
    def most_mib(self) -> int:
        return max((held for _, held in self.samples), default=0) // MIB

    def most_mib_between(self, begin_s: float, end_s: float) -> int:
        return max((held for at_s, held in self.samples if begin_s <= at_s <= end_s), default=0) // MIB

    @property
    def spool_mib(self) -> float:
        return round(self.spool_bytes / MIB, 1)


def longest_silence_s(moments_s: Iterable[float], begin_s: float, end_s: float) -> float:
    """The longest time without any of the moments within a stretch, its ends included."""
    marks = [begin_s, *sorted(at for at in moments_s if begin_s <= at <= end_s), end_s]
    return max(b - a for a, b in itertools.pairwise(marks))


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below; what is removed meanwhile does not count."""
    total = 0
    for parent, _, names in os.walk(folder):  # unlike `rglob`, it passes over folders that have just gone
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(parent) / name).stat().st_size
    return total

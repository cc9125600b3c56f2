"""Everybody who watches: bounded, and woken when there is something new."""

import asyncio
import contextlib
import threading
from collections import Counter
from dataclasses import dataclass, field

from common.metrics import Metrics

VIEWERS_MAX = 100
"""Open WebSockets, those that have not said hello included."""
VIEWERS_PER_SUBJECT_MAX = 16


@dataclass(eq=False, slots=True)
class Viewer:
    """One open WebSocket. On the event loop only."""

    woken: asyncio.Event = field(default_factory=asyncio.Event)
    subject: str | None = None
    cameras: frozenset[str] = frozenset()


class Audience:
    """All viewers. On the event loop only, but for `tell`, which any thread may call."""

    def __init__(self, metrics: Metrics, viewers_max: int = VIEWERS_MAX) -> None:
        self._metrics = metrics
        self._viewers_max = viewers_max
        self._viewers: set[Viewer] = set()
        self._by_subject: Counter[str] = Counter()
        self._lock = threading.Lock()  # guards the set of changed cameras, filled by the threads that read Kafka
        self._changed: set[str] = set()  # bounded by the number of cameras
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        self.is_closing = False

    def open(self) -> None:
        """Call on the event loop before anything is told."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Wake everybody to say goodbye."""
        self.is_closing = True
        for viewer in self._viewers:
            viewer.woken.set()

    async def wait_empty(self, timeout_s: float) -> None:
        """Until everybody has left; at most `timeout_s`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._is_empty.wait()

    @property
    def is_full(self) -> bool:
        return len(self._viewers) >= self._viewers_max

    def __len__(self) -> int:
        return len(self._viewers)

    def join(self, viewer: Viewer) -> None:
        self._viewers.add(viewer)
        self._is_empty.clear()
        self._metrics.set("lookout_live_viewers", len(self._viewers))

    def seat(self, viewer: Viewer, subject: str, cameras: frozenset[str]) -> bool:
        """Enter who it is and what is watched. False when this person watches enough already."""
        if self._by_subject[subject] >= VIEWERS_PER_SUBJECT_MAX:
            return False
        self._by_subject[subject] += 1
        viewer.subject, viewer.cameras = subject, cameras
        return True

    def leave(self, viewer: Viewer) -> None:
        self._viewers.discard(viewer)
        if not self._viewers:
            self._is_empty.set()
        self._metrics.set("lookout_live_viewers", len(self._viewers))
        if viewer.subject is not None:
            self._by_subject[viewer.subject] -= 1
            if self._by_subject[viewer.subject] <= 0:
                del self._by_subject[viewer.subject]

    def tell(self, camera: str) -> None:
        """Something about `camera` is new. One wake-up of the loop serves all that changes until it runs."""
        if self._loop is None:
            return  # nobody can watch yet
        with self._lock:
            is_first = not self._changed
            self._changed.add(camera)
        if is_first:
            with contextlib.suppress(RuntimeError):  # the loop has ended: nobody watches any more
                self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        with self._lock:
            changed, self._changed = self._changed, set()
        for viewer in self._viewers:
            if not viewer.cameras.isdisjoint(changed):
                viewer.woken.set()

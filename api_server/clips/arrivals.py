"""Which clips were announced lately, so that who looks at a list is told at once."""

import logging
import threading
from collections import deque
from dataclasses import dataclass

from common.contracts.clip_event import ClipReady, parse_event
from common.kafka.ports import Record

log = logging.getLogger(__name__)

REMEMBERED = 512
"""Clips: minutes of a busy installation. Who looks less often than that asks for the whole list anyway."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """`number` counts from 1."""

    number: int
    camera: str
    clip: str


class Arrivals:
    """Written by the follower's thread, read by requests. A hint and no more: the database says what is listed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards both below: one writer, many readers
        self._newest = 0
        self._recent: deque[Arrival] = deque(maxlen=REMEMBERED)

    def take(self, record: Record) -> None:
        """Remember a clip that is announced. What is unreadable the indexer logs."""
        try:
            event = parse_event(record.value or b"")
        except ValueError:
            return
        if isinstance(event, ClipReady):
            with self._lock:
                self._newest += 1
                self._recent.append(Arrival(self._newest, event.camera, event.clip_id))

    @property
    def newest(self) -> int:
        """The number of the newest; 0: there was none."""
        with self._lock:
            return self._newest

    def after(self, number: int) -> list[Arrival]:
        """Those that came after `number` and are remembered, the oldest first."""
        with self._lock:
            return [arrival for arrival in self._recent if arrival.number > number]

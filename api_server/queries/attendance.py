"""Whether anybody works on an analysis, from what consumers say of themselves."""

import threading
from typing import Protocol

from api_server.status.board import StatusBoard
from common.clock import Clock

ALIVE_WITHIN_S = 60.0
"""A consumer that is started anew again and again is at work in between; one that is gone for longer is gone."""


class Attendance(Protocol):
    """Asked by the keeper and by requests. Must not block."""

    def present_s(self, analysis: str) -> float | None:
        """For how long somebody has been at work, as far as this process knows; None: nobody is."""
        ...


class BoardAttendance:
    """From the status board. Safe on any thread."""

    def __init__(self, board: StatusBoard, clock: Clock) -> None:
        self._board = board
        self._clock = clock
        self._lock = threading.Lock()  # guards when each was first seen
        self._since_s: dict[str, float] = {}

    def present_s(self, analysis: str) -> float | None:
        is_there = any(
            status.analysis == analysis and status.state != "stopped" and self._board.age_s(status) <= ALIVE_WITHIN_S
            for status in self._board.statuses()
        )
        now_s = self._clock.monotonic_s()
        with self._lock:
            if not is_there:
                self._since_s.pop(analysis, None)
                return None
            return now_s - self._since_s.setdefault(analysis, now_s)

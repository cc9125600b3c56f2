"""Whether anybody works on an analysis, from what consumers say of themselves."""

import threading
from collections.abc import Iterable
from typing import Protocol

from api_server.status.board import StatusBoard
from common.clock import Clock
from common.contracts.consumer_status import ConsumerStatus

ALIVE_WITHIN_S = 60.0
"""A consumer that is started anew again and again is at work in between; one that is gone for longer is gone."""


class Attendance(Protocol):
    """Asked by the keeper and by requests. Must not block."""

    def present_s(self, analysis: str) -> float | None:
        """For how long somebody has been at work, as far as this process knows; None: nobody is, or who is there waits
        for something."""
        ...

    def waits_for(self, analysis: str) -> str | None:
        """What those who are there wait for, as a sentence; None where somebody is at work, or nobody is there."""
        ...


class BoardAttendance:
    """From the status board. Safe on any thread."""

    def __init__(self, board: StatusBoard, clock: Clock) -> None:
        self._board = board
        self._clock = clock
        self._lock = threading.Lock()  # guards when each was first seen
        self._since_s: dict[str, float] = {}

    def present_s(self, analysis: str) -> float | None:
        is_at_work = any(status.waits_for is None for status in self._there(analysis))
        now_s = self._clock.monotonic_s()
        with self._lock:
            if not is_at_work:
                self._since_s.pop(analysis, None)
                return None
            return now_s - self._since_s.setdefault(analysis, now_s)

    def waits_for(self, analysis: str) -> str | None:
        return what_all_wait_for(self._there(analysis))

    def _there(self, analysis: str) -> list[ConsumerStatus]:
        return [
            status
            for status in self._board.statuses()
            if status.analysis == analysis and status.state != "stopped" and self._board.age_s(status) <= ALIVE_WITHIN_S
        ]


def what_all_wait_for(there: Iterable[ConsumerStatus]) -> str | None:
    """What the one that spoke last waits for, where all of these do; None where one does not, or there is none."""
    newest_first = sorted(there, key=lambda status: status.at_us, reverse=True)
    waits = [status.waits_for for status in newest_first]
    return waits[0] if waits and None not in waits else None

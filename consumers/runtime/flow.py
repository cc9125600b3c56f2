"""Pacing without pause (DESIGN 6): at a mark the loop stops taking records; only a long want of room pauses partitions.

A pause costs about a second until the next message and throws the prefetch away: it is for outages.
Unsettled windows never count here: they may need more records to close, and waiting for them would be a deadlock.
"""

from collections import deque
from dataclasses import dataclass

from consumers.runtime.settings import EngineSettings

PAUSE_AFTER_S = 5.0
LOW_MARK_S = 2.0
"""Of work: after a pause records are taken again when no more than this is left."""
BACKLOG_RECORDS = 64
"""A partition with so many records read and not admitted, a camera being at its cap, counts as full too."""
BACKLOG_PATIENCE_S = 1.0
"""A full backlog stops the taking, of all partitions. One that is not half admitted after this long is slow and paused
alone: with the other half it has work for as long as the pause costs. A camera that catches up is at its cap all the
time, but its backlog comes and goes in a tenth of that, and no pause is due."""
SLOW_FOR_S = 30.0
"""A slow partition is paused at once when its backlog is full again: others would wait for it each time. Not any more
once a pause was over within `BACKLOG_PATIENCE_S`: it has become quick."""
POLL_RECORDS = 64
"""At most this many records a turn, so that messages and timers are not kept waiting."""
RATE_OVER_S = 5.0
WORTH_A_TURN = 10
"""Frames. Less room than that is none: a turn of the loop beside busy threads costs as much as five frames do."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is on its way. `frames`, `decoded_bytes`: admitted and not through the ordered stage. `spool_bytes`: sealed
    and not settled, `storing` windows of it. `notice_bytes`: letters on their way. `has_full_backlog`: of a partition
    that is not paused. `admitted_s`: when a record was last admitted.
    """

    frames: int
    decoded_bytes: int
    spool_bytes: int = 0
    storing: int = 0
    notice_bytes: int = 0
    has_full_backlog: bool = False
    admitted_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Pace:
    """What this turn may do. `records`: to take, 0 for none. `is_paused`: all partitions have to stand still."""

    records: int
    is_paused: bool = False


class Flow:
    """Pure: fed with loads and times. Owned by the loop."""

    def __init__(self, settings: EngineSettings) -> None:
        self._settings = settings
        # Asked for with each frame, and derived: once is enough.
        self._high, self._camera_high = settings.in_flight_high, settings.camera_high
        self._full_since_s: float | None = None
        self._is_paused = False
        self._finished: deque[tuple[float, int]] = deque()

    @property
    def is_paused(self) -> bool:
        return self._is_paused

    def resume_below(self, frames: int) -> int:
        """Frames in flight below which a loop that waits for room takes records again, several: at least a quarter of
        the mark is free then, and as many of the `frames` are through as are worth two turns, but no more than half of
        them (a camera's cap may be what keeps out the rest, and of one camera many are in the ordered stage)."""
        high = self._high
        several = max(self._camera_high // 4, 2 * WORTH_A_TURN)
        return max(1, min(high - max(1, high // 4), max(frames - several, frames // 2)))

    def finished(self, now_s: float, frames: int) -> None:
        """So many frames have come out: for the low mark."""
        self._finished.append((now_s, frames))
        while self._finished and self._finished[0][0] < now_s - RATE_OVER_S:
            self._finished.popleft()

    def turn(self, load: Load, now_s: float) -> Pace:
        """Decide for this turn."""
        is_full = self._is_full(load)
        if self._is_paused:
            if is_full or load.frames > self._low_mark():
                return Pace(0, is_paused=True)
            self._is_paused = False
        self._full_since_s = _since(self._full_since_s, is_full, now_s)
        if is_full:
            # Full and admitting all the same, the backlog takes what room there is: that is work, not an outage.
            lasting = _has_lasted(self._full_since_s, now_s)
            self._is_paused = lasting and now_s - load.admitted_s >= PAUSE_AFTER_S
            return Pace(0, is_paused=self._is_paused)
        high = self._high
        room = high - load.frames
        if load.has_full_backlog or room < min(WORTH_A_TURN, high // 4):
            return Pace(0)
        return Pace(min(POLL_RECORDS, room))

    def is_backlog_full(self, records: int, size_bytes: int, was_full: bool) -> bool:
        """Whether a partition has read as much ahead as it may; once full, until half of it is admitted."""
        most, most_bytes = BACKLOG_RECORDS, self._settings.backlog_bytes
        if was_full:
            most, most_bytes = most // 2, most_bytes // 2
        return records >= most or size_bytes >= most_bytes

    def _low_mark(self) -> int:
        rate = sum(frames for _, frames in self._finished) / RATE_OVER_S
        return min(self._high // 2, int(rate * LOW_MARK_S))

    def has_frame_room(self, frames: int, decoded_bytes: int) -> bool:
        """Whether one more frame may be admitted. A frame larger than the whole budget goes when it is alone."""
        if frames == 0:
            return True
        return frames < self._high and decoded_bytes < self._settings.decoded_bytes

    def _is_full(self, load: Load) -> bool:
        s = self._settings
        if not self.has_frame_room(load.frames, load.decoded_bytes):
            return True
        if load.notice_bytes >= s.notice_bytes:
            return True
        # With nothing on its way to the store, more records are what is needed to close and store the rest.
        return load.spool_bytes >= s.spool_bytes and load.storing > 0


def _since(since_s: float | None, holds: bool, now_s: float) -> float | None:
    """Since when something holds that was looked at a moment ago."""
    if not holds:
        return None
    return now_s if since_s is None else since_s


def _has_lasted(since_s: float | None, now_s: float) -> bool:
    return since_s is not None and now_s - since_s >= PAUSE_AFTER_S

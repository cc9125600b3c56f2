"""The log clock of a partition (DESIGN 5, rules 2 and 13): only the log's own time cuts windows."""

from dataclasses import dataclass

JUMP_BACK_MS = 600_000
"""A step back of more than this restarts the clock; a smaller one is a broker's clock being put right."""


@dataclass(frozen=True, slots=True)
class ClockStep:
    """`log_ms`: the record's log time. `jumped_ms`: how far the clock was thrown back, 0 as a rule."""

    log_ms: int
    jumped_ms: int = 0


class LogClock:
    """The running maximum of a partition's record timestamps, ticks and foreign records included."""

    __slots__ = ("now_ms",)

    def __init__(self, now_ms: int | None = None) -> None:
        self.now_ms = now_ms
        """None before the first record of a log that was never read."""

    def advance(self, timestamp_ms: int) -> ClockStep:
        """Take the next record in offset order."""
        now_ms = self.now_ms
        if now_ms is None or timestamp_ms >= now_ms:
            self.now_ms = timestamp_ms
            return ClockStep(timestamp_ms)
        if now_ms - timestamp_ms > JUMP_BACK_MS:
            self.now_ms = timestamp_ms
            return ClockStep(timestamp_ms, now_ms - timestamp_ms)
        return ClockStep(now_ms)

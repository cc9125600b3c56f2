"""When a frame is shown within its clip (DESIGN 5, rule 5)."""

from dataclasses import dataclass

from common.contracts.work import AdmittedFrame

CLAIM_TOLERANCE_US = 2_000_000
"""The camera's claim counts when it lies this near to the time of ingest: cameras with a wrong clock do not."""
STEP_MAX_MS = 3_600_000
"""A window spans at most 5 minutes of log time. A step further than this is a clock that jumped; an MP4 could not even
hold it (its sample durations have 32 bits)."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """`pts_ms` counts from the clip's first frame. `note` says when the clocks were not followed."""

    pts_ms: int
    note: str | None = None


class PresentationClock:
    """Stamps the frames of one window in offset order. One thread at a time."""

    def __init__(self) -> None:
        self.t0_us = 0
        """Wall clock of presentation time 0, known after the first stamp."""
        self._last: Stamp | None = None
        self._last_log_ms = 0

    def stamp(self, frame: AdmittedFrame) -> Stamp:
        """The first frame is 0; every other is shown at its own time, at least 1 ms after the one before."""
        time_us = shown_at_us(frame)
        if self._last is None:
            self.t0_us = time_us
            stamp = Stamp(0)
        else:
            last_ms = self._last.pts_ms
            stamp = Stamp(max(last_ms + 1, round((time_us - self.t0_us) / 1000)))
            if stamp.pts_ms - last_ms > STEP_MAX_MS:
                stamp = Stamp(last_ms + max(1, min(STEP_MAX_MS, frame.log_ms - self._last_log_ms)), "clock_step")
        self._last, self._last_log_ms = stamp, frame.log_ms
        return stamp


def shown_at_us(frame: AdmittedFrame) -> int:
    """The camera's claim if it is believable, else the time of ingest; µs since the epoch."""
    claimed_us, ingested_us = frame.headers.captured_at_us, frame.headers.ingested_at_us
    return claimed_us if abs(claimed_us - ingested_us) <= CLAIM_TOLERANCE_US else ingested_us

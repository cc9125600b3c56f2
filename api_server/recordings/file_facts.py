"""What a video file says of itself."""

from dataclasses import dataclass, replace

DURATION_MAX_MS = 400 * 24 * 3_600_000
SIDE_MAX = 65_535


@dataclass(frozen=True, slots=True)
class FileFacts:
    """None where it says nothing. `codec`: of its first video track, in one word."""

    duration_ms: int | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None

    def plausible(self) -> "FileFacts":
        """Without what no recording has: a file may say anything."""
        has_length = self.duration_ms is not None and 0 < self.duration_ms <= DURATION_MAX_MS
        has_size = all(side is not None and 0 < side <= SIDE_MAX for side in (self.width, self.height))
        return replace(
            self,
            duration_ms=self.duration_ms if has_length else None,
            width=self.width if has_size else None,
            height=self.height if has_size else None,
        )

"""One bound shared by nested waits."""

from common.clock import Clock, SystemClock


class Deadline:
    """A point on the monotonic clock. Pass it down instead of handing each nested wait a timeout of its own."""

    def __init__(self, seconds: float, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._at_s = self._clock.monotonic_s() + seconds

    def remaining_s(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._at_s - self._clock.monotonic_s())

    @property
    def is_over(self) -> bool:
        return self.remaining_s() <= 0.0

    def at_most(self, seconds: float) -> float:
        """The smaller of `seconds` and what is left: the timeout for one step of a longer wait."""
        return min(seconds, self.remaining_s())

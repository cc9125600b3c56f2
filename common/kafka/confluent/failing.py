"""For how long calls on a client handle have failed one after another."""

from common.clock import Clock, SystemClock


class Failing:
    """Threads may share one: each step is one assignment."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._since_s: float | None = None

    def note_failure(self) -> None:
        if self._since_s is None:
            self._since_s = self._clock.monotonic_s()

    def note_success(self) -> None:
        self._since_s = None

    def for_s(self) -> float:
        """Seconds since the first failure after the last success; 0.0 after a success."""
        since_s = self._since_s
        return 0.0 if since_s is None else self._clock.monotonic_s() - since_s

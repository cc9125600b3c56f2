"""Where time comes from. Durations are taken from the monotonic clock, stamps from the wall clock."""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Injected wherever time matters, so that tests decide what time it is. Safe on any thread; only `sleep` blocks."""

    def monotonic_s(self) -> float:
        """Seconds since an arbitrary start; never goes back."""

    def wall_us(self) -> int:
        """Microseconds since the Unix epoch; may jump."""

    def sleep(self, seconds: float) -> None:
        """Block for `seconds`."""


class SystemClock:
    """The machine's own clocks."""

    def monotonic_s(self) -> float:
        return time.monotonic()

    def wall_us(self) -> int:
        return time.time_ns() // 1000

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


class FakeClock:
    """A clock that stands still until a test moves it. `sleep` moves it."""

    def __init__(self, wall_us: int = 1_700_000_000_000_000) -> None:
        self._lock = threading.Lock()  # guards both readings: tests advance from another thread
        self._monotonic_s = 0.0
        self._wall_us = wall_us

    def monotonic_s(self) -> float:
        with self._lock:
            return self._monotonic_s

    def wall_us(self) -> int:
        with self._lock:
            return self._wall_us

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass on both clocks."""
        with self._lock:
            self._monotonic_s += seconds
            self._wall_us += round(seconds * 1_000_000)

    def step_wall(self, seconds: float) -> None:
        """Set the wall clock forward or back, as an operator or NTP would; the monotonic clock does not notice."""
        with self._lock:
            self._wall_us += round(seconds * 1_000_000)

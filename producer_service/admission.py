"""How much one camera may ask for at once, so that no camera takes the others' room (DESIGN 10)."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from common.clock import Clock, SystemClock
from producer_service.refusal import TOO_FAST, TOO_MANY_IN_FLIGHT, Refusal


@dataclass(frozen=True, slots=True)
class AdmissionLimits:
    """`frames_per_s` is also how many may come at once after a silence."""

    in_flight: int = 4
    frames_per_s: float = 60.0


@dataclass(slots=True)
class _Account:
    in_flight: int
    tokens: float
    filled_at_s: float


class Admission:
    """Counts requests in flight and keeps a token bucket for each camera. Safe on any thread; never waits.

    Bounded by the number of cameras: only authorized requests come here.
    """

    def __init__(self, limits: AdmissionLimits | None = None, clock: Clock | None = None) -> None:
        self._limits = limits or AdmissionLimits()
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()  # guards the accounts: read, decide and write are one step
        self._accounts: dict[str, _Account] = {}

    @contextmanager
    def admit(self, camera: str) -> Iterator[None]:
        """Hold a place for one request. Raises Refusal(429); a refusal takes nothing from the camera's allowance."""
        self._enter(camera)
        try:
            yield
        finally:
            with self._lock:
                self._accounts[camera].in_flight -= 1

    def _enter(self, camera: str) -> None:
        limits, now_s = self._limits, self._clock.monotonic_s()
        with self._lock:
            account = self._accounts.setdefault(camera, _Account(0, limits.frames_per_s, now_s))
            gained = (now_s - account.filled_at_s) * limits.frames_per_s
            account.tokens = min(limits.frames_per_s, account.tokens + gained)
            account.filled_at_s = now_s
            if account.in_flight >= limits.in_flight:
                raise Refusal(TOO_MANY_IN_FLIGHT, f"A camera may have {limits.in_flight} requests under way at once.")
            if account.tokens < 1.0:
                raise Refusal(TOO_FAST, f"At most {limits.frames_per_s:g} frames a second are taken from a camera.")
            account.tokens -= 1.0
            account.in_flight += 1

"""Answers 503 at once while Kafka does not acknowledge, instead of letting every request wait for its own time-out."""

import logging
import threading

from common.clock import Clock, SystemClock
from producer_service.refusal import KAFKA_UNAVAILABLE, Refusal

log = logging.getLogger(__name__)

PROBE_EVERY_S = 1.0
"""How often one request is let through a shut gate to find out whether Kafka is back."""


class BrokerGate:
    """Shut by a send that failed, opened by any record that was acknowledged. Safe on any thread; never waits.

    While it is shut, one request a second passes and waits; all others are refused at once. So an outage of Kafka holds
    a handful of threads, not all of them.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()  # guards what follows: exactly one request must become the probe
        self._is_shut = False
        self._next_probe_s = 0.0

    @property
    def is_open(self) -> bool:
        return not self._is_shut

    def enter(self) -> None:
        """Raises Refusal(KAFKA_UNAVAILABLE) when the gate is shut and this request is not the probe."""
        with self._lock:
            now_s = self._clock.monotonic_s()
            if not self._is_shut:
                return
            if now_s < self._next_probe_s:
                raise Refusal(KAFKA_UNAVAILABLE, "Kafka does not take frames at the moment; send this one again.")
            self._next_probe_s = now_s + PROBE_EVERY_S

    def succeeded(self) -> None:
        """A record was acknowledged, however late."""
        with self._lock:
            was_shut, self._is_shut = self._is_shut, False
        if was_shut:
            log.info("kafka acknowledges again")

    def failed(self) -> None:
        """A record was not acknowledged in time, or could not even be queued."""
        with self._lock:
            was_shut, self._is_shut = self._is_shut, True
            if not was_shut:
                self._next_probe_s = self._clock.monotonic_s() + PROBE_EVERY_S
        if not was_shut:
            log.warning("kafka does not acknowledge: frames are refused until it does")

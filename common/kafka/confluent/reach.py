"""Whether a client is connected to any broker, told from librdkafka's callbacks."""

import logging
import re

from confluent_kafka import KafkaError

from common.clock import Clock, SystemClock
from common.errors import Transient
from common.kafka.confluent.errors import ALL_BROKERS_DOWN, UNREACHABLE

CONNECTED = re.compile(r'"state"\s*:\s*"UP"')
"""A broker's entry in the statistics (librdkafka, STATISTICS.md, "brokers")."""
_log = logging.getLogger(__name__)


class Reach:
    """Called from inside the client's `poll`, on its thread. Nothing here blocks."""

    def __init__(self, long_outage_s: float, clock: Clock | None = None, down_s: float = 0.0) -> None:
        """`down_s`: an outage has lasted so long already."""
        self._clock = clock or SystemClock()
        self._long_outage_s = long_outage_s
        self._down_since_s: float | None = self._clock.monotonic_s() - down_s if down_s else None

    def on_error(self, error: KafkaError) -> None:
        """librdkafka's `error_cb`: mostly informative, it goes on by itself."""
        if error.code() in UNREACHABLE:
            if error.code() == ALL_BROKERS_DOWN and self._down_since_s is None:
                self._down_since_s = self._clock.monotonic_s()
                _log.warning("no broker answers")
        else:
            _log.error("kafka client error", extra={"error": error.str()})

    def on_statistics(self, text: str) -> None:
        """librdkafka's `stats_cb`: a JSON text that lists the brokers and their connections, and much else.

        Only searched: it is up to a hundred times longer than what is asked, and no other state is in capitals.
        """
        if CONNECTED.search(text):
            self.on_answer()
        elif self._down_since_s is None:
            self._down_since_s = self._clock.monotonic_s()

    def on_answer(self) -> None:
        """A broker answered."""
        if self._down_since_s is not None:
            self._down_since_s = None
            _log.info("a broker answers")

    def down_s(self) -> float:
        """For how long no broker has been connected; 0.0 while one is."""
        return 0.0 if self._down_since_s is None else self._clock.monotonic_s() - self._down_since_s

    def require_connection(self) -> None:
        """Raises Transient when no broker has been connected for long."""
        down_s = self.down_s()
        if down_s >= self._long_outage_s:
            raise Transient(f"no broker has answered for {down_s:.0f} s")

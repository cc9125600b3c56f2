"""Following a topic on a thread of its own, for as long as the server runs."""

import logging
import threading
from collections.abc import Callable

from common.errors import Transient
from common.kafka.ports import Record, TopicReader
from common.retry import Backoff

log = logging.getLogger(__name__)

POLL_S = 0.5
JOIN_S = 5.0


class TopicFollower:
    """Hands every record to `take`. When Kafka is away it waits, with backoff, and makes a new reader."""

    def __init__(self, name: str, make_reader: Callable[[], TopicReader], take: Callable[[Record], None]) -> None:
        self._make_reader = make_reader
        self._take = take
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """At most JOIN_S. Idempotent."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_S)

    def _run(self) -> None:
        for delay_s in Backoff().delays():
            try:
                self._follow()
            except Transient as error:
                log.warning("cannot follow", extra={"follower": self._thread.name, "error": str(error)})
            if self._stop.wait(delay_s):
                return

    def _follow(self) -> None:
        reader = self._make_reader()
        try:
            while not self._stop.is_set():
                for record in reader.poll(POLL_S):
                    self._take(record)
        finally:
            reader.close()

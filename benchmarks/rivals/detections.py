"""Detections to their topic, as our own consumer sends them: many together, and nobody waits to hear of them.

Runs inside a rival's environment, on the client that the rival brings.
"""

from types import TracebackType
from typing import Self

from confluent_kafka import Producer

from common.contracts.detection import DetectionMessage

LINGER_MS = 1000
"""As ours sends those of frames that were not taken just now."""
COUNTED_EVERY = 100
"""Messages, after which the client is asked what became of them."""
END_S = 5.0


class Detections:
    """Called on one thread. Leave it to send what is left."""

    def __init__(self, brokers: str, topic: str) -> None:
        self._producer = Producer({"bootstrap.servers": brokers, "linger.ms": LINGER_MS})
        self._topic = topic
        self._sent = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._producer.flush(END_S)

    def __call__(self, message: DetectionMessage) -> None:
        self._producer.produce(self._topic, message.to_json(), message.camera.encode())
        self._sent += 1
        if self._sent % COUNTED_EVERY == 0:
            self._producer.poll(0)

"""Sends detection messages to topic `detections`, for live pictures and alerts. Never waits, never fails a frame."""

import logging

from common.contracts.detection import DetectionMessage
from common.errors import LookoutError
from common.kafka.ports import Delivery, RecordProducer
from common.metrics import Metrics

LOG_EVERY = 1_000
_log = logging.getLogger(__name__)


class DetectionFeed:
    """Called from pool threads. What the broker does not take is dropped and counted: a detection is of use while it is
    new, and everything in it is in the clip's sidecar too."""

    def __init__(self, producer: RecordProducer, topic: str, metrics: Metrics) -> None:
        self._producer = producer
        self._topic = topic
        self._metrics = metrics
        self._dropped = 0

    def __call__(self, message: DetectionMessage) -> None:
        try:
            self._producer.send(self._topic, message.camera.encode(), message.to_json(), done=self._done)
        except LookoutError as error:
            self._drop(error)

    def _done(self, _delivery: Delivery | None, error: Exception | None) -> None:
        """On the producer's thread."""
        if error is not None:
            self._drop(error)
        else:
            self._metrics.count("lookout_detections_total", outcome="sent")

    def _drop(self, error: Exception) -> None:
        self._metrics.count("lookout_detections_total", outcome="dropped")
        self._dropped += 1  # two threads may count one: it only decides what is logged
        if self._dropped % LOG_EVERY == 1:
            _log.warning("detections are dropped", extra={"dropped": self._dropped, "error": error})

"""Follows topic `detections`, without a group."""

import contextlib
import logging
from collections.abc import Iterator, Mapping

from common.contracts.detection import DetectionMessage
from common.errors import Transient
from common.kafka.confluent import ConfluentTopicReader
from common.kafka.ports import FROM_END
from common.settings import KafkaSettings, load_settings
from common.topics import DETECTIONS

POLL_S = 0.5
_log = logging.getLogger(__name__)


def follow_detections(environment: Mapping[str, str] | None = None) -> Iterator[DetectionMessage]:
    """Detections from now on, without end. Raises ConfigurationError; Transient when no broker answers at the start."""
    kafka = load_settings(KafkaSettings, environment)
    reader = ConfluentTopicReader(kafka, [kafka.topic(DETECTIONS)], FROM_END, client_id="lookout-watch")
    with contextlib.closing(reader):
        while True:
            try:
                records = reader.poll(POLL_S)
            except Transient as error:
                _log.warning("waiting for the broker: %s", error)
                continue
            for record in records:
                with contextlib.suppress(ValueError):  # a newer writer's message, or no message at all
                    yield DetectionMessage.model_validate_json(record.value or b"")

"""Follows topic `detections`, without a group."""

import contextlib
import logging
from collections.abc import Iterator, Mapping

from common.contracts.detection import DetectionMessage
from common.deadline import Deadline
from common.errors import Transient
from common.kafka.confluent import ConfluentTopicReader
from common.kafka.ports import FROM_END
from common.retry import retry_transient
from common.settings import KafkaSettings, load_settings
from common.topics import DETECTIONS

POLL_S = 0.5
START_WITHIN_S = 30.0
"""How long a broker may take to answer at the start."""
_log = logging.getLogger(__name__)


def follow_detections(environment: Mapping[str, str] | None = None) -> Iterator[DetectionMessage]:
    """Detections from now on, without end. Raises ConfigurationError; Transient when no broker answers for long."""
    kafka = load_settings(KafkaSettings, environment)
    with contextlib.closing(retry_transient(lambda: _open(kafka), Deadline(START_WITHIN_S))) as reader:
        while True:
            try:
                records = reader.poll(POLL_S)
            except Transient as error:
                _log.warning("waiting for the broker: %s", error)
                continue
            for record in records:
                with contextlib.suppress(ValueError):  # a newer writer's message, or no message at all
                    yield DetectionMessage.model_validate_json(record.value or b"")


def _open(kafka: KafkaSettings) -> ConfluentTopicReader:
    return ConfluentTopicReader(kafka, [kafka.topic(DETECTIONS)], FROM_END, client_id="lookout-watch")

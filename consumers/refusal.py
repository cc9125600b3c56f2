"""A consumer that cannot start says why on `consumer-status`, for whoever switched its analysis on."""

import logging
import re
from collections.abc import Mapping

from common.clock import Clock, SystemClock
from common.contracts.consumer_status import ConsumerStatus
from common.errors import LookoutError
from common.kafka.confluent import ConfluentProducer
from common.kafka.ports import RecordProducer
from common.settings import KafkaSettings, load_settings
from common.topics import CONSUMER_STATUS
from consumers.registry import PLACES
from consumers.runtime.settings import default_instance

TELL_S = 5.0
"""The process ends in any case."""
REASON_MAX = 500
_FOLDERS = re.compile(r"(?<![\w.:/])/(?:[^\s/'\"]+/)+")
_log = logging.getLogger(__name__)


def tell_refusal(analysis: str, reason: str, environment: Mapping[str, str] | None = None) -> None:
    """One status record, `failed`. Nothing is raised where the broker does not answer, or its settings are bad."""
    if analysis not in PLACES:
        return
    try:
        kafka = load_settings(KafkaSettings, environment)
        producer = ConfluentProducer(kafka, client_id=f"lookout-{analysis}-refusal")
    except LookoutError as error:
        _log.info("nobody is told that the consumer does not start", extra={"problem": error})
        return
    try:
        send_refusal(producer, kafka.topic(CONSUMER_STATUS), analysis, reason, SystemClock())
    except LookoutError as error:
        _log.info("nobody is told that the consumer does not start", extra={"problem": error})
    finally:
        producer.close()


def send_refusal(producer: RecordProducer, topic: str, analysis: str, reason: str, clock: Clock) -> None:
    """Whoever may see a camera reads the reason: files are named, and not where they lie. Raises Transient."""
    instance = default_instance()
    status = ConsumerStatus(
        instance=instance,
        analysis=analysis,
        state="failed",
        reason=_FOLDERS.sub("", reason)[:REASON_MAX],
        threads=0,
        at_us=clock.wall_us(),
    )
    producer.send_and_wait(topic, instance.encode(), status.to_json(), timeout_s=TELL_S)

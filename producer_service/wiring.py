"""The one place where ingest meets its adapters."""

from common.kafka.confluent import ConfluentProducer, ConfluentTopicReader
from common.kafka.limits import check_limits
from common.kafka.ports import FROM_BEGINNING, TopicReader
from common.settings import KafkaSettings, PlaceSettings
from common.topics import CAMERA_SETTINGS
from producer_service.service import IngestService


def build_service(kafka: KafkaSettings, places: PlaceSettings, threads: int = 1) -> IngestService:
    """A service that opens nothing before `start`."""

    def open_settings() -> TopicReader:
        # Limits that contradict each other would refuse single frames later. Here they are in the log, nothing is taken
        # while they do (503), and ingest can still start before Kafka.
        check_limits(kafka)
        return ConfluentTopicReader(kafka, [kafka.topic(CAMERA_SETTINGS)], FROM_BEGINNING)

    return IngestService(kafka, places, lambda: ConfluentProducer(kafka), open_settings, threads=threads)

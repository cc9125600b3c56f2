"""The one place where ingest meets its adapters."""

from common.kafka.confluent import ConfluentProducer, ConfluentTopicReader
from common.kafka.ports import FROM_BEGINNING
from common.settings import KafkaSettings, PlaceSettings
from common.topics import CAMERA_SETTINGS
from producer_service.service import IngestService


def build_service(kafka: KafkaSettings, places: PlaceSettings) -> IngestService:
    """A service that opens nothing before `start`."""
    return IngestService(
        kafka,
        places,
        make_producer=lambda: ConfluentProducer(kafka),
        make_settings_reader=lambda: ConfluentTopicReader(kafka, [kafka.topic(CAMERA_SETTINGS)], FROM_BEGINNING),
    )

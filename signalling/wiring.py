"""The one place where signalling meets its adapters."""

from common.kafka.confluent import ConfluentTopicReader
from common.kafka.ports import FROM_BEGINNING, FROM_END
from common.settings import KafkaSettings
from common.topics import CAMERA_SETTINGS, DETECTIONS, FRAMES
from signalling.service import SignallingService
from signalling.settings import SignallingSettings


def build_service(settings: SignallingSettings, kafka: KafkaSettings) -> SignallingService:
    """A service that opens nothing before `start`."""
    settings_topics = [kafka.topic(CAMERA_SETTINGS)]
    live_topics = [kafka.topic(FRAMES), kafka.topic(DETECTIONS)]
    return SignallingService(
        settings,
        kafka,
        make_settings_reader=lambda: ConfluentTopicReader(kafka, settings_topics, FROM_BEGINNING),
        make_live_reader=lambda: ConfluentTopicReader(kafka, live_topics, FROM_END),
    )

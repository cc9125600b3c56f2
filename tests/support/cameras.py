"""Topics and cameras for tests of services on a real Kafka, written as the API server would."""

from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from common.contracts.camera_settings import CameraSettings
from common.contracts.frame import Headers
from common.kafka.confluent import ConfluentLogReader, ConfluentProducer
from common.kafka.ports import Record, TopicPartition
from common.settings import KafkaSettings
from common.topics import CAMERA_SETTINGS, topic_specs

LIMIT_S = 30.0


def kafka_settings(bootstrap_servers: str, prefix: str) -> KafkaSettings:
    return KafkaSettings.model_validate({"KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers, "LOOKOUT_TOPIC_PREFIX": prefix})


def make_topics(bootstrap_servers: str, prefix: str) -> None:
    """All topics of `common.topics`."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    specs = topic_specs(prefix)
    new = [NewTopic(s.name, num_partitions=s.partitions, replication_factor=1, config=s.config) for s in specs]
    for future in admin.create_topics(new).values():
        future.result(LIMIT_S)


class CameraWriter:
    """Writes camera settings and other records to one system's topics, each acknowledged."""

    def __init__(self, bootstrap_servers: str, prefix: str) -> None:
        self.prefix = prefix
        self._settings = kafka_settings(bootstrap_servers, prefix)
        self._producer = ConfluentProducer(self._settings)

    def put(self, settings: CameraSettings) -> None:
        self.send(CAMERA_SETTINGS, settings.camera, settings.to_json())

    def delete(self, camera: str) -> None:
        self.send(CAMERA_SETTINGS, camera, None)

    def send(self, topic: str, key: str | None, value: bytes | None, headers: Headers = (), partition: int = 0) -> None:
        name = self._settings.topic(topic)
        self._producer.send_and_wait(name, None if key is None else key.encode(), value, headers, partition, LIMIT_S)

    def close(self) -> None:
        self._producer.close()


@contextmanager
def open_writer(bootstrap_servers: str, prefix: str) -> Iterator[CameraWriter]:
    writer = CameraWriter(bootstrap_servers, prefix)
    try:
        yield writer
    finally:
        writer.close()


def read_partition(bootstrap_servers: str, topic: str, partition: int) -> list[Record]:
    """Every record that is in a partition now."""
    log = ConfluentLogReader(kafka_settings(bootstrap_servers, ""))
    try:
        where = TopicPartition(topic, partition)
        marks = log.watermarks(where)
        return log.read(where, marks.low, marks.high, LIMIT_S) if marks.high > marks.low else []
    finally:
        log.close()

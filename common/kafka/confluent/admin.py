"""Questions to the cluster, with one bound and our errors."""

from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from typing import TypeVar

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from common.errors import Transient
from common.kafka.confluent.config import REQUEST_TIMEOUT_S, client_config
from common.kafka.confluent.errors import client_logger, error_from
from common.settings import KafkaSettings

T = TypeVar("T")


def build_admin(settings: KafkaSettings, client_id: str) -> AdminClient:
    """Raises ConfigurationError."""
    try:
        return AdminClient(client_config(settings, client_id), logger=client_logger())
    except KafkaException as error:
        raise error_from(error, "making an admin client") from error


def answer(future: "Future[T]", doing: str, timeout_s: float = REQUEST_TIMEOUT_S) -> T:
    """Wait for one answer. Raises Transient, ConfigurationError."""
    try:
        return future.result(timeout_s)
    except FutureTimeoutError as error:
        raise Transient(f"{doing}: no answer within {timeout_s} s") from error
    except KafkaException as error:
        raise error_from(error, doing) from error


@dataclass(frozen=True, slots=True)
class TopicFacts:
    """`topic_id`: UUID in base64url, 22 characters."""

    topic_id: str
    partitions: int


def describe_topic(admin: AdminClient, topic: str, timeout_s: float = REQUEST_TIMEOUT_S) -> TopicFacts:
    """Id and number of partitions of a topic. Raises ConfigurationError for an unknown one."""
    futures = admin.describe_topics(TopicCollection([topic]), request_timeout=timeout_s)
    found = answer(futures[topic], f"describing topic {topic}", timeout_s)
    # librdkafka writes the id in plain base64; Kafka's own tools, and we, in the form that is safe in names and URLs.
    topic_id = str(found.topic_id).translate(str.maketrans("+/", "-_"))
    return TopicFacts(topic_id, len(found.partitions))

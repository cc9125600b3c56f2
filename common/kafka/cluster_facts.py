"""What a cluster says of its topics and brokers, for the start-up checks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, ConfigEntry, ConfigResource, ResourceType

from common.errors import Transient
from common.kafka.confluent.admin import answer
from common.kafka.confluent.config import REQUEST_TIMEOUT_S
from common.kafka.confluent.errors import TopicUnknown, error_from

MAX_MESSAGE_BYTES = "max.message.bytes"
TIMESTAMP_TYPE = "message.timestamp.type"
SOCKET_REQUEST_BYTES = "socket.request.max.bytes"


@dataclass(frozen=True, slots=True)
class ExistingTopic:
    """A topic as it is. `config` holds the values in force, whether set for the topic or inherited from the broker."""

    name: str
    partitions: int
    config: Mapping[str, str] = field(default_factory=dict)


def existing_topics(admin: AdminClient, names: Sequence[str]) -> dict[str, ExistingTopic]:
    """Those of `names` that exist and whose partitions all have a leader. Raises Transient, ConfigurationError."""
    try:
        metadata = admin.list_topics(timeout=REQUEST_TIMEOUT_S)
    except KafkaException as error:
        raise error_from(error, "listing topics") from error
    found = {}
    for name in names:
        topic = metadata.topics.get(name)
        if topic is None or topic.error is not None:
            continue
        if any(partition.leader < 0 for partition in topic.partitions.values()):
            continue  # being made at this moment
        found[name] = len(topic.partitions)
    resources = [ConfigResource(ResourceType.TOPIC, name) for name in found]
    configs = _configs(admin, resources)
    return {name: ExistingTopic(name, found[name], config) for name, config in configs.items()}


def broker_config(admin: AdminClient) -> dict[str, str]:
    """The configuration of one broker of the cluster. Raises Transient, ConfigurationError."""
    try:
        brokers = admin.list_topics(timeout=REQUEST_TIMEOUT_S).brokers
    except KafkaException as error:
        raise error_from(error, "listing brokers") from error
    if not brokers:
        raise Transient("The Kafka cluster names no broker.")
    name = str(min(brokers))
    return _configs(admin, [ConfigResource(ResourceType.BROKER, name)])[name]


def _configs(admin: AdminClient, resources: list[ConfigResource]) -> dict[str, dict[str, str]]:
    if not resources:
        return {}
    futures = admin.describe_configs(resources, request_timeout=REQUEST_TIMEOUT_S)
    found: dict[str, dict[str, str]] = {}
    for resource, future in futures.items():
        try:
            entries: dict[str, ConfigEntry] = answer(future, f"reading the settings of {resource.name}")
        except TopicUnknown:
            continue  # deleted since the topics were listed
        found[resource.name] = {name: entry.value for name, entry in entries.items() if entry.value is not None}
    return found

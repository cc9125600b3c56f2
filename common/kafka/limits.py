"""The start-up check of every size limit: one setting decides the frame limit, and broker, topics and clients must
agree with it (DESIGN 4). A limit that contradicts would show as a frame that is refused at night."""

from collections.abc import Iterable, Mapping

from common.errors import ConfigurationError
from common.kafka.cluster_facts import (
    MAX_MESSAGE_BYTES,
    SOCKET_REQUEST_BYTES,
    TIMESTAMP_TYPE,
    ExistingTopic,
    broker_config,
    existing_topics,
)
from common.kafka.confluent.admin import build_admin
from common.kafka.confluent.config import largest_fetch_bytes, largest_record_bytes
from common.settings import KafkaSettings
from common.topics import SMALL_RECORD_MAX_BYTES, TopicSpec, topic_specs

CREATE_TOPICS = "python -m common.kafka.topics_command"


def check_limits(settings: KafkaSettings) -> None:
    """Compare what the cluster has with what this process needs.

    Raises ConfigurationError naming every contradiction at once, Transient when no broker answers.
    """
    admin = build_admin(settings, "lookout-check")
    specs = topic_specs(settings.topic_prefix, settings.max_frame_bytes)
    existing = existing_topics(admin, [spec.name for spec in specs])
    problems = [*topic_problems(specs, existing, settings), *broker_problems(broker_config(admin), settings)]
    if problems:
        raise ConfigurationError(" ".join(problems))


def topic_problems(
    specs: Iterable[TopicSpec], existing: Mapping[str, ExistingTopic], settings: KafkaSettings
) -> list[str]:
    """A sentence for everything about the topics that does not fit."""
    problems = []
    for spec in specs:
        topic = existing.get(spec.name)
        if topic is None:
            problems.append(f"Topic {spec.name} is missing: {CREATE_TOPICS} makes it.")
            continue
        problems += fixed_problems(spec, topic, settings)
        needed, taken = needed_bytes(spec), int(topic.config.get(MAX_MESSAGE_BYTES, 0))
        if taken < needed:
            problems.append(f"Topic {spec.name} takes records of {taken} bytes, {needed} are needed: {CREATE_TOPICS}.")
    return problems


def fixed_problems(spec: TopicSpec, topic: ExistingTopic, settings: KafkaSettings) -> list[str]:
    """Those that cannot be mended by altering the topic: what is in its log would not fit."""
    problems = []
    if topic.partitions < spec.partitions:
        problems.append(
            f"Topic {spec.name} has {topic.partitions} partitions instead of {spec.partitions}, and they are fixed for "
            "life: delete the topic and make it again, or use another LOOKOUT_TOPIC_PREFIX."
        )
    wanted, found = spec.config.get(TIMESTAMP_TYPE), topic.config.get(TIMESTAMP_TYPE)
    if wanted is not None and wanted != found:
        problems.append(
            f"Topic {spec.name} has {TIMESTAMP_TYPE}={found} instead of {wanted}: the times in its log are no log "
            "clock. Delete the topic and make it again, or use another LOOKOUT_TOPIC_PREFIX."
        )
    taken, most = int(topic.config.get(MAX_MESSAGE_BYTES, 0)), largest_fetch_bytes(settings)
    if taken > most:
        problems.append(
            f"Topic {spec.name} takes records of {taken} bytes, and clients read {most} at most: raise "
            f"LOOKOUT_MAX_FRAME_BYTES, or lower {MAX_MESSAGE_BYTES} of the topic."
        )
    return problems


def needed_bytes(spec: TopicSpec) -> int:
    """What a topic must take: its own limit, or what small records are batched to."""
    return int(spec.config.get(MAX_MESSAGE_BYTES, SMALL_RECORD_MAX_BYTES // 2))


def broker_problems(config: Mapping[str, str], settings: KafkaSettings) -> list[str]:
    """A sentence for everything about the broker that does not fit."""
    largest = largest_record_bytes(settings)
    takes = int(config.get(SOCKET_REQUEST_BYTES, largest))
    if takes < largest:
        return [f"The broker takes requests of {takes} bytes, {largest} are needed: raise {SOCKET_REQUEST_BYTES}."]
    return []

"""`python -m common.kafka.topics_command`: make every topic, once or a hundred times.

1. Wait for the broker, at most BROKER_WAIT_S.
2. Make what is missing.
3. Wait until every partition has a leader.
4. Refuse what cannot be mended: too few partitions, another timestamp type, larger records than clients read.
5. Alter settings that differ, with a log line each.
6. Wait until they are in force.
"""

import logging
import sys
from collections.abc import Mapping, Sequence

from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)
from pydantic import Field

from common.clock import Clock, SystemClock
from common.deadline import Deadline
from common.errors import ConfigurationError, LookoutError, Transient
from common.kafka.cluster_facts import MAX_MESSAGE_BYTES, ExistingTopic, existing_topics
from common.kafka.confluent.admin import answer, build_admin
from common.kafka.confluent.config import REQUEST_TIMEOUT_S
from common.kafka.confluent.errors import TooFewBrokers, TopicExists
from common.kafka.limits import check_limits, fixed_problems
from common.logs import configure_logging
from common.retry import Backoff, retry_transient
from common.settings import KafkaSettings, Settings, load_settings
from common.topics import TopicSpec, topic_specs

BROKER_WAIT_S = 60.0
"""A broker that has just been started needs some seconds; in Docker more."""
VISIBLE_WAIT_S = 30.0
FENCED_WAIT_S = 20.0
"""After this long, too few brokers are a mistake in the settings."""
EXIT_TRANSIENT = 70
EXIT_CONFIGURATION = 78

_log = logging.getLogger(__name__)


class TopicCreationSettings(Settings):
    """How new topics are made. Replication 1 is for one broker; a cluster of three takes 3."""

    replication_factor: int = Field(1, alias="KAFKA_REPLICATION_FACTOR", ge=1, le=10)


def ensure_topics(
    settings: KafkaSettings, replication_factor: int = 1, wait_s: float = BROKER_WAIT_S, clock: Clock | None = None
) -> None:
    """Make and correct all topics. Idempotent. Raises ConfigurationError, or Transient when no broker answers."""
    clock = clock or SystemClock()
    admin = build_admin(settings, "lookout-topics")
    specs = topic_specs(settings.topic_prefix, settings.max_frame_bytes)
    names = [spec.name for spec in specs]

    # 1. and what is there already.
    existing = retry_transient(
        lambda: existing_topics(admin, names), Deadline(wait_s, clock), clock=clock, on_retry=_say_waiting
    )
    # 2.
    missing = [spec for spec in specs if spec.name not in existing]
    _create_when_possible(admin, missing, replication_factor, clock)
    # 3. Somebody else may have made some at the same moment, differently: from here on all are looked at.
    existing = retry_transient(
        lambda: _require_all(admin, names), Deadline(VISIBLE_WAIT_S, clock), Backoff(0.05, 1.0), clock
    )
    # 4.
    problems = [sentence for spec in specs for sentence in fixed_problems(spec, existing[spec.name], settings)]
    if problems:
        raise ConfigurationError(" ".join(problems))
    # 5.
    for spec in specs:
        _alter(admin, spec, existing[spec.name])
    # 6.
    retry_transient(lambda: _require_in_force(admin, specs), Deadline(VISIBLE_WAIT_S, clock), Backoff(0.05, 1.0), clock)
    check_limits(settings)


def _create_when_possible(
    admin: AdminClient, specs: Sequence[TopicSpec], replication_factor: int, clock: Clock
) -> None:
    """A broker that has just started, or is short of time, is fenced: it answers and does not take part."""
    deadline = Deadline(FENCED_WAIT_S, clock)
    for delay_s in Backoff().delays():
        try:
            return _create(admin, specs, replication_factor)
        except TooFewBrokers as error:
            if deadline.remaining_s() <= delay_s:
                raise
            _say_waiting(error)
        clock.sleep(delay_s)
    raise AssertionError("delays() is endless")


def _create(admin: AdminClient, specs: Sequence[TopicSpec], replication_factor: int) -> None:
    if not specs:
        return
    new = [NewTopic(s.name, s.partitions, replication_factor, config=dict(s.config)) for s in specs]
    futures = admin.create_topics(new, operation_timeout=REQUEST_TIMEOUT_S, request_timeout=2 * REQUEST_TIMEOUT_S)
    for spec in specs:
        try:
            answer(futures[spec.name], f"making topic {spec.name}", 2 * REQUEST_TIMEOUT_S)
        except TopicExists:
            _log.info("topic was made by somebody else", extra={"topic": spec.name})
        else:
            _log.info("topic made", extra={"topic": spec.name, "partitions": spec.partitions})


def _alter(admin: AdminClient, spec: TopicSpec, topic: ExistingTopic) -> None:
    differing = differing_settings(spec, topic)
    if not differing:
        return
    for name, value in differing.items():
        _log.warning(
            "topic setting changed",
            extra={"topic": spec.name, "setting": name, "was": topic.config.get(name), "now": value},
        )
    entries = [
        ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in differing.items()
    ]
    resource = ConfigResource(ResourceType.TOPIC, spec.name, incremental_configs=entries)
    [future] = admin.incremental_alter_configs([resource], request_timeout=REQUEST_TIMEOUT_S).values()
    answer(future, f"altering topic {spec.name}")


def differing_settings(spec: TopicSpec, topic: ExistingTopic) -> Mapping[str, str]:
    """What to set. A larger record limit than needed stays: records of that size may lie in the log."""
    return {
        name: value
        for name, value in spec.config.items()
        if topic.config.get(name) != value
        and not (name == MAX_MESSAGE_BYTES and int(topic.config.get(name, 0)) > int(value))
    }


def _require_all(admin: AdminClient, names: Sequence[str]) -> dict[str, ExistingTopic]:
    found = existing_topics(admin, names)
    absent = sorted(set(names) - found.keys())
    if absent:
        raise Transient(f"topics without leader: {', '.join(absent)}")
    return found


def _require_in_force(admin: AdminClient, specs: Sequence[TopicSpec]) -> None:
    found = _require_all(admin, [spec.name for spec in specs])
    pending = [spec.name for spec in specs if differing_settings(spec, found[spec.name])]
    if pending:
        raise Transient(f"settings not in force yet: topics {', '.join(pending)}")


def _say_waiting(error: LookoutError) -> None:
    _log.info("waiting for the broker", extra={"error": str(error)})


def main() -> int:
    """Exit status: 0, 70 when no broker answers, 78 when a person has to change something."""
    configure_logging()
    try:
        settings = load_settings(KafkaSettings)
        ensure_topics(settings, load_settings(TopicCreationSettings).replication_factor)
    except ConfigurationError as error:
        _log.error("%s", error)
        return EXIT_CONFIGURATION
    except LookoutError as error:
        _log.error("%s", error)
        return EXIT_TRANSIENT
    return 0


if __name__ == "__main__":
    sys.exit(main())

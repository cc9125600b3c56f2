"""Making the topics on a real broker (`python -m common.kafka.topics_command`)."""

import logging
import os
import subprocess
import sys

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from common.clock import SystemClock
from common.errors import ConfigurationError, Transient
from common.kafka import cluster_facts, topics_command
from common.kafka.cluster_facts import existing_topics
from common.kafka.confluent.admin import build_admin
from common.kafka.limits import check_limits
from common.kafka.topics_command import EXIT_CONFIGURATION, TopicCreationSettings, ensure_topics
from common.settings import KafkaSettings, load_settings
from common.topics import CAMERA_SETTINGS, DEAD_LETTERS, FRAMES, topic_specs
from tests.support.servers import TestServers

pytestmark = pytest.mark.integration
ADMIN_LIMIT_S = 20.0


@pytest.fixture
def settings(servers: TestServers, topic_prefix: str) -> KafkaSettings:
    return load_settings(
        KafkaSettings,
        {"KAFKA_BOOTSTRAP_SERVERS": servers.bootstrap_servers, "LOOKOUT_TOPIC_PREFIX": topic_prefix},
    )


def make_topic(settings: KafkaSettings, name: str, partitions: int, **config: str) -> None:
    admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
    full = settings.topic(name)
    options = {key.replace("_", "."): value for key, value in config.items()}
    admin.create_topics([NewTopic(full, partitions, 1, config=options)])[full].result(ADMIN_LIMIT_S)


def test_all_topics_are_made_as_specified_and_a_second_run_changes_nothing(
    settings: KafkaSettings, caplog: pytest.LogCaptureFixture
) -> None:
    ensure_topics(settings)
    specs = topic_specs(settings.topic_prefix)
    found = existing_topics(build_admin(settings, "test"), [spec.name for spec in specs])
    for spec in specs:
        assert found[spec.name].partitions == spec.partitions
        assert dict(spec.config).items() <= dict(found[spec.name].config).items()
    check_limits(settings)
    caplog.clear()
    caplog.set_level(logging.INFO, "common")
    ensure_topics(settings)
    assert [r.message for r in caplog.records if r.name.startswith("common.kafka.topics")] == []


def test_a_setting_that_differs_is_altered_with_a_log_line(
    settings: KafkaSettings, caplog: pytest.LogCaptureFixture
) -> None:
    make_topic(settings, CAMERA_SETTINGS, 1, cleanup_policy="delete")
    ensure_topics(settings)
    name = settings.topic(CAMERA_SETTINGS)
    assert existing_topics(build_admin(settings, "test"), [name])[name].config["cleanup.policy"] == "compact"
    changed = [r.__dict__ for r in caplog.records if r.message == "topic setting changed"]
    assert [(r["topic"], r["setting"], r["was"], r["now"]) for r in changed if r["setting"] == "cleanup.policy"] == [
        (name, "cleanup.policy", "delete", "compact")
    ]


def test_a_larger_frame_limit_raises_the_limits_of_the_topics(settings: KafkaSettings) -> None:
    ensure_topics(settings)
    larger = settings.model_copy(update={"max_frame_bytes": 3 * 1024 * 1024})
    with pytest.raises(ConfigurationError, match=FRAMES):
        check_limits(larger)
    ensure_topics(larger)
    check_limits(larger)
    check_limits(settings)
    names = [settings.topic(FRAMES), settings.topic(DEAD_LETTERS)]
    ensure_topics(settings)
    found = existing_topics(build_admin(settings, "test"), names)
    assert int(found[names[0]].config["max.message.bytes"]) == 3 * 1024 * 1024 + 64 * 1024


def test_a_topic_with_too_few_partitions_is_refused(settings: KafkaSettings) -> None:
    make_topic(settings, FRAMES, 3, message_timestamp_type="LogAppendTime")
    with pytest.raises(ConfigurationError, match="3 partitions instead of 12"):
        ensure_topics(settings)


def test_a_frames_topic_that_keeps_the_senders_time_is_refused(settings: KafkaSettings) -> None:
    make_topic(settings, FRAMES, 12)
    with pytest.raises(ConfigurationError, match="LogAppendTime"):
        ensure_topics(settings)


def test_a_topic_whose_records_clients_cannot_read_is_refused(settings: KafkaSettings) -> None:
    make_topic(settings, FRAMES, 12, message_timestamp_type="LogAppendTime", max_message_bytes=str(64 * 1024 * 1024))
    with pytest.raises(ConfigurationError, match="LOOKOUT_MAX_FRAME_BYTES"):
        ensure_topics(settings)


def test_missing_topics_are_all_named_at_once(settings: KafkaSettings) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_limits(settings)
    assert all(spec.name in str(caught.value) for spec in topic_specs(settings.topic_prefix))


def test_more_replicas_than_brokers_is_a_configuration_error(
    settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics_command, "FENCED_WAIT_S", 1.0)
    with pytest.raises(ConfigurationError):
        ensure_topics(settings, replication_factor=9)


def test_a_broker_that_never_answers_is_given_up_after_the_time_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_facts, "REQUEST_TIMEOUT_S", 1.0)
    settings = load_settings(KafkaSettings, {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"})
    clock = SystemClock()
    start_s = clock.monotonic_s()
    with pytest.raises(Transient):
        ensure_topics(settings, wait_s=1.0)
    assert clock.monotonic_s() - start_s < 40.0


def test_the_command_says_in_one_line_what_is_wrong(settings: KafkaSettings) -> None:
    make_topic(settings, FRAMES, 3)
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "KAFKA_BOOTSTRAP_SERVERS": settings.bootstrap_servers,
        "LOOKOUT_TOPIC_PREFIX": settings.topic_prefix,
    }
    outcome = subprocess.run(
        [sys.executable, "-m", "common.kafka.topics_command"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert outcome.returncode == EXIT_CONFIGURATION
    assert "3 partitions instead of 12" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_replication_is_a_setting() -> None:
    assert load_settings(TopicCreationSettings, {}).replication_factor == 1
    assert load_settings(TopicCreationSettings, {"KAFKA_REPLICATION_FACTOR": "3"}).replication_factor == 3
    with pytest.raises(ConfigurationError, match="KAFKA_REPLICATION_FACTOR"):
        load_settings(TopicCreationSettings, {"KAFKA_REPLICATION_FACTOR": "0"})

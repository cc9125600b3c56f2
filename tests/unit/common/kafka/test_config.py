"""The settings handed to librdkafka."""

import pytest
from confluent_kafka import Consumer, Producer

from common.kafka.confluent.config import (
    GroupTuning,
    ProducerTuning,
    group_config,
    largest_fetch_bytes,
    largest_record_bytes,
    producer_config,
)
from common.settings import KafkaSettings, load_settings
from common.topics import MIB, topic_specs


def settings(max_frame_bytes: int = 2 * MIB) -> KafkaSettings:
    return load_settings(KafkaSettings, {"LOOKOUT_MAX_FRAME_BYTES": str(max_frame_bytes)})


@pytest.mark.parametrize("frame_bytes", [64 * 1024, MIB, 2 * MIB, 8 * MIB, 32 * MIB])
def test_librdkafka_takes_the_settings_at_every_frame_limit(frame_bytes: int) -> None:
    """It refuses limits that contradict one another."""
    Consumer(group_config(settings(frame_bytes), "test", "g", GroupTuning())).close()
    Producer(producer_config(settings(frame_bytes), "test", ProducerTuning()))


@pytest.mark.parametrize("frame_bytes", [64 * 1024, 2 * MIB, 32 * MIB])
def test_clients_send_and_read_what_any_topic_takes(frame_bytes: int) -> None:
    limits = [int(s.config.get("max.message.bytes", MIB)) for s in topic_specs(max_frame_bytes=frame_bytes)]
    assert largest_record_bytes(settings(frame_bytes)) >= max(limits)
    assert largest_fetch_bytes(settings(frame_bytes)) >= max(limits)


def test_a_group_member_commits_nothing_by_itself_and_skips_nothing() -> None:
    config = group_config(settings(), "test", "g", GroupTuning())
    assert config["enable.auto.commit"] is False
    assert config["enable.auto.offset.store"] is False
    assert config["auto.offset.reset"] == "error"
    assert config["partition.assignment.strategy"] == "cooperative-sticky"
    assert "group.instance.id" not in config
    assert config["session.timeout.ms"] == 10_000
    assert config["queued.max.messages.kbytes"] == 8 * 1024


def test_the_poll_interval_is_never_below_the_session_timeout() -> None:
    config = group_config(settings(), "test", "g", GroupTuning(session_timeout_s=90, max_poll_interval_s=10))
    assert config["max.poll.interval.ms"] >= config["session.timeout.ms"] == 90_000


def test_a_producer_is_idempotent_and_bounded() -> None:
    config = producer_config(settings(), "test", ProducerTuning(queue_bytes=8 * MIB, delivery_timeout_s=3.0))
    assert config["enable.idempotence"] is True
    assert config["acks"] == "all"
    assert config["queue.buffering.max.kbytes"] == 8 * 1024
    assert config["delivery.timeout.ms"] == 3_000
    assert config["linger.ms"] <= 5


def test_small_records_are_not_batched_beyond_what_a_topic_takes() -> None:
    assert producer_config(settings(), "test", ProducerTuning())["batch.size"] < MIB

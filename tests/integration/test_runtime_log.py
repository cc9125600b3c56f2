"""The engine and a log that changes under it: records that expire, a topic that is deleted and made again (rule 14)."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition as ClientPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from common.contracts.clip_event import GapFound, parse_event
from common.topics import CLIP_EVENTS, DEFAULT_PARTITIONS, FRAMES, topic_specs
from tests.integration.test_runtime import LIMIT_S, Stage
from tests.support.servers import TestServers
from tests.support.service_process import wait_until

PARTITION = 11
CAMERA = "cam-d"
OLD_FRAMES = 10
"""Sent before the topic is made again."""


@pytest.fixture
def stage(
    servers: TestServers, service_variables: dict[str, str], topic_prefix: str, tmp_path: Path
) -> Iterator[Stage]:
    opened = Stage(servers, service_variables, topic_prefix, tmp_path)
    try:
        yield opened
    finally:
        opened.close()


@pytest.fixture
def admin(servers: TestServers) -> AdminClient:
    return AdminClient({"bootstrap.servers": servers.bootstrap_servers})


def gaps(stage: Stage) -> list[GapFound]:
    events = [parse_event(record.value) for record in stage.records(CLIP_EVENTS, DEFAULT_PARTITIONS)]
    return [event for event in events if isinstance(event, GapFound)]


@pytest.mark.timeout(300)
def test_records_that_expired_while_nobody_read_are_a_gap(stage: Stage, admin: AdminClient, topic_prefix: str) -> None:
    stage.send(CAMERA)
    first = stage.start()
    stage.wait_stored()
    first.terminate()
    assert first.wait(30) == 0, stage.log_of(first)
    lost = [stage.send(CAMERA) for _ in range(5)]
    kept = [stage.send(CAMERA) for _ in range(3)]
    end = ClientPartition(topic_prefix + FRAMES, PARTITION, kept[0])
    for future in admin.delete_records([end]).values():
        future.result(LIMIT_S)
    for seq in range(2, 2 + len(lost)):
        stage.acknowledged.discard((CAMERA, seq))
    stage.start(new_owner_wait_s=2)
    stage.wait_stored()
    found = [gap for gap in gaps(stage) if gap.origin.partition == PARTITION]
    assert [(gap.next_offset, gap.reason) for gap in found] == [(kept[0], "expired")]
    assert found[0].first_offset <= lost[0]


@pytest.mark.timeout(300)
def test_topic_made_again_while_running_what_was_open_is_stored_and_the_new_one_read(
    stage: Stage, admin: AdminClient, topic_prefix: str
) -> None:
    worker = stage.start(new_owner_wait_s=2)
    old_id = stage.log.topic_id(topic_prefix + FRAMES)
    for _ in range(OLD_FRAMES):
        stage.send(CAMERA, clip_ms=60_000)
    stage.wait_for_work(worker, OLD_FRAMES)
    (spec,) = [s for s in topic_specs(topic_prefix) if s.name == topic_prefix + FRAMES]
    for future in admin.delete_topics([spec.name], operation_timeout=LIMIT_S).values():
        future.result(LIMIT_S)

    def is_made() -> bool:
        new = NewTopic(spec.name, num_partitions=spec.partitions, replication_factor=1, config=spec.config)
        try:
            for future in admin.create_topics([new]).values():
                future.result(LIMIT_S)
        except Exception:  # noqa: BLE001  it is still being deleted
            return False
        return True

    wait_until(is_made, "the topic is made again", LIMIT_S)
    until_s = time.monotonic() + LIMIT_S
    offset = None
    while offset is None and time.monotonic() < until_s:
        try:
            offset = stage.send(CAMERA)
        except Exception:  # noqa: BLE001  the producer has not heard of the new topic yet
            time.sleep(0.5)
            continue
        if offset >= OLD_FRAMES:  # in the log that was deleted, and gone with it: not seen so far, only supposed
            stage.acknowledged.discard((CAMERA, stage.last_seq(CAMERA)))
            offset = None
    # A send that failed may have been appended: what counts are the frames that were acknowledged.
    wait_until(lambda: stage.acknowledged <= set(stage.frames()), "all frames are stored", LIMIT_S)
    assert {times for frame, times in stage.frames().items() if frame in stage.acknowledged} == {1}
    ids = {sidecar.origin.topic_id for sidecar in stage.sidecars()}
    assert ids == {old_id, stage.log.topic_id(topic_prefix + FRAMES)}, (offset, stage.log_of(worker))
    assert worker.poll() is None, stage.log_of(worker)

"""The topics and their limits."""

from common.topics import (
    CAMERA_SETTINGS,
    CLIP_EVENTS,
    CONSUMER_STATUS,
    DEAD_LETTERS,
    DETECTIONS,
    FRAMES,
    MIB,
    SEGMENT_JOBS,
    topic_specs,
)


def test_there_are_seven_topics_with_their_partitions() -> None:
    assert {spec.name: spec.partitions for spec in topic_specs()} == {
        FRAMES: 12,
        CAMERA_SETTINGS: 1,
        SEGMENT_JOBS: 12,
        DETECTIONS: 12,
        CLIP_EVENTS: 12,
        CONSUMER_STATUS: 1,
        DEAD_LETTERS: 1,
    }


def test_frames_keep_the_brokers_time_and_are_bounded_in_time_and_bytes() -> None:
    config = topic_specs()[0].config
    assert config["message.timestamp.type"] == "LogAppendTime"
    assert config["cleanup.policy"] == "delete"
    assert config["retention.ms"] == "7200000"
    assert int(config["retention.bytes"]) == 8 * 1024 * MIB // 12 - 64 * MIB
    # A log is cut by whole segments: with the one being written, twelve partitions stay below 8 GiB.
    assert 12 * (int(config["retention.bytes"]) + int(config["segment.bytes"])) <= 8 * 1024 * MIB


def test_every_size_limit_follows_the_frame_limit() -> None:
    for frame_bytes in (MIB, 2 * MIB, 8 * MIB):
        limits = {s.name: int(s.config.get("max.message.bytes", 0)) for s in topic_specs(max_frame_bytes=frame_bytes)}
        assert limits[FRAMES] == frame_bytes + 64 * 1024
        assert limits[DEAD_LETTERS] == frame_bytes + 128 * 1024
        assert limits[CLIP_EVENTS] == 4 * MIB


def test_a_prefix_is_put_before_every_name() -> None:
    assert all(spec.name.startswith("test-") for spec in topic_specs("test-"))
    assert {s.name.removeprefix("test-") for s in topic_specs("test-")} == {s.name for s in topic_specs()}

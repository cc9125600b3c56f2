"""Every topic: its partitions and settings. One idempotent command creates them before any service starts."""

from dataclasses import dataclass, field

DEFAULT_PARTITIONS = 12
MIB = 1024 * 1024
HOUR_MS = 3_600_000
DEFAULT_MAX_FRAME_BYTES = 2 * MIB
RECORD_OVERHEAD_BYTES = 64 * 1024
"""Room for headers and batch framing above the largest frame."""
CLIP_EVENT_MAX_BYTES = 4 * MIB
SMALL_RECORD_MAX_BYTES = MIB
"""What a topic takes that states no limit of its own: the broker's default."""
FRAMES_TOTAL_BYTES = 8 * 1024 * MIB
SEGMENT_BYTES = 64 * MIB

FRAMES = "frames"
CAMERA_SETTINGS = "camera-settings"
SEGMENT_JOBS = "segment-jobs"
DETECTIONS = "detections"
CLIP_EVENTS = "clip-events"
CONSUMER_STATUS = "consumer-status"
DEAD_LETTERS = "dead-letters"


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """One topic. `config` holds broker-side settings as the admin API takes them."""

    name: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)


def topic_specs(prefix: str = "", max_frame_bytes: int = DEFAULT_MAX_FRAME_BYTES) -> tuple[TopicSpec, ...]:
    """All topics, their names prefixed (`LOOKOUT_TOPIC_PREFIX`), every size limit derived from the frame limit."""
    frame_record = max_frame_bytes + RECORD_OVERHEAD_BYTES
    log_append = {"message.timestamp.type": "LogAppendTime"}
    specs = (
        TopicSpec(
            FRAMES,
            DEFAULT_PARTITIONS,
            log_append
            | {
                "cleanup.policy": "delete",
                "retention.ms": str(2 * HOUR_MS),
                "retention.bytes": str(FRAMES_TOTAL_BYTES // DEFAULT_PARTITIONS - SEGMENT_BYTES),
                "segment.bytes": str(SEGMENT_BYTES),
                "max.message.bytes": str(frame_record),
            },
        ),
        TopicSpec(CAMERA_SETTINGS, 1, {"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.1"}),
        TopicSpec(SEGMENT_JOBS, DEFAULT_PARTITIONS, {"retention.ms": str(7 * 24 * HOUR_MS)}),
        TopicSpec(DETECTIONS, DEFAULT_PARTITIONS, {"retention.ms": "600000", "segment.ms": "600000"}),
        TopicSpec(
            CLIP_EVENTS,
            DEFAULT_PARTITIONS,
            {"retention.ms": str(7 * 24 * HOUR_MS), "max.message.bytes": str(CLIP_EVENT_MAX_BYTES)},
        ),
        TopicSpec(CONSUMER_STATUS, 1, {"retention.ms": "600000", "segment.ms": "600000"}),
        TopicSpec(
            DEAD_LETTERS,
            1,
            {"retention.ms": str(72 * HOUR_MS), "max.message.bytes": str(max_frame_bytes + 2 * RECORD_OVERHEAD_BYTES)},
        ),
    )
    return tuple(TopicSpec(prefix + spec.name, spec.partitions, spec.config) for spec in specs)

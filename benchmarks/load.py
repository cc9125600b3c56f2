"""Frames in Kafka before the consumer starts, and the sight of all of them stored."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

from benchmarks.plain_loop import CLIP_MS, make_headers
from common.contracts.clip_event import ClipReady, parse_event
from common.contracts.frame import encode_headers
from common.kafka.confluent import ConfluentTopicReader
from common.kafka.ports import FROM_BEGINNING
from common.settings import KafkaSettings
from common.topics import CLIP_EVENTS, FRAMES, topic_specs
from consumers.pipeline.analysis import AnalysisDefinition

FRAME_MS = 100
"""Log time between two frames of a camera: 10 frames/s. The benchmark's topic has CreateTime, so that a minute of log
time is written in a second and windows are as long as in life."""
READ_S = 0.2


@dataclass(frozen=True, slots=True)
class Load:
    """`cameras` cameras with `frames` frames each, all of one size."""

    cameras: int
    frames: int
    size: tuple[int, int]
    partitions: int

    @property
    def total(self) -> int:
        return self.cameras * self.frames


def make_topics(settings: KafkaSettings, partitions: int) -> None:
    """The product's topics under the settings' prefix; `frames` with CreateTime. They must not exist."""
    admin = AdminClient(settings.client_config())
    topics = []
    for spec in topic_specs(settings.topic_prefix, settings.max_frame_bytes):
        config = dict(spec.config)
        count = spec.partitions
        if spec.name == settings.topic(FRAMES):
            config |= {"message.timestamp.type": "CreateTime", "retention.ms": "-1", "retention.bytes": "-1"}
            count = partitions
        topics.append(NewTopic(spec.name, count, 1, config=config))
    for future in admin.create_topics(topics).values():
        future.result(30)


def delete_topics(settings: KafkaSettings) -> None:
    """So that a sweep does not fill the disk."""
    names = [spec.name for spec in topic_specs(settings.topic_prefix, settings.max_frame_bytes)]
    AdminClient(settings.client_config()).delete_topics(names)


def fill(settings: KafkaSettings, definition: AnalysisDefinition, load: Load, jpegs: Sequence[bytes]) -> None:
    """Write every frame, cameras interleaved as they would arrive; all windows are over, so that none is waited for."""
    producer = Producer(
        settings.client_config() | {"linger.ms": 20, "queue.buffering.max.messages": 100_000, "acks": "all"}
    )
    t0_ms = int(time.time() * 1000) - load.frames * FRAME_MS - 2 * CLIP_MS
    for number in range(load.frames):
        log_ms = t0_ms + number * FRAME_MS
        for camera in range(load.cameras):
            headers: list[tuple[str, str | bytes | None]] = list(
                encode_headers(make_headers(definition, number, log_ms, load.size))
            )
            headers[1] = ("session", f"bench-session-{camera:010d}".encode())
            while True:
                try:
                    producer.produce(
                        settings.topic(FRAMES),
                        key=f"bench-{camera:04d}",
                        value=jpegs[(number + camera * 7) % len(jpegs)],
                        headers=headers,
                        partition=camera % load.partitions,
                        timestamp=log_ms,
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
        producer.poll(0)
    if producer.flush(120) != 0:
        raise RuntimeError("Kafka did not take the frames within 120 s")


class Finish:
    """Follows `clip-events` and counts the frames of the clips announced."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._reader = ConfluentTopicReader(settings, [settings.topic(CLIP_EVENTS)], FROM_BEGINNING)
        self.frames = 0

    def wait(self, frames: int, limit_s: float) -> bool:
        """Whether clips with `frames` frames were announced within `limit_s`."""
        end_s = time.monotonic() + limit_s
        while self.frames < frames and time.monotonic() < end_s:
            for record in self._reader.poll(READ_S):
                event = parse_event(record.value or b"")
                if isinstance(event, ClipReady):
                    self.frames += event.frame_count
        return self.frames >= frames

    def close(self) -> None:
        self._reader.close()

"""Frames in Kafka for a consumer to work off, and the sight of all of them stored."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Producer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from benchmarks.plain_loop import CLIP_MS, FRAME_MS, PHASE, make_headers
from common.contracts.clip_event import ClipReady, parse_event
from common.contracts.frame import encode_headers
from common.deadline import Deadline
from common.kafka.confluent import ConfluentTopicReader
from common.kafka.ports import FROM_BEGINNING
from common.retry import retry_transient
from common.settings import KafkaSettings
from common.topics import CLIP_EVENTS, DEFAULT_PARTITIONS, FRAMES, topic_specs
from consumers.pipeline.analysis import AnalysisDefinition

READ_S = 0.2
SEEN_S = 0.05
ADMIN_S = 30.0
TIMESTAMPS = "message.timestamp.type"
SETTING_TAKEN_S = 0.5
"""The controller answers before the log itself goes by a setting."""


@dataclass(frozen=True, slots=True)
class Load:
    """`cameras` cameras with `frames` frames each, all of one size, `frame_ms` of log time apart."""

    cameras: int
    frames: int
    size: tuple[int, int]
    partitions: int
    frame_ms: int = FRAME_MS
    search_every_ms: int = 1

    @property
    def total(self) -> int:
        return self.cameras * self.frames


def make_topics(settings: KafkaSettings) -> None:
    """The product's topics under the settings' prefix; they must not exist. `frames` keeps all that is written."""
    admin = AdminClient(settings.client_config())
    topics = []
    for spec in topic_specs(settings.topic_prefix, settings.max_frame_bytes):
        config = dict(spec.config)
        if spec.name == settings.topic(FRAMES):
            config |= {"retention.ms": "-1", "retention.bytes": "-1"}
        topics.append(NewTopic(spec.name, spec.partitions, 1, config=config))
    for future in admin.create_topics(topics).values():
        future.result(ADMIN_S)
    wanted, limit_s = {topic.topic for topic in topics}, time.monotonic() + ADMIN_S
    # The controller answers before the broker knows of them.
    while not wanted <= set(admin.list_topics(timeout=ADMIN_S).topics):
        if time.monotonic() > limit_s:
            raise RuntimeError(f"Kafka does not show the topics that were made within {ADMIN_S:.0f} s")
        time.sleep(SEEN_S)


@contextmanager
def stamped_by_producer(settings: KafkaSettings) -> Iterator[None]:
    """Records written meanwhile have the producer's times, so that a minute of log time is written in a second and
    windows are as long as in life. Before and afterwards they get the broker's, as consumers demand."""
    stamp(settings, "CreateTime")
    time.sleep(SETTING_TAKEN_S)
    try:
        yield
    finally:
        stamp(settings, "LogAppendTime")


def stamp(settings: KafkaSettings, kind: str) -> None:
    entry = ConfigEntry(TIMESTAMPS, kind, incremental_operation=AlterConfigOpType.SET)
    topic = ConfigResource(ResourceType.TOPIC, settings.topic(FRAMES), incremental_configs=[entry])
    admin = AdminClient(settings.client_config())
    for future in admin.incremental_alter_configs([topic]).values():
        future.result(ADMIN_S)


def delete_topics(settings: KafkaSettings) -> None:
    """So that a sweep does not fill the disk."""
    names = [spec.name for spec in topic_specs(settings.topic_prefix, settings.max_frame_bytes)]
    AdminClient(settings.client_config()).delete_topics(names)


def fill(
    settings: KafkaSettings,
    definition: AnalysisDefinition,
    load: Load,
    jpegs: Sequence[bytes],
    partitions: Sequence[int] = range(DEFAULT_PARTITIONS),
) -> int:
    """Write every frame, cameras interleaved as they would arrive; all windows are over, so that none is waited for.
    The bytes of all records: key, headers, JPEG. Cameras and sessions are new ones each time: what is stored already
    would be a duplicate. Cameras lie in the first ones of `partitions`, as many as the load says."""
    written = 0
    places = partitions[: load.partitions]
    run = secrets.token_hex(4)
    producer = Producer(
        settings.client_config() | {"linger.ms": 20, "queue.buffering.max.messages": 100_000, "acks": "all"}
    )
    with stamped_by_producer(settings):
        t0_ms = int(time.time() * 1000) - load.frames * load.frame_ms - 2 * CLIP_MS
        for number in range(load.frames):
            log_ms = t0_ms + number * load.frame_ms
            for camera in range(load.cameras):
                headers: list[tuple[str, str | bytes | None]] = list(
                    encode_headers(make_headers(definition, number, log_ms, load.size, load.search_every_ms))
                )
                headers[1] = ("session", f"bench-{run}-{camera:04d}".encode())
                jpeg = jpegs[(number + camera * PHASE) % len(jpegs)]
                key = f"bench-{run}-{camera:04d}"
                written += record_bytes(key, headers, jpeg)
                topic, partition = settings.topic(FRAMES), places[camera % len(places)]
                _produce(producer, topic, key=key, value=jpeg, headers=headers, partition=partition, timestamp=log_ms)
            producer.poll(0)
        if producer.flush(120) != 0:
            raise RuntimeError("Kafka did not take the frames within 120 s")
    return written


def _produce(producer: Producer, topic: str, **record: Any) -> None:
    """Wait where the producer's queue is full."""
    while True:
        try:
            return producer.produce(topic, **record)
        except BufferError:
            producer.poll(0.1)


RECORD_FRAME_BYTES = 12
"""Lengths, attributes and deltas of a record in a batch, as varints (Kafka protocol guide, record format 2)."""


def record_bytes(key: str, headers: Sequence[tuple[str, str | bytes | None]], value: bytes) -> int:
    """What one record takes in the log. Headers cost their names too, and two lengths each."""
    of_headers = sum(len(name) + len(text or b"") + 2 for name, text in headers)
    return len(key) + len(value) + of_headers + RECORD_FRAME_BYTES


class Finish:
    """Follows `clip-events` and counts the frames of the clips announced."""

    def __init__(self, settings: KafkaSettings) -> None:
        # Partitions of a topic just made have no leader for a moment.
        self._reader = retry_transient(
            lambda: ConfluentTopicReader(settings, [settings.topic(CLIP_EVENTS)], FROM_BEGINNING), Deadline(ADMIN_S)
        )
        self.frames = 0
        self.stored_bytes = 0

    def wait(self, frames: int, limit_s: float, is_going: Callable[[], bool]) -> bool:
        """Whether clips with `frames` frames were announced within `limit_s`; False as soon as nothing goes on."""
        end_s = time.monotonic() + limit_s
        while self.frames < frames and time.monotonic() < end_s and is_going():
            for record in self._reader.poll(READ_S):
                event = parse_event(record.value or b"")
                if isinstance(event, ClipReady):
                    self.frames += event.frame_count
                    self.stored_bytes += event.video_bytes
        return self.frames >= frames

    def close(self) -> None:
        self._reader.close()

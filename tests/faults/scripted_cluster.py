"""The real engine on librdkafka's mock cluster, which answers with the errors that a script tells it.

The adapter, the group protocol and the sockets are the product's; the video half and the store are fakes that obey
their contracts (`tests/support/fake_workload.py`). Two cameras in two partitions go on sending all the while.
"""

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from common.clock import SystemClock
from common.contracts.clip_event import ClipReady, parse_event
from common.contracts.frame import AnalysisRequest, FrameHeaders, encode_headers
from common.errors import Transient
from common.kafka.confluent import (
    ConfluentGroupConsumer,
    ConfluentLogReader,
    ConfluentProducer,
    GroupTuning,
    ProducerTuning,
)
from common.kafka.ports import TopicPartition
from common.metrics import Metrics
from common.settings import KafkaSettings, load_settings
from consumers.runtime.engine import EXIT_STOPPED, Engine, build_engine
from consumers.runtime.settings import EngineSettings
from tests.support.fake_workload import FakeBucket, FakeClipStore, FakeWorkload
from tests.support.mock_cluster import MockCluster
from tests.support.noted_hang import NotedHang
from tests.support.service_process import wait_until

FRAMES, EVENTS, LETTERS, STATUS = "frames", "clip-events", "dead-letters", "consumer-status"
ANALYSIS = "recorder"
GROUP = ANALYSIS
CAMERAS = {"cam-a": 0, "cam-b": 1}
CLIP_MS = 2_000
FPS = 10.0
SESSION = "session-0123456789"
SESSION_TIMEOUT_S = 2.0
HEARTBEAT_S = 0.2
"""Errors of a heartbeat come with the next one; the product's takes a second. A member that joins again waits for the
session's time-out less 1 s: the mock cluster waits for others that do not come."""
SETTLE_S = 60.0
MEMBER_END_S = 30.0
SEEN_AFTER_S = 1.0
"""What a script does shows in what is sent and asked meanwhile."""
Identity = tuple[str, tuple[str, int]]


class SendingCamera:
    """Sends a frame every 1/FPS s, each again under its own seq until it is acknowledged, as the camera client does."""

    def __init__(self, producer: ConfluentProducer, name: str, partition: int) -> None:
        self._producer = producer
        self._name = name
        self._partition = partition
        self._stop = threading.Event()
        self.is_silent = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.acknowledged = 0
        """Frames 0 to this one, exclusive, are in the log."""
        self.repeated = 0
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(MEMBER_END_S)

    def _run(self) -> None:
        while not self._stop.wait(1 / FPS):
            if self.is_silent:
                continue
            now_us = time.time_ns() // 1000
            request = (AnalysisRequest(ANALYSIS),)
            headers = FrameHeaders(SESSION, self.acknowledged, now_us, now_us, 64, 48, 1, request, CLIP_MS)
            try:
                self._producer.send_and_wait(
                    FRAMES, self._name.encode(), b"jpeg", encode_headers(headers), self._partition, timeout_s=5.0
                )
            except Transient:
                self.repeated += 1
            else:
                self.acknowledged += 1


@dataclass
class Member:
    """One engine on a thread. `status`: its exit status, once it has ended."""

    engine: Engine
    hang: NotedHang
    clients: contextlib.ExitStack
    thread: threading.Thread = field(init=False)
    status: int | None = None

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.status = self.engine.run()

    @property
    def problem(self) -> str | None:
        """What its watchdog said, or that it has ended, and not in good order."""
        if self.hang.problem is None and self.status not in (None, EXIT_STOPPED):
            return f"The engine ended with {self.status}."
        return self.hang.problem

    @property
    def has_partitions(self) -> bool:
        """Whether it reads any."""
        return any(assignment.is_reading for assignment in list(self.engine.loop._assignments.values()))

    def stop(self) -> int | None:
        """As SIGTERM does."""
        self.engine.stop()
        self.thread.join(MEMBER_END_S)
        self.clients.close()
        return self.status


class ScriptedCluster:
    """Use as a context manager: at its end cameras, members and the cluster are gone."""

    def __init__(self) -> None:
        self._cleanup = contextlib.ExitStack()
        self.mock = self._cleanup.enter_context(MockCluster(brokers=2))
        for topic in (FRAMES, EVENTS, LETTERS, STATUS):
            self.mock.create_topic(topic, len(CAMERAS))
        self.settings = load_settings(KafkaSettings, {"KAFKA_BOOTSTRAP_SERVERS": self.mock.bootstrap_servers})
        self.bucket = FakeBucket()
        self.cameras: dict[str, SendingCamera] = {}
        self.members: list[Member] = []

    def __enter__(self) -> Self:
        for name, partition in CAMERAS.items():
            producer = ConfluentProducer(self.settings, ProducerTuning(delivery_timeout_s=5.0), client_id=name)
            self._cleanup.callback(producer.close)
            self.cameras[name] = SendingCamera(producer, name, partition)
            self._cleanup.callback(self.cameras[name].stop)
        self.start_member()
        first = "the first clips are stored"
        wait_until(lambda: self.has_died or len(self.bucket.objects) >= len(CAMERAS), first, SETTLE_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self.members:
            member.stop()
        self._cleanup.close()

    def start_member(self) -> Member:
        """An engine in the group, on handles of its own."""
        clients = contextlib.ExitStack()
        tuning = GroupTuning(session_timeout_s=SESSION_TIMEOUT_S, heartbeat_s=HEARTBEAT_S)
        group = ConfluentGroupConsumer(self.settings, GROUP, tuning)
        reader = ConfluentLogReader(self.settings)
        clients.callback(reader.close)
        producer = ConfluentProducer(self.settings)
        clients.callback(producer.close)
        settings = EngineSettings(
            analysis=ANALYSIS, threads=2, commit_every_s=0.2, lag_every_s=0.5, session_timeout_s=SESSION_TIMEOUT_S
        )
        store, clock, hang = FakeClipStore(self.bucket), SystemClock(), NotedHang()
        engine = build_engine(settings, group, reader, producer, FakeWorkload(), store, Metrics(), clock, die=hang)
        member = Member(engine, hang, clients)
        self.members.append(member)
        return member

    @property
    def has_died(self) -> bool:
        """Whether a member hangs, or has ended and not in good order."""
        return any(member.problem is not None for member in self.members)

    def acknowledged(self) -> set[Identity]:
        return {(name, (SESSION, seq)) for name, camera in self.cameras.items() for seq in range(camera.acknowledged)}

    @contextlib.contextmanager
    def silence(self) -> Iterator[None]:
        """Meanwhile only members produce: ticks, events, status."""
        for camera in self.cameras.values():
            camera.is_silent = True
        yield
        for camera in self.cameras.values():
            camera.is_silent = False

    def recover(self, within_s: float = SETTLE_S) -> float:
        """Seconds until each frame that is acknowledged a second from now is in a clip, or a member has died.
        AssertionError when it takes longer."""
        begun_s = time.monotonic()
        time.sleep(SEEN_AFTER_S)
        sent = self.acknowledged()
        wait_until(lambda: self.has_died or sent <= set(self.bucket.frames()), "frames are in clips", within_s)
        return time.monotonic() - begun_s

    def finish(self) -> "Accounts":
        """Stop the cameras, wait until all is stored, stop the members in good order, and compare."""
        for camera in self.cameras.values():
            camera.stop()
        sent = self.acknowledged()
        with contextlib.suppress(AssertionError):  # the accounts say what is missing
            wait_until(lambda: sent <= set(self.bucket.frames()), "all frames are stored", SETTLE_S)
        statuses = [member.stop() for member in self.members]
        with contextlib.closing(ConfluentLogReader(self.settings)) as reader:
            ends = {p: reader.watermarks(p).high for p in _partitions(FRAMES)}
            committed = reader.committed(GROUP, list(ends))
            events = [event for p in _partitions(EVENTS) for event in _clips_announced(reader, p)]
        held = Counter(self.bucket.frames())
        return Accounts(
            frames=len(sent),
            clips=len(self.bucket.objects),
            lost=len(sent - set(held)),
            second=sum(times > 1 for times in held.values()),
            without_event=len({str(clip_id) for clip_id in self.bucket.objects} - {event.clip_id for event in events}),
            uncommitted=sum(ends[p] - (at.next_offset if at else 0) for p, at in committed.items()),
            repeated=sum(camera.repeated for camera in self.cameras.values()),
            is_orderly=set(statuses) == {EXIT_STOPPED},
        )


@dataclass(frozen=True, slots=True)
class Accounts:
    """What came of a run. `uncommitted`: records that a next owner reads again; `repeated`: sends of cameras."""

    frames: int
    clips: int
    lost: int
    second: int
    without_event: int
    uncommitted: int
    repeated: int
    is_orderly: bool


def _partitions(topic: str) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for number in CAMERAS.values()]


def _clips_announced(reader: ConfluentLogReader, partition: TopicPartition) -> Iterator[ClipReady]:
    ends = reader.watermarks(partition)
    for record in reader.read(partition, ends.low, ends.high, timeout_s=20.0):
        event = parse_event(record.value or b"")
        if isinstance(event, ClipReady):
            yield event

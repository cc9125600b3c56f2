"""Cameras that send in real time: frames written to Kafka at their rates, as the ingest service would."""

import heapq
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from confluent_kafka import Producer

from benchmarks.load import record_bytes
from benchmarks.plain_loop import PHASE, make_headers
from common.contracts.frame import encode_headers
from common.settings import KafkaSettings
from common.topics import FRAMES
from consumers.pipeline.analysis import AnalysisDefinition

FLUSH_S = 30.0


@dataclass(frozen=True, slots=True)
class PacedCamera:
    """One camera: where its frames go, and how many a second."""

    name: str
    partition: int
    per_s: float


def make_cameras(count: int, per_s: float, partitions: int = 12, first: str | None = None) -> list[PacedCamera]:
    """`count` cameras spread over the partitions as the API server does. Their names are new ones each time; that of
    the first may be given a beginning."""
    run = secrets.token_hex(4)
    names = [f"{first if first and not n else 'bench'}-{run}-{n:03d}" for n in range(count)]
    return [PacedCamera(name, n % partitions, per_s) for n, name in enumerate(names)]


class Feeder:
    """Sends on the calling thread. `frames`, `record_bytes`: what was sent so far."""

    def __init__(
        self,
        settings: KafkaSettings,
        definition: AnalysisDefinition,
        jpegs: Sequence[bytes],
        size: tuple[int, int],
        search_every_ms: int = 1,
    ) -> None:
        self._topic = settings.topic(FRAMES)
        self._producer = Producer(settings.client_config() | {"linger.ms": 0, "acks": "all"})
        self._definition = definition
        self._jpegs = jpegs
        self._size = size
        self._search_every_ms = search_every_ms
        self._session = f"bench-{secrets.token_hex(8)}"
        self._sent: dict[str, int] = {}
        self.frames = 0
        self.record_bytes = 0

    def feed(self, cameras: Sequence[PacedCamera], seconds: float) -> float:
        """Send for so long, each camera at its rate, out of step with the others; seconds it took. Raises RuntimeError
        when Kafka does not take the frames."""
        begun_s = time.monotonic()
        due = [
            (begun_s + number / len(cameras) / camera.per_s, number, camera) for number, camera in enumerate(cameras)
        ]
        heapq.heapify(due)
        while due[0][0] < begun_s + seconds:
            due_s, number, camera = due[0]
            time.sleep(max(0.0, due_s - time.monotonic()))
            self._send(camera, number)
            heapq.heapreplace(due, (due_s + 1 / camera.per_s, number, camera))
            self._producer.poll(0)
        if self._producer.flush(FLUSH_S) != 0:
            raise RuntimeError(f"Kafka did not take the frames within {FLUSH_S:.0f} s")
        return time.monotonic() - begun_s

    def _send(self, camera: PacedCamera, number: int) -> None:
        seq = self._sent.get(camera.name, 0)
        self._sent[camera.name] = seq + 1
        now_ms = int(time.time() * 1000)
        headers: list[tuple[str, str | bytes | None]] = list(
            encode_headers(make_headers(self._definition, seq, now_ms, self._size, self._search_every_ms))
        )
        headers[1] = ("session", f"{self._session}-{number:03d}".encode())
        jpeg = self._jpegs[(seq + number * PHASE) % len(self._jpegs)]
        self._producer.produce(self._topic, key=camera.name, value=jpeg, headers=headers, partition=camera.partition)
        self.frames += 1
        self.record_bytes += record_bytes(camera.name, headers, jpeg)

"""An ingest service over Kafka in memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from flask.testing import FlaskClient

from common.clock import SystemClock
from common.contracts.camera_settings import AnalysisSettings, CameraSettings
from common.contracts.identity import hash_token, make_token
from common.kafka.memory import MemoryCluster, MemoryProducer
from common.kafka.ports import Record
from common.settings import KafkaSettings, PlaceSettings
from common.topics import CAMERA_SETTINGS, FRAMES
from producer_service.app import create_app
from producer_service.service import IngestService

CAMERA = "cam-aaaaaaaaaa"
PARTITION = 5


def make_jpeg(width: int = 64, height: int = 48, padding: int = 0) -> bytes:
    """Markers and header of a baseline JPEG that ingest takes; it holds no picture."""
    header = b"\xff\xc0\x00\x11\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big")
    header += b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    scan = b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00" + b"\x00" * padding
    return b"\xff\xd8" + header + scan + b"\xff\xd9"


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    until_s = monotonic() + timeout_s
    while not condition():
        assert monotonic() < until_s, "it did not happen in time"
        sleep(0.01)


@dataclass
class Bench:
    """One service, its cluster, one camera and a client."""

    cluster: MemoryCluster
    service: IngestService
    client: FlaskClient
    producer: MemoryProducer
    token: str
    settings: CameraSettings

    def put(self, settings: CameraSettings) -> None:
        """Store a camera's settings and wait until ingest knows them."""
        self.cluster.append(CAMERA_SETTINGS, 0, settings.camera.encode(), settings.to_json())
        wait_until(lambda: self.service.directory.find(settings.camera) == settings)

    def change(self, **fields: Any) -> CameraSettings:
        self.settings = self.settings.model_copy(update={"version": self.settings.version + 1, **fields})
        self.put(self.settings)
        return self.settings

    def post(self, body: bytes | None = None, camera: str = CAMERA, token: str | None = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {token or self.token}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        kind = sent.pop("Content-Type", "image/jpeg")
        body = make_jpeg() if body is None else body
        return self.client.post(f"/v1/cameras/{camera}/frames", data=body, headers=sent, content_type=kind)

    def frames(self) -> list[Record]:
        return self.cluster.records(FRAMES)


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    made: list[IngestService] = []

    def make(is_caught_up: bool = True, ack_s: float = 5.0, min_free_bytes: int = 0) -> Bench:
        cluster = MemoryCluster(SystemClock())
        cluster.create_topic(FRAMES)
        if is_caught_up:
            cluster.create_topic(CAMERA_SETTINGS, 1)
        token = make_token()
        settings = CameraSettings(
            camera=CAMERA,
            version=1,
            name="Yard",
            owner="admin",
            token_hashes=(hash_token(token),),
            partition=PARTITION,
            analyses=(AnalysisSettings(name="license_plate"), AnalysisSettings(name="recorder")),
        )
        producer = cluster.producer()
        service = IngestService(
            KafkaSettings.model_validate({}),
            PlaceSettings.model_validate({"LOOKOUT_VAR_DIR": tmp_path, "LOOKOUT_MIN_FREE_BYTES": min_free_bytes}),
            make_producer=lambda: producer,
            make_settings_reader=lambda: cluster.follower([CAMERA_SETTINGS]),
            ack_s=ack_s,
            status_every_s=3600,
        )
        service.start()
        made.append(service)
        bench = Bench(cluster, service, create_app(service).test_client(), producer, token, settings)
        if is_caught_up:
            bench.put(settings)
        return bench

    yield make
    for service in made:
        service.stop()


@pytest.fixture
def jpeg() -> Callable[..., bytes]:
    return make_jpeg


@pytest.fixture
def wait() -> Callable[..., None]:
    return wait_until


@pytest.fixture
def bench(make_bench: Callable[..., Bench]) -> Bench:
    return make_bench()

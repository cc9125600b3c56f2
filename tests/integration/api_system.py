"""An API server and an indexer as real processes over real servers, and what tests do with them."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from api_server.cameras.demo import DEMO_CAMERAS_FILE
from common.contracts.clip_event import ClipReady, clip_ready
from common.contracts.object_metadata import ClipMetadata
from common.contracts.sidecar import Sidecar
from common.contracts.sidecar_box import pack_box
from common.kafka.confluent import ConfluentProducer
from common.settings import KafkaSettings, StorageSettings, load_settings
from common.storage.clips import VIDEO_TYPE
from common.storage.s3 import S3ObjectStore
from common.topics import CLIP_EVENTS
from infra.native.ports import free_ports
from tests.support.cameras import make_topics
from tests.support.service_process import ServiceProcess, wait_until
from tests.unit.api_server.world import JPEG, VIDEO

LISTED_S = 60.0
LIVE_KEY = "integration-signing-key-0123456789"


class ApiSystem:
    """One installation on topics, a bucket and a database of its own."""

    def __init__(self, variables: Mapping[str, str], folder: Path, cleanup: ExitStack) -> None:
        ports = free_ports()
        self.variables = {
            **variables,
            "LOOKOUT_PAGE_PORT": str(ports.page),
            "LOOKOUT_HEALTH_PORT": str(ports.health_of("indexer")),
            "LOOKOUT_SIGNING_KEY": LIVE_KEY,
        }
        self.folder = folder
        self._cleanup = cleanup
        self._started: list[ServiceProcess] = []
        self.kafka = load_settings(KafkaSettings, self.variables)
        self.store = S3ObjectStore(load_settings(StorageSettings, self.variables))
        self.api = ServiceProcess("api_server", ports.page, self.variables, folder / "api.log")
        self.indexer = ServiceProcess(
            "api_server.indexer", ports.health_of("indexer"), self.variables, folder / "indexer.log"
        )
        make_topics(self.kafka.bootstrap_servers, self.kafka.topic_prefix)
        self.producer = ConfluentProducer(self.kafka)
        cleanup.callback(self.producer.close)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api.port}"

    def start(self, *services: ServiceProcess) -> None:
        for service in services or (self.api, self.indexer):
            self._cleanup.enter_context(service)
            self._started.append(service)
        for service in services or (self.api, self.indexer):
            service.wait_ready()

    def tell_to_end(self) -> None:
        """All that was started; each is waited for when the system is closed."""
        for service in self._started:
            service.tell_to_end()

    def write_demo_tokens(self, tokens: Mapping[str, str]) -> None:
        entries = {camera: {"token": token} for camera, token in tokens.items()}
        (self.folder / DEMO_CAMERAS_FILE).write_text(json.dumps(entries))

    def first_admin(self) -> tuple[str, str]:
        name, password = (self.folder / "first-admin").read_text().split()
        return name, password

    def sign_in(self, name: str | None = None, password: str | None = None) -> httpx.Client:
        """A client with a session, as the first admin unless said otherwise."""
        if name is None or password is None:
            name, password = self.first_admin()
        client = httpx.Client(base_url=self.url, timeout=30)
        self._cleanup.callback(client.close)
        answer = client.post("/v1/session", json={"name": name, "password": password})
        assert answer.status_code == 200, answer.text
        client.headers["X-CSRF-Token"] = answer.json()["csrf_token"]
        return client

    def put_clip(self, sidecar: Sidecar, video: bytes = VIDEO, picture: bytes = JPEG) -> ClipReady:
        """Store a clip with its derived files, as a consumer does; its event, not yet sent."""
        clip_id, data = sidecar.clip_id, video + pack_box(sidecar)
        metadata = ClipMetadata.of(sidecar, len(video)).to_metadata()
        self.store.create(clip_id.video_key, data, VIDEO_TYPE, metadata)
        self.store.create(clip_id.sidecar_key, sidecar.to_json(), "application/json")
        self.store.create(clip_id.poster_key, picture, "image/jpeg")
        for sighting in sidecar.sightings:
            self.store.create(clip_id.crop_key(sighting.n), picture, "image/jpeg")
        return clip_ready(sidecar, len(data))

    def announce(self, event: ClipReady) -> None:
        self.producer.send_and_wait(self.kafka.topic(CLIP_EVENTS), event.camera.encode(), event.to_json())

    def wait_listed(self, client: httpx.Client, *clip_ids: str) -> float:
        """Until all clips are listed; seconds waited."""
        start = time.monotonic()
        wait_until(lambda: set(clip_ids) <= set(listed(client)), f"{clip_ids} are listed", LISTED_S)
        return time.monotonic() - start


def listed(client: httpx.Client, **query: Any) -> list[str]:
    """Ids of the first page of clips."""
    answer = client.get("/v1/clips", params={"limit": 200, **query})
    assert answer.status_code == 200, answer.text
    return [clip["id"] for clip in answer.json()["clips"]]


@contextmanager
def open_system(variables: Mapping[str, str], folder: Path) -> Iterator[ApiSystem]:
    with ExitStack() as cleanup:
        system = ApiSystem(variables, folder, cleanup)
        try:
            yield system
        finally:
            system.tell_to_end()


OpenSystem = Callable[[], ApiSystem]

"""A running lookout for a browser: API, indexer, signalling, and ingest when asked for; filled from scenes."""

import contextlib
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from common.contracts.clip_event import PartReady, QueryFailed, QueryPlanned
from common.contracts.consumer_status import CameraLag, ConsumerStatus, PartitionStatus
from common.contracts.detection import DetectionMessage
from common.contracts.identity import make_session
from common.contracts.query_sidecar import QuerySidecar, part_ready
from common.contracts.segment_job import part_key, result_key, result_poster_key
from common.contracts.sidecar_box import pack_box
from common.storage.queries import sidecar_metadata
from common.topics import CLIP_EVENTS, CONSUMER_STATUS, DETECTIONS
from infra.native.ports import free_ports
from tests.browser.scenes import FPS, HEIGHT, WIDTH, Cars, Face, MadeClip, make_clip
from tests.integration.api_system import ApiSystem, open_system
from tests.support.service_process import ServiceProcess, wait_until

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


class Stage:
    """Fills a system with cameras, clips and live pictures."""

    def __init__(self, system: ApiSystem, ingest: ServiceProcess) -> None:
        self.system = system
        self._ingest = ingest
        self._is_ingesting = False
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.admin: httpx.Client = system.sign_in()

    @property
    def url(self) -> str:
        return self.system.url

    def start_ingest(self) -> None:
        """Most pages do without: a process less to wait for."""
        if not self._is_ingesting:
            self._is_ingesting = True
            self.system.start(self._ingest)

    def add_camera(self, name: str, **fields: object) -> dict[str, object]:
        answer = self.admin.post("/v1/cameras", json={"name": name, **fields})
        assert answer.status_code == 201, answer.text
        made: dict[str, object] = answer.json()
        return made

    def add_clip(self, made: MadeClip) -> str:
        """Store and announce a clip; its id once it is listed."""
        clip_id = made.sidecar.clip_id
        event = self.system.put_clip(made.sidecar, made.video, made.poster)
        for n, crop in enumerate(made.crops):
            self.system.store.replace(clip_id.crop_key(n), crop, "image/jpeg")
        self.system.announce(event)
        query = {"camera": made.sidecar.camera, "sightings": "any"}
        until = time.monotonic() + 60
        while self.admin.get(f"/v1/clips/{event.clip_id}", params=None).status_code != 200:
            assert time.monotonic() < until, query
            time.sleep(0.1)
        return event.clip_id

    def upload(self, name: str, video: bytes) -> str:
        """The id of an uploaded film."""
        answer = self.admin.post(
            "/v1/recordings", params={"name": name}, content=video, headers={"Content-Type": "video/mp4"}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def ask(self, **body: object) -> str:
        """The id of a query."""
        answer = self.admin.post("/v1/queries", json={"analysis": "license_plate", **body})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def tell(self, event: QueryPlanned | PartReady | QueryFailed) -> None:
        """What a worker says of a query."""
        topic = self.system.kafka.topic(CLIP_EVENTS)
        self.system.producer.send_and_wait(topic, event.query_id.encode(), event.to_json())

    def finish(self, query_id: str, made: MadeClip) -> None:
        """Store a clip as the result of a query, and wait until it is shown."""
        clip = made.sidecar
        sidecar = QuerySidecar(
            query_id=query_id,
            analysis=clip.analysis,
            part=0,
            parts=1,
            is_result=True,
            frame_count=clip.frame_count,
            searched=clip.frame_count,
            duration_ms=clip.length_ms,
            width=clip.width,
            height=clip.height,
            t0_us=clip.t0_us,
            model=clip.model,
            detections=clip.detections,
            sightings=clip.sightings,
        )
        key, store = result_key(query_id), self.system.store
        store.create(key, made.video + pack_box(sidecar), "video/mp4", sidecar_metadata(len(made.video)))
        store.create(result_poster_key(query_id), made.poster, "image/jpeg")
        self.tell(part_ready(sidecar, key))
        path = f"/v1/queries/{query_id}"
        wait_until(lambda: bool(self.admin.get(path).json()["state"] == "finished"), "the query is finished")

    def play(self, camera: Mapping[str, object], scene: Cars | Face) -> None:
        """Send a scene through ingest, with its boxes as an analysis would, until the stage is closed."""
        self.start_ingest()
        thread = threading.Thread(target=self._play, args=(camera, scene), daemon=True)
        self._threads.append(thread)
        thread.start()

    def report(
        self, instance: str, analysis: str, lags: Mapping[str, tuple[int, int, float]], **fields: object
    ) -> None:
        """What a consumer says of itself, every second until the stage is closed. `lags`: camera -> partition, records,
        seconds."""
        thread = threading.Thread(target=self._report, args=(instance, analysis, lags, fields), daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(20)

    def _play(self, camera: Mapping[str, object], scene: Cars | Face) -> None:
        session, seq = make_session(), 0
        server = f"http://127.0.0.1:{self._ingest.port}"
        kafka = self.system.kafka
        with httpx.Client(base_url=server, timeout=20) as client:
            while not self._stop.wait(1 / FPS):
                now_us = time.time_ns() // 1000
                shot = scene.shot(now_us / 1e6)
                headers = {
                    "Authorization": f"Bearer {camera['token']}",
                    "Content-Type": "image/jpeg",
                    "X-Lookout-Session": session,
                    "X-Lookout-Seq": str(seq),
                    "X-Lookout-Captured-At": str(now_us),
                }
                with contextlib.suppress(httpx.HTTPError):  # the machine is busy: the next picture comes
                    client.post(str(camera["ingest_path"]), content=shot.jpeg(), headers=headers)
                seq += 1
                message = DetectionMessage(
                    analysis=scene.analysis,
                    camera=str(camera["id"]),
                    session=session,
                    seq=seq,
                    partition=int(str(camera["partition"])),
                    offset=seq,
                    captured_us=now_us,
                    log_ms=now_us // 1000,
                    width=WIDTH,
                    height=HEIGHT,
                    model_ms=5,
                    detections=shot.detections,
                )
                key = str(camera["id"]).encode()
                self.system.producer.send(kafka.topic(DETECTIONS), key, message.to_json())

    def _report(
        self, instance: str, analysis: str, lags: Mapping[str, tuple[int, int, float]], fields: Mapping[str, object]
    ) -> None:
        topic = self.system.kafka.topic(CONSUMER_STATUS)
        while not self._stop.wait(1):
            partitions = {
                partition: PartitionStatus(partition=partition, next_offset=10, committed=5, end=10, lag_s=lag_s)
                for partition, _, lag_s in lags.values()
            }
            status = {
                "instance": instance,
                "analysis": analysis,
                "state": "running",
                "threads": 2,
                "at_us": time.time_ns() // 1000,
                "partitions": tuple(partitions.values()),
                "cameras": tuple(
                    CameraLag(camera=camera, partition=partition, lag_messages=records, lag_s=lag_s)
                    for camera, (partition, records, lag_s) in lags.items()
                ),
            }
            value = ConsumerStatus.model_validate({**status, **fields}).to_json()
            self.system.producer.send(topic, instance.encode(), value)


@contextlib.contextmanager
def open_stage(variables: Mapping[str, str], folder: Path) -> Iterator[Stage]:
    ports = free_ports()
    known = {
        **variables,
        "LOOKOUT_INGEST_PORT": str(ports.ingest),
        "LOOKOUT_SIGNALLING_PORT": str(ports.signalling),
        "LOOKOUT_INGEST_BIND": "127.0.0.1",
    }
    with open_system(known, folder) as system:
        ingest = ServiceProcess("producer_service", ports.ingest, system.variables, folder / "ingest.log")
        signalling = ServiceProcess("signalling", ports.signalling, system.variables, folder / "signalling.log")
        system.start(system.api, system.indexer, signalling)
        stage = Stage(system, ingest)
        try:
            yield stage
        finally:
            stage.close()


def furnish(stage: Stage) -> dict[str, str]:
    """Two cameras with live pictures, lags and clips of the last minutes; ids by name."""
    year_us = int((time.time() + 30 * 24 * 3600) * 1e6)
    door = stage.add_camera(
        "Front door",
        analyses=[{"name": "recorder"}, {"name": "emotion"}],
        clip_ms=10_000,
        emotion_purpose={"text": "demonstration", "expires_us": year_us},
    )
    gate = stage.add_camera(
        "Garage gate",
        clip_ms=10_000,
        place="South side, above the ramp",
        kind="ip-camera",
        address="rtsp://viewer:secret@192.0.2.7/stream",
        analyses=[{"name": "recorder"}, {"name": "license_plate"}, {"name": "objects"}],
        zones=[{"name": "ramp", "points": [[0.2, 0.45], [0.75, 0.45], [0.95, 0.95], [0.05, 0.95]], "dwell_s": 30}],
        lines=[{"name": "barrier", "a": [0.1, 0.4], "b": [0.9, 0.4]}],
    )
    stage.play(door, Face())
    stage.play(gate, Cars())
    at = {str(c["id"]): int(str(c["partition"])) for c in (door, gate)}
    door_id, gate_id = at
    stage.report(
        "recorder@lookout-7f3a", "recorder", {c: (p, 31, 3.1) for c, p in at.items()}, counts={"analysed": 5210}
    )
    stage.report(
        "emotion@lookout-11c0", "emotion", {door_id: (at[door_id], 34, 3.4)}, counts={"analysed": 2607, "carried": 2}
    )
    counts = {"analysed": 521, "carried": 2085}
    stage.report("license_plate@lookout-90be", "license_plate", {gate_id: (at[gate_id], 412, 41.2)}, counts=counts)
    now_ms = time.time_ns() // 1_000_000 // 10_000 * 10_000
    clips = {}
    for n in range(4, 0, -1):
        start = now_ms - n * 10_000
        clips["plates"] = stage.add_clip(make_clip(Cars(), gate_id, start, at_s=(4 - n) * 10))
        clips["recording"] = stage.add_clip(make_clip(Cars(), gate_id, start, analysis="recorder", at_s=(4 - n) * 10))
    recorded = make_clip(Cars(), gate_id, now_ms - 20_000, 20_000, analysis="recorder", at_s=20)
    film = stage.upload("Parking lot, north.mp4", recorded.video)
    clips["query"] = stage.ask(camera=gate_id, **{"from": now_ms - 40_000, "to": now_ms - 20_000})
    again = make_clip(Cars(), gate_id, now_ms - 40_000, 20_000)
    stage.finish(clips["query"], again)
    running = stage.ask(recording=film)
    stage.tell(QueryPlanned(query_id=running, parts=8, duration_ms=120_000, frame_count=1200))
    for n in range(3):
        key = part_key(running, n)
        stage.tell(PartReady(query_id=running, part=n, parts=8, object_key=key, frame_count=150, duration_ms=15_000))
    broken = stage.ask(recording=stage.upload("Old tape.avi", recorded.video[:20_000]))
    stage.tell(QueryFailed(query_id=broken, reason="The video cannot be decoded: Invalid data found."))
    clips["running"] = running
    clips["emotion"] = stage.add_clip(make_clip(Face(), door_id, now_ms - 10_000))
    return {"door": door_id, "gate": gate_id, **clips}

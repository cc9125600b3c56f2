"""The API server and the indexer as processes over real Kafka, MongoDB wire and S3."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api_server.routes.streaming import STREAMS_MAX
from api_server.waiting_room import PUT_OFF_EACH
from common.contracts.camera_settings import CameraSettings
from common.contracts.consumer_status import CameraLag, ConsumerStatus, PartitionStatus
from common.contracts.identity import hash_token, make_token
from common.contracts.live_token import verify_grant
from common.contracts.sidecar import Sidecar
from common.errors import Transient
from common.storage.clips import read_sidecar
from common.storage.port import NotFound
from common.topics import CAMERA_SETTINGS, CONSUMER_STATUS
from infra.native.layout import REPOSITORY
from tests.integration.api_system import LIVE_KEY, ApiSystem, listed, open_system
from tests.support.cameras import read_partition
from tests.support.service_process import wait_until
from tests.unit.api_server.world import VIDEO, make_sidecar, make_sighting, recorder_sidecar

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def system(service_variables: dict[str, str], tmp_path: Path) -> Iterator[ApiSystem]:
    with open_system(service_variables, tmp_path) as opened:
        yield opened


def published(system: ApiSystem) -> dict[str, CameraSettings | None]:
    records = read_partition(system.kafka.bootstrap_servers, system.kafka.topic(CAMERA_SETTINGS), 0)
    return {
        (record.key or b"").decode(): CameraSettings.model_validate_json(record.value) if record.value else None
        for record in records
    }


def is_tombstone(system: ApiSystem, sidecar: Sidecar) -> bool:
    try:
        return read_sidecar(system.store, sidecar.clip_id).is_tombstone
    except Transient:  # s3proxy answers 500 while the object is being replaced
        return False


def prove_deleted(system: ApiSystem, clip: str) -> dict[str, object]:
    """By the command, beside the running system."""
    words = [sys.executable, "-m", "api_server.indexer", "prove-deleted", clip]
    environment = {**os.environ, **system.variables}
    done = subprocess.run(
        words, env=environment, capture_output=True, timeout=120, text=True, check=False, cwd=REPOSITORY
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_clip_from_store_to_player_and_away(system: ApiSystem) -> None:
    """A camera is made, its clip comes, is searched, played and deleted, and does not come back."""
    system.start()
    admin = system.sign_in()
    made = admin.post("/v1/cameras", json={"name": "Gate"}).json()
    assert made["published"] is True
    settings = published(system)[made["id"]]
    assert settings is not None
    assert settings.token_hashes == (hash_token(made["token"]),)

    sidecar = make_sidecar(made["id"], sightings=(make_sighting(0), make_sighting(1, text="K XY 9")))
    event = system.put_clip(sidecar)
    system.announce(event)
    system.announce(event)
    system.wait_listed(admin, event.clip_id)

    video = f"/v1/clips/{event.clip_id}/video"
    part = admin.get(video, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, VIDEO[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{event.video_bytes}"
    assert admin.get(video).content[: len(VIDEO)] == VIDEO
    assert admin.get(video, headers={"Range": "bytes=99999999-"}).status_code == 416
    head = admin.head(video)
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(event.video_bytes))
    assert admin.get(f"/v1/clips/{event.clip_id}/poster").headers["Content-Type"] == "image/jpeg"
    assert admin.get(f"/v1/clips/{event.clip_id}/sidecar").json()["frame_count"] == 5
    found = admin.get("/v1/sightings", params={"text": "kxy9"}).json()["sightings"]
    assert [(s["text"], s["clip"]) for s in found] == [("K XY 9", event.clip_id)]
    assert admin.get(found[0]["crop"]).status_code == 200
    assert httpx.get(system.url + video).status_code == 401

    assert admin.delete(f"/v1/clips/{event.clip_id}").status_code == 204
    assert listed(admin) == []
    assert admin.get("/v1/sightings").json()["sightings"] == []
    assert admin.get(video).status_code == 404
    wait_until(lambda: is_tombstone(system, sidecar), "the tombstone lies there")
    wait_until(lambda: len(list(system.store.list("clips/"))) == 1, "derived files are gone")
    system.announce(event)
    next_sidecar = make_sidecar(made["id"], start_ms=sidecar.start_ms + 10_000)
    later = system.put_clip(next_sidecar)
    system.announce(later)
    system.wait_listed(admin, later.clip_id)
    assert listed(admin) == [later.clip_id]
    proof = prove_deleted(system, event.clip_id)
    assert (proof["proved"], proof["tombstones"], proof["events_repeated"]) == (True, 1, 3), proof

    assert admin.delete(f"/v1/cameras/{made['id']}").status_code == 204
    assert published(system)[made["id"]] is None
    assert listed(admin) == []
    late = make_sidecar(made["id"], "emotion")
    wait_until(lambda: is_tombstone(system, next_sidecar), "the camera's clips are erased")
    system.announce(system.put_clip(late))
    wait_until(lambda: is_tombstone(system, late), "a late clip is erased")
    assert (system.api.stop(), system.indexer.stop()) == (0, 0)
    for service in (system.api, system.indexer):
        assert "Traceback" not in service.log, service.log


def test_start_makes_admin_and_demo_cameras_once(system: ApiSystem) -> None:
    tokens = {"demo-face": make_token(), "demo-cars": make_token()}
    system.write_demo_tokens(tokens)
    system.start(system.api)
    name, password = system.first_admin()
    assert (system.folder / "first-admin").stat().st_mode & 0o777 == 0o600
    before = published(system)
    assert {c: s.token_hashes for c, s in before.items() if s} == {c: (hash_token(t),) for c, t in tokens.items()}
    assert len({s.partition for s in before.values() if s}) == 2

    os.killpg(system.api.process.pid, signal.SIGKILL)
    system.api.process.wait(20)
    system.start(system.api)
    assert published(system) == before
    admin = system.sign_in(name, password)
    assert [c["id"] for c in admin.get("/v1/cameras").json()["cameras"]] == ["demo-cars", "demo-face"]

    reset = subprocess.run(
        [sys.executable, "-m", "api_server", "reset-admin"],
        cwd=REPOSITORY,
        env={**os.environ, **system.variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert reset.stdout.split()[0] == "admin"
    assert admin.get("/v1/cameras").status_code == 401
    assert httpx.post(system.url + "/v1/session", json={"name": name, "password": password}).status_code == 401
    system.sign_in(*reset.stdout.split())


def test_status_and_live_token(system: ApiSystem) -> None:
    system.start(system.api)
    admin = system.sign_in()
    camera = admin.post("/v1/cameras", json={"name": "Gate"}).json()
    status = ConsumerStatus(
        instance="recorder-1",
        analysis="recorder",
        state="running",
        threads=2,
        at_us=0,
        partitions=(PartitionStatus(partition=camera["partition"], next_offset=9, committed=5, end=10, lag_s=1.5),),
        cameras=(CameraLag(camera=camera["id"], partition=camera["partition"], lag_messages=4, lag_s=1.5),),
    )

    def lag() -> object:
        now = status.model_copy(update={"at_us": time.time_ns() // 1000})
        system.producer.send_and_wait(system.kafka.topic(CONSUMER_STATUS), b"recorder-1", now.to_json())
        (shown,) = admin.get("/v1/status").json()["cameras"]
        return [(a["state"], a["lag_messages"], a["lag_s"]) for a in shown["analyses"] if a["analysis"] == "recorder"]

    wait_until(lambda: lag() == [("running", 4, 1.5)], "the lag is shown")
    token = admin.post("/v1/live-token", json={"cameras": [camera["id"]]}).json()
    grant = verify_grant(token["token"], LIVE_KEY.encode(), token["expires_s"] - 1)
    assert grant is not None
    assert grant.cameras == (camera["id"],)


def test_sweep_at_start_brings_an_empty_index_back(system: ApiSystem, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in this process, so that the clips can be old: the store says when they came."""
    from api_server.cameras.store import CameraStore  # noqa: PLC0415
    from api_server.database.mongo import MongoDatabase  # noqa: PLC0415
    from api_server.indexer import sweep  # noqa: PLC0415
    from api_server.indexer.writer import EventWriter  # noqa: PLC0415
    from api_server.queries.events import QueryEvents  # noqa: PLC0415
    from api_server.queries.store import QueryStore  # noqa: PLC0415
    from api_server.recordings.preparation import PreparedUploads  # noqa: PLC0415
    from api_server.recordings.store import UploadStore  # noqa: PLC0415
    from common.clock import SystemClock  # noqa: PLC0415
    from common.metrics import Metrics  # noqa: PLC0415
    from common.settings import MongoSettings, load_settings  # noqa: PLC0415

    monkeypatch.setattr(sweep, "SETTLED_AFTER_S", -60)
    recent_ms = time.time_ns() // 10**10 * 10_000 - 600_000
    sidecars = [make_sidecar("cam-aaaaaaaaaa", start_ms=recent_ms + n * 10_000) for n in range(4)]
    events = [system.put_clip(sidecar) for sidecar in sidecars]
    system.store.delete(sidecars[0].clip_id.sidecar_key)
    database = MongoDatabase(load_settings(MongoSettings, system.variables))
    query_events = QueryEvents(QueryStore(database), UploadStore(database), system.store, SystemClock())
    prepared = PreparedUploads(UploadStore(database), system.store)
    writer = EventWriter(database, CameraStore(database), query_events, prepared, SystemClock())
    sweeper = sweep.Sweep(
        database, writer, system.store, system.producer, system.kafka.topic("clip-events"), Metrics(), SystemClock()
    )
    report = sweeper.run_once()
    database.close()
    assert (report.seen, report.announced, report.sidecars) == (4, 4, 1)
    system.start()
    admin = system.sign_in()
    system.wait_listed(admin, *(event.clip_id for event in events))
    with pytest.raises(NotFound):
        system.store.head("clips/nothing")


def test_half_requests_and_readers_that_stop_do_not_hold_the_server(system: ApiSystem) -> None:
    system.start(system.api)
    stalled = []
    for _ in range(24):
        connection = socket.create_connection(("127.0.0.1", system.api.port), 10)
        connection.sendall(b"POST /v1/session HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n")
        stalled.append(connection)
    assert httpx.get(system.url + "/livez", timeout=30).status_code == 200
    for connection in stalled:
        connection.settimeout(60)
        assert connection.recv(100)[:12] in (b"", b"HTTP/1.1 408")
        connection.close()
    assert "Traceback" not in system.api.log
    chunked = httpx.post(
        system.url + "/v1/session", content=iter([b'{"name"', b': "x", "password": "y"}']),
        headers={"Content-Type": "application/json"}, timeout=30,
    )  # fmt: skip
    assert (chunked.status_code, chunked.json()["code"]) == (411, "length_required")

    # What is refused anyway waits, also behind another request of its connection; of too much the rest is told so.
    long = b"POST /v1/session HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
    behind = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    unwelcome = [socket.create_connection(("127.0.0.1", system.api.port), 60) for _ in range(PUT_OFF_EACH + 10)]
    for n, connection in enumerate(unwelcome):
        connection.sendall((behind if n % 2 else b"") + long)
    assert httpx.get(system.url + "/livez", timeout=30).status_code == 200
    for n, connection in enumerate(unwelcome):
        with connection, connection.makefile("rb") as answers:
            said = answers.read()
        assert (n % 2 == 1) is said.startswith(b"HTTP/1.1 200")
        assert b"HTTP/1.1 413" in said or b"HTTP/1.1 429" in said
    assert "Traceback" not in system.api.log


@pytest.mark.slow
def test_players_that_stop_reading_keep_nobody_waiting(system: ApiSystem) -> None:
    """As many as there are places for videos; the places come back, and meanwhile the rest is answered at once."""
    system.start()
    admin = system.sign_in()
    camera = admin.post("/v1/cameras", json={"name": "Gate"}).json()["id"]
    start_ms = time.time_ns() // 1_000_000 // 10_000 * 10_000
    event = system.put_clip(recorder_sidecar(camera, start_ms), video=bytes(40_000_000))
    system.announce(event)
    system.wait_listed(admin, event.clip_id)
    path = f"/v1/clips/{event.clip_id}/video"
    cookie = "; ".join(f"{name}={value}" for name, value in admin.cookies.items())
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{system.api.port}\r\nCookie: {cookie}\r\n\r\n".encode()
    stopped: list[socket.socket] = []

    def stop_one_more() -> None:
        connection = socket.create_connection(("127.0.0.1", system.api.port), 10)
        connection.sendall(request)
        stopped.append(connection)

    for _ in range(STREAMS_MAX + 4):  # those beyond are refused
        stop_one_more()

    def is_full() -> bool:
        if admin.get(path, headers={"Range": "bytes=0-9"}).status_code == 503:
            return True
        stop_one_more()  # on a busy machine the first are cut off before the last have begun
        return False

    wait_until(is_full, "every place is taken")
    slowest_s = 0.0

    def has_place() -> bool:
        nonlocal slowest_s
        began_s = time.monotonic()
        status = admin.get(path, headers={"Range": "bytes=0-9"}).status_code
        slowest_s = max(slowest_s, time.monotonic() - began_s)
        return status == 206

    wait_until(has_place, "a place is free again", 120)
    for connection in stopped:
        connection.close()
    assert slowest_s < 5
    assert "Traceback" not in system.api.log

"""A query from the upload to its played result, through real processes that are killed on the way."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import httpx
import pytest

from api_server.recordings.intake import AT_ONCE
from camera_client.demo.cars import PLATES
from common.contracts.segment_job import cancelled_key, part_key
from tests.browser.scenes import HEIGHT, WIDTH, Cars, make_clip
from tests.integration.api_system import ApiSystem, open_system
from tests.integration.test_pipeline_consumer import command
from tests.support.service_process import wait_until
from tests.unit.pipeline.making import decode_clip

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(500)]
RATE, FRAMES, KEY_EVERY = 3, 138, 6
"""46 s: three parts of about 15 s, two plates and a half in each."""
LIMIT_S = 240.0
WORDS = ["run", "license_plate", "--threads", "1", "--health-port", "0", "--session-timeout", "6"]


@pytest.fixture
def system(service_variables: dict[str, str], tmp_path: Path) -> Iterator[ApiSystem]:
    with open_system(service_variables, tmp_path) as opened:
        yield opened


def draw_film(path: Path) -> bytes:
    """The demo's cars with their plates, nothing drawn on them."""
    scene = Cars()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.options = {"g": str(KEY_EVERY), "keyint_min": str(KEY_EVERY), "sc_threshold": "0"}
        stream.codec_context.options |= {"preset": "superfast", "crf": "18"}
        stream.time_base = stream.codec_context.time_base = Fraction(1, RATE)
        for n in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(scene.shot(n / RATE).picture, format="bgr24")
            frame.pts = n
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path.read_bytes()


def state(admin: httpx.Client, query_id: str) -> dict[str, object]:
    answer = admin.get(f"/v1/queries/{query_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def parts_done(admin: httpx.Client, query_id: str) -> int:
    progress = state(admin, query_id)["progress"]
    assert isinstance(progress, dict)
    return int(progress["parts_done"])


def restart_killed(system: ApiSystem) -> None:
    process = system.indexer.process
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(20)
    system.start(system.indexer)


def test_upload_is_queried_to_its_result_although_indexer_and_consumer_are_killed(
    system: ApiSystem, tmp_path: Path
) -> None:
    system.start()
    admin = system.sign_in()
    film = draw_film(tmp_path / "film.mp4")
    refused = admin.post("/v1/recordings?name=a.mp4", content=b"text " * 50, headers={"Content-Type": "video/mp4"})
    assert (refused.status_code, refused.json()["code"]) == (415, "not_video")
    uploaded = admin.post("/v1/recordings?name=cars.mp4", content=film, headers={"Content-Type": "video/mp4"})
    assert uploaded.status_code == 201, uploaded.text
    recording = uploaded.json()
    assert recording["duration_ms"] == FRAMES * 1000 // RATE
    assert admin.get(recording["video"], headers={"Range": "bytes=0-9"}).content == film[:10]

    asked = {"recording": recording["id"], "analysis": "license_plate", "options": {"every_ms": 500}}
    query = admin.post("/v1/queries", json=asked)
    assert query.status_code == 202, query.text
    query_id = query.json()["id"]
    assert "no consumer" in str(state(admin, query_id)["note"])
    with ExitStack() as running:
        first = running.enter_context(command(WORDS, system.variables, tmp_path))
        wait_until(lambda: first.poll() is not None or parts_done(admin, query_id) >= 1, "a part is done", LIMIT_S)
        assert first.poll() is None, (tmp_path / "log").read_text()
        first.kill()
        restart_killed(system)
    with command(WORDS, system.variables, tmp_path) as second:

        def is_over() -> bool:
            return second.poll() is not None or state(admin, query_id)["state"] not in ("received", "processing")

        wait_until(is_over, "the query ends", LIMIT_S)
        assert second.poll() is None, (tmp_path / "log").read_text()
    ended = state(admin, query_id)
    assert ended["state"] == "finished", ended
    assert ended["frame_count"] == FRAMES
    seen = admin.get(str(ended["sightings"])).json()["sightings"]
    assert {s["text"] for s in seen} >= set(PLATES[:2]), [s["text"] for s in seen]
    assert len(seen) == ended["sighting_count"]

    video = admin.get(str(ended["video"]))
    (tmp_path / "result.mp4").write_bytes(video.content)
    assert len(decode_clip(tmp_path / "result.mp4")) == FRAMES
    part = admin.get(str(ended["video"]), headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, video.content[100:200])
    assert admin.get(str(ended["poster"])).headers["Content-Type"] == "image/jpeg"
    again = admin.post("/v1/queries", json=asked).json()
    assert (again["id"], again["is_new"]) == (query_id, False)

    assert admin.delete(f"/v1/queries/{query_id}").status_code == 204
    assert admin.delete(f"/v1/recordings/{recording['id']}").status_code == 204
    left = {cancelled_key(query_id)}

    def keys() -> set[str]:
        return {info.key for prefix in ("queries/", "uploads/") for info in system.store.list(prefix)}

    wait_until(lambda: keys() == left, "objects are erased")


def stalled_upload(system: ApiSystem, admin: httpx.Client) -> socket.socket:
    """A client that promises a film and sends its first bytes."""
    connection = socket.create_connection(("127.0.0.1", system.api.port), timeout=30)
    cookie = "; ".join(f"{name}={value}" for name, value in admin.cookies.items())
    head = (
        "POST /v1/recordings?name=slow.mp4 HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: video/mp4\r\n"
        f"Cookie: {cookie}\r\nX-CSRF-Token: {admin.headers['X-CSRF-Token']}\r\nContent-Length: 1000000\r\n\r\n"
    )
    connection.sendall(head.encode() + b"\x00\x00\x00\x18ftypisom")
    return connection


def test_uploads_that_stall_give_their_places_back(system: ApiSystem) -> None:
    system.start(system.api)
    admin = system.sign_in()
    film = b"\x00\x00\x00\x18ftypisom" + b"f" * 5_000

    def upload() -> int:
        kind = {"Content-Type": "video/mp4"}
        return admin.post("/v1/recordings?name=a.mp4", content=film, headers=kind).status_code

    with ExitStack() as stalled:
        for _ in range(AT_ONCE):
            stalled.enter_context(stalled_upload(system, admin))
        wait_until(lambda: len(list((system.folder / "uploads").glob("*"))) == AT_ONCE, "every place is taken")
        assert upload() == 503
        assert admin.get("/v1/queries").status_code == 200
        wait_until(lambda: upload() == 201, "a place is free again")
    assert "Traceback" not in system.api.log, system.api.log
    wait_until(lambda: not list((system.folder / "uploads").glob("*")), "no file is left of those that stalled")


def test_footage_of_a_camera_is_queried_and_compared(system: ApiSystem, tmp_path: Path) -> None:
    """Two clips of a recorder, searched anew: what was found live is found again; a second query is cancelled."""
    system.start()
    admin = system.sign_in()
    camera = admin.post("/v1/cameras", json={"name": "Gate"}).json()["id"]
    start_ms = (time.time_ns() // 1_000_000 - 120_000) // 10_000 * 10_000
    clips = []
    for n in range(2):
        for analysis in ("recorder", "license_plate"):
            at_ms = start_ms + n * 10_000
            made = make_clip(Cars(), camera, at_ms, analysis=analysis, at_s=n * 10)
            event = system.put_clip(made.sidecar, made.video, made.poster)
            system.announce(event)
            clips.append(event.clip_id)
    system.wait_listed(admin, *clips)
    (span,) = admin.get("/v1/recordings", params={"camera": camera}).json()["recordings"]
    assert (span["clips"], span["start_us"]) == (2, start_ms * 1000)

    body = {"camera": camera, "from": start_ms, "to": start_ms + 20_000, "analysis": "license_plate"}
    query_id = admin.post("/v1/queries", json=body).json()["id"]
    cancelled = admin.post("/v1/queries", json={**body, "options": {"every_ms": 100}}).json()["id"]
    assert admin.post(f"/v1/queries/{cancelled}/cancel").json()["state"] == "cancelled"
    with command(WORDS, system.variables, tmp_path) as consumer:

        def is_over() -> bool:
            return consumer.poll() is not None or state(admin, query_id)["state"] not in ("received", "processing")

        wait_until(is_over, "the query ends", LIMIT_S)
        assert consumer.poll() is None, (tmp_path / "log").read_text()
    ended = state(admin, query_id)
    assert ended["state"] == "finished", ended
    assert ended["frame_count"] == 200
    assert isinstance(ended["model"], dict)
    assert ended["model"]["name"].startswith("plate_locator+")
    (plates,) = [one for one in admin.get("/v1/analyses").json()["analyses"] if one["name"] == "license_plate"]
    assert plates["model"] == ended["model"], "what the consumer said that it searches with"
    diff = admin.get(str(ended["diff"])).json()
    assert diff["after_models"] == [ended["model"]]
    assert diff["same"] >= 1, diff
    assert diff["before_count"] >= diff["same"]
    assert not [key.key for key in system.store.list(part_key(cancelled, 0))]
    assert state(admin, cancelled)["state"] == "cancelled"

"""Recordings over real servers: a span as one video, an upload over a killed server, an import, the switch."""

import hashlib
import io
import os
import secrets
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import av
import httpx
import pytest

from common.client import LookoutClient
from common.settings import StorageSettings, load_settings
from common.storage.s3 import S3ObjectStore
from tests.browser.test_recording_pages import padded
from tests.integration.api_system import ApiSystem, open_system
from tests.integration.test_api_system import published
from tests.support.service_process import wait_until
from tests.unit.api_server.test_footage import clip_of, encoded
from tests.unit.api_server.test_resumable_uploads import metadata

pytestmark = pytest.mark.timeout(300)
PART = 8 * 2**20
PASSWORD = "correct horse battery staple"


@pytest.fixture
def system(service_variables: dict[str, str], tmp_path: Path) -> Iterator[ApiSystem]:
    bucket = f"i{secrets.token_hex(6)}"
    with open_system({**service_variables, "LOOKOUT_IMPORT_BUCKETS": bucket}, tmp_path) as opened:
        yield opened


def pictures(video: bytes) -> list[int]:
    """When each is shown, in ms."""
    with av.open(io.BytesIO(video), "r") as container:
        return [round(float(frame.time or 0) * 1000) for frame in container.decode(video=0)]


def somebody_else(system: ApiSystem, admin: httpx.Client) -> httpx.Client:
    made = admin.post("/v1/users", json={"name": "bob", "role": "operator"}).json()
    link = made["link_path"].rsplit("#", 1)[1].removeprefix("link=")
    answer = httpx.post(f"{system.url}/v1/password", json={"link": link, "password": PASSWORD}, timeout=30)
    assert answer.status_code < 300, answer.text
    return system.sign_in("bob", PASSWORD)


def test_span_of_a_camera_is_one_video(system: ApiSystem, tmp_path: Path) -> None:
    system.start()
    admin = system.sign_in()
    camera = admin.post("/v1/cameras", json={"name": "Gate"}).json()["id"]
    start_ms = (time.time_ns() // 1_000_000 - 120_000) // 10_000 * 10_000
    ids = []
    for n, count in enumerate((100, 100, 37)):
        at_ms = start_ms + n * 10_000
        event = system.put_clip(clip_of(camera, at_ms, count), encoded(tmp_path / f"{n}.mp4", count))
        system.announce(event)
        ids.append(event.clip_id)
    system.wait_listed(admin, *ids)
    span = {"from": start_ms, "to": start_ms + 30_000}
    path = f"/v1/cameras/{camera}/footage/video"
    whole = admin.get(path, params=span)
    times = pictures(whole.content)
    assert len(times) == 237
    assert times == sorted(set(times))
    assert times == [n * 100 for n in range(200)] + [20_000 + n * 100 for n in range(37)]
    said = admin.get(f"/v1/cameras/{camera}/footage", params=span).json()
    assert (said["frames"], said["clips"], said["bytes"]) == (237, 3, len(whole.content))
    middle = len(whole.content) // 2
    part = admin.get(path, params=span, headers={"Range": f"bytes={middle}-{middle + 99_999}"})
    assert (part.status_code, part.content) == (206, whole.content[middle : middle + 100_000])
    assert len(pictures(admin.get(path, params={**span, "from": start_ms + 7_000}).content)) == 167

    bob = somebody_else(system, admin)
    for tail in ("", "/video"):
        assert bob.get(f"/v1/cameras/{camera}/footage{tail}", params=span).status_code == 404
    assert admin.delete(f"/v1/clips/{ids[1]}").status_code == 204
    assert len(pictures(admin.get(path, params=span).content)) == 137
    refused = admin.get(path, params={**span, "from": start_ms - 10 * 3_600_000})
    assert (refused.status_code, refused.json()["code"]) == (422, "too_long")

    assert admin.put(f"/v1/cameras/{camera}/recording", json={"on": False}).json()["published"] is True
    settings = published(system)[camera]
    assert settings is not None
    assert "recorder" not in [analysis.name for analysis in settings.analyses]


def kill(system: ApiSystem) -> None:
    os.killpg(system.api.process.pid, signal.SIGKILL)
    system.api.process.wait(20)


def test_upload_goes_on_over_a_killed_server_and_an_object_is_imported(system: ApiSystem, tmp_path: Path) -> None:
    system.start(system.api)
    admin = system.sign_in()
    film = padded(encoded(tmp_path / "short.mp4", 30), 2 * PART + 3_000_000)
    target = tmp_path / "film.mp4"
    target.write_bytes(film)
    headers = {"Upload-Length": str(len(film)), "Upload-Metadata": metadata(filename="film.mp4")}
    location = admin.post("/v1/uploads", headers=headers).headers["Location"]
    other = system.sign_in()

    def offset() -> int:
        return int(other.head(location).headers["Upload-Offset"])

    def until_killed() -> Iterator[bytes]:
        for at in range(0, PART + 1_000_000, 100_000):
            yield film[at : at + 100_000]
        wait_until(lambda: offset() == PART, "a part is stored")
        kill(system)
        yield from (film[at : at + 100_000] for at in range(PART + 1_000_000, len(film), 100_000))

    sent = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream", "Content-Length": str(len(film))}
    with pytest.raises(httpx.TransportError):
        admin.patch(location, content=until_killed(), headers=sent)
    system.start(system.api)
    assert offset() == PART, "what HEAD says is there, and no more"
    name, password = system.first_admin()
    with LookoutClient(system.url) as client:
        client.sign_in(name, password)
        made = client.upload_recording(target, begun=location)
        assert (made["bytes"], made["duration_ms"]) == (len(film), 3_000)
        client.download(made["video"], tmp_path / "copy.mp4")
    assert hashlib.sha256((tmp_path / "copy.mp4").read_bytes()).digest() == hashlib.sha256(film).digest()
    assert [info.key for info in system.store.list("open-uploads/")] == []

    settings = load_settings(StorageSettings, system.variables)
    bucket = system.variables["LOOKOUT_IMPORT_BUCKETS"]
    archive = S3ObjectStore(settings.model_copy(update={"bucket": bucket}))
    archive.ensure_bucket()
    archive.create("2026/gate.mp4", film, "video/mp4")
    body = {"source": f"s3://{bucket}/2026/gate.mp4"}
    imported = other.post("/v1/recordings/import", json=body, timeout=60)
    assert imported.status_code == 201, imported.text
    assert other.get(imported.json()["video"]).content == film
    missing = other.post("/v1/recordings/import", json={"source": f"s3://{bucket}/none.mp4"})
    assert (missing.status_code, missing.json()["code"]) == (422, "no_such_object")
    ours = other.post("/v1/recordings/import", json={"source": f"s3://{settings.bucket}/uploads/{made['id']}"})
    assert (ours.status_code, ours.json()["code"]) == (422, "bucket_not_allowed")
    assert "Traceback" not in system.api.log

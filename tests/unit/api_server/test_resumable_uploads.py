"""Uploads that can be gone on with: cut, resumed, refused, expired, over restarts of the server."""

import base64
import hashlib
import io
import itertools
from collections.abc import Mapping
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from api_server.access.subject import Role
from api_server.app import create_app
from api_server.recordings.intake import Arriving, UploadRefused
from api_server.uploads.receiver import OPEN_MAX, OPEN_S, UploadReceiver
from api_server.uploads.record import OPEN_PREFIX, OpenUpload
from api_server.uploads.store import OpenUploadStore
from api_server.uploads.sweep import OpenUploadSweep
from common.errors import Transient
from common.storage.parts import PART_MIN_BYTES
from tests.unit.api_server.world import FILM, Browser, World
from tests.unit.jobs.test_jobs import make_film

CHUNK = "application/offset+octet-stream"
LARGE = FILM[:64] + bytes(range(256)) * (PART_MIN_BYTES // 256 * 2) + b"the end"
"""Two parts of the least size that S3 takes, and some more."""
OWNER = "usr-ann"


def metadata(**said: str) -> str:
    return ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in said.items())


def begin(browser: Browser, size: int, said: str = metadata(filename="Hof.mp4")) -> TestResponse:
    headers = {"Upload-Length": str(size), "Upload-Metadata": said, "Tus-Resumable": "1.0.0"}
    return browser.send("POST", "/v1/uploads", headers=headers)


def send(browser: Browser, path: str, offset: int, data: bytes, more: Mapping[str, str] | None = None) -> TestResponse:
    headers = {"X-CSRF-Token": browser.csrf, "Upload-Offset": str(offset), **(more or {})}
    return browser.client.patch(path, data=data, content_type=CHUNK, headers=headers)


@pytest.fixture
def ann(world: World) -> Browser:
    return world.signed_in("ann")


def test_upload_in_pieces_becomes_a_recording(world: World, ann: Browser, tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mp4", 30)
    begun = begin(ann, len(film), metadata(filename="Höfe.mp4", recorded_at="2026-01-31T08:00:00Z", filetype="x/y"))
    path = begun.headers["Location"]
    assert (begun.status_code, begun.headers["Upload-Offset"]) == (201, "0")
    assert begun.headers["Tus-Resumable"] == "1.0.0"
    assert begun.headers["Upload-Expires"].endswith("GMT")
    cuts = [0, 10, 2_000, len(film)]
    for start, end in itertools.pairwise(cuts):
        sent = send(ann, path, start, film[start:end])
        assert (sent.status_code, sent.headers["Upload-Offset"]) == (204, str(end))
        head = ann.client.head(path)
        assert (head.headers["Upload-Offset"], head.headers["Upload-Length"]) == (str(end), str(len(film)))
        assert head.headers["Cache-Control"] == "no-store"
    became = ann.get(sent.headers["X-Lookout-Recording"]).get_json()
    assert (became["name"], became["bytes"], became["duration_ms"]) == ("Höfe.mp4", len(film), 3_000)
    assert (became["start_us"], became["time_known"]) == (1_769_846_400_000_000, True)
    assert ann.get(became["video"]).data == film
    assert ann.get(path).get_json()["recording"] == f"/v1/recordings/{became['id']}"
    assert ann.get("/v1/recordings").get_json()["recordings"][0]["id"] == became["id"]
    assert list(world.store.objects()) == [f"uploads/{became['id']}"], "nothing is left over"
    (entry,) = world.audited("recording.upload")
    assert (entry.details["name"], entry.details["bytes"]) == ("Höfe.mp4", str(len(film)))
    assert send(ann, path, len(film), b"").status_code == 204, "who lost the last answer may ask again"


class Receiving:
    """A receiver with the smallest parts there are; a new one of the same installation is a restarted server."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.open = OpenUploadStore(world.database)
        world.add_user("ann")
        self.restart()

    def restart(self) -> None:
        world = self.world
        self.receiver = UploadReceiver(
            self.open, world.uploads, world.intake, world.store, world.clock, part_bytes=PART_MIN_BYTES
        )

    def begin(self, size: int = len(LARGE)) -> OpenUpload:
        upload = OpenUpload(
            id="up-" + "a" * 16,
            owner=OWNER,
            name="Hof.mp4",
            size=size,
            created_us=1,
            expires_us=self.world.clock.wall_us() + 10**9,
            part_bytes=PART_MIN_BYTES,
        )
        assert self.open.add(upload)
        return upload

    @property
    def upload(self) -> OpenUpload:
        known = self.open.known("up-" + "a" * 16)
        assert known is not None
        return known

    def take(self, offset: int, data: bytes, length: int | None = None) -> None:
        self.receiver.take(self.upload, offset, len(data) if length is None else length, io.BytesIO(data))

    @property
    def result(self) -> str:
        stored = self.world.store.objects()[f"uploads/{self.upload.id}"]
        return hashlib.sha256(stored.data).hexdigest()


@pytest.fixture
def receiving(world: World) -> Receiving:
    return Receiving(world)


def test_cut_in_the_middle_and_resumed_is_the_same_file(receiving: Receiving) -> None:
    receiving.begin()
    cut = PART_MIN_BYTES + 1_000_000
    with pytest.raises(UploadRefused, match="broke off") as refused:
        receiving.take(0, LARGE[:cut], length=len(LARGE))
    assert refused.value.status == 400
    assert receiving.upload.offset == cut
    receiving.restart()
    receiving.take(cut, LARGE[cut : cut + 50])
    receiving.restart()
    receiving.take(cut + 50, LARGE[cut + 50 :])
    assert receiving.result == hashlib.sha256(LARGE).hexdigest()
    assert receiving.world.uploads.get(receiving.upload.id) is not None
    assert [key for key in receiving.world.store.objects() if key.startswith(OPEN_PREFIX)] == []


@pytest.mark.parametrize("step", ["begin_parts", "put_part", "finish_parts", "replace", "delete", "read"])
@pytest.mark.parametrize("nth", [0, 1, 2])
def test_a_store_that_fails_anywhere_loses_nothing(receiving: Receiving, step: str, nth: int) -> None:
    """As a kill: what was stored and not said is sent again, from where HEAD says."""
    receiving.begin()
    store = receiving.world.store
    count = [0]
    begin_call = store._begin

    def failing(operation: str, key: str) -> object:
        if operation == step:
            count[0] += 1
            if count[0] == nth + 1:
                raise Transient("away")
        return begin_call(operation, key)

    store._begin = failing  # type: ignore[method-assign, assignment]
    for _ in range(40):
        at = receiving.upload.offset
        if at == len(LARGE):
            break
        try:
            receiving.take(at, LARGE[at : at + 3_000_000])
        except Transient:
            receiving.restart()
    assert receiving.result == hashlib.sha256(LARGE).hexdigest()
    assert receiving.world.uploads.get(receiving.upload.id) is not None


@pytest.mark.parametrize("applied", [True, False])
def test_a_killed_finish_is_finished_by_who_sends_on(receiving: Receiving, applied: bool) -> None:
    """The object is there, or is not, and no record says so."""
    receiving.begin()
    receiving.take(0, LARGE[:PART_MIN_BYTES])
    receiving.world.store.fail_next("replace" if applied else "finish_parts", Transient("away"), applied=applied)
    at = receiving.upload.offset
    with pytest.raises(Transient):
        receiving.take(at, LARGE[at:])
    assert receiving.world.uploads.get(receiving.upload.id) is None
    receiving.restart()
    at = receiving.upload.offset
    assert at < len(LARGE)
    receiving.take(at, LARGE[at:])
    assert receiving.result == hashlib.sha256(LARGE).hexdigest()
    assert receiving.upload.offset == len(LARGE)


def test_wrong_offset_is_told_what_is_awaited(ann: Browser) -> None:
    path = begin(ann, 5_000).headers["Location"]
    send(ann, path, 0, FILM[:100])
    for wrong in (0, 99, 101):
        refused = send(ann, path, wrong, b"more")
        assert (refused.status_code, refused.get_json()["code"]) == (409, "wrong_offset")
    assert ann.client.head(path).headers["Upload-Offset"] == "100"
    beyond = send(ann, path, 100, b"x" * 5_000)
    assert (beyond.status_code, beyond.get_json()["code"]) == (413, "too_large")


def test_others_uploads_are_not_there(world: World, ann: Browser) -> None:
    path = begin(ann, 5_000).headers["Location"]
    for other in (world.signed_in("bob"), world.signed_in("root", Role.ADMIN)):
        assert other.client.head(path).status_code == 404
        assert send(other, path, 0, FILM[:10]).status_code == 404
        assert other.send("DELETE", path).status_code == 404
    assert world.signed_in("vera", Role.VIEWER).send("POST", "/v1/uploads").status_code == 403


def test_expired_is_gone_and_swept(world: World, ann: Browser) -> None:
    path = begin(ann, 5_000).headers["Location"]
    send(ann, path, 0, FILM[:100])
    world.clock.advance(OPEN_S + 1)
    ann = world.signed_in("ann")
    assert ann.get(path).status_code == 410
    assert send(ann, path, 100, b"more").status_code == 410
    sweep = OpenUploadSweep(OpenUploadStore(world.database), world.store, world.clock)
    assert sweep.run_once() == 1
    assert ann.get(path).status_code == 404
    assert world.store.objects() == {}


def test_sweep_lets_parts_go_and_what_nobody_knows(receiving: Receiving) -> None:
    world = receiving.world
    receiving.begin()
    receiving.take(0, LARGE[: PART_MIN_BYTES + 5])
    assert world.store.parts.open_uploads() == ["uploads/up-aaaaaaaaaaaaaaaa"]
    receiving.receiver.end(receiving.upload)
    world.store.replace(f"{OPEN_PREFIX}up-lost/7", b"left", "application/octet-stream")
    world.clock.advance(7_200)
    sweep = OpenUploadSweep(receiving.open, world.store, world.clock)
    assert (sweep.run_once(), sweep.sweep()) == (1, 1)
    assert world.store.parts.open_uploads() == []
    assert world.store.objects() == {}


def test_given_up_while_bytes_come_keeps_nothing(receiving: Receiving) -> None:
    receiving.begin()

    class Ending(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            receiving.receiver.end(receiving.upload)
            return super().read(size)

    with pytest.raises(UploadRefused) as refused:
        receiving.receiver.take(receiving.upload, 0, 1_000, Ending(LARGE[:1_000]))
    assert refused.value.status == 410
    assert receiving.world.store.objects() == {}


def test_two_at_once_are_taken_one_after_the_other(receiving: Receiving) -> None:
    receiving.begin()
    refused: list[int] = []

    class Meeting(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            with pytest.raises(UploadRefused) as error:
                receiving.take(0, LARGE[:10])
            refused.append(error.value.status)
            return super().read(size)

    receiving.receiver.take(receiving.upload, 0, 100, Meeting(LARGE[:100]))
    assert refused == [423]
    assert receiving.upload.offset == 100


def test_what_is_no_video_is_told_at_its_first_bytes(world: World, ann: Browser) -> None:
    path = begin(ann, 900_000).headers["Location"]
    refused = send(ann, path, 0, b"just some text, and a lot of it " * 10)
    assert (refused.status_code, refused.get_json()["code"]) == (415, "not_video")
    assert ann.get(path).status_code == 404
    short = begin(ann, 20).headers["Location"]
    assert send(ann, short, 0, b"not enough to tell..").status_code == 415
    assert world.store.objects() == {}


def test_limits_and_words(world: World, ann: Browser) -> None:
    assert begin(ann, 0).status_code == 400
    assert begin(ann, 10**6 + 1).status_code == 413
    assert begin(ann, 10, "").status_code == 400
    assert begin(ann, 10, "filename notbase64!").status_code == 400
    assert begin(ann, 10, metadata(filename="a\x00b")).status_code == 400
    assert begin(ann, 10, metadata(filename="a.mp4", recorded_at="noon")).status_code == 400
    other = ann.send("POST", "/v1/uploads", headers={"Upload-Length": "5", "Tus-Resumable": "2.0"})
    assert (other.status_code, other.headers["Tus-Version"]) == (412, "1.0.0")
    paths = [begin(ann, 400_000).headers["Location"] for _ in range(OPEN_MAX)]
    assert begin(ann, 10).status_code == 429
    assert ann.send("DELETE", paths[0]).status_code == 204
    full = begin(ann, 900_000)
    assert (full.status_code, full.get_json()["code"]) == (507, "uploads_full")
    headers = {"X-CSRF-Token": ann.csrf, "Upload-Offset": "0"}
    wrong = ann.client.patch(paths[1], data=b"x", content_type="video/mp4", headers=headers)
    assert (wrong.status_code, wrong.get_json()["code"]) == (415, "not_a_chunk")
    assert world.browser().client.options("/v1/uploads").headers["Tus-Extension"] == "creation,termination,expiration"


def test_a_restarted_application_goes_on(world: World, ann: Browser) -> None:
    path = begin(ann, len(FILM)).headers["Location"]
    assert send(ann, path, 0, FILM[:1_000]).status_code == 204
    ann.client.application = create_app(world.parts)
    at = int(ann.client.head(path).headers["Upload-Offset"])
    assert at == 1_000
    assert send(ann, path, at, FILM[at:]).status_code == 204
    assert ann.get(f"/v1/recordings/{path.rsplit('/', 1)[1]}/video").data == FILM


def test_begin_twice_with_one_key_is_one_upload(ann: Browser) -> None:
    headers = {"Upload-Length": "10", "Upload-Metadata": metadata(filename="a.mp4"), "Idempotency-Key": "k" * 20}
    first, again = (ann.send("POST", "/v1/uploads", headers=headers) for _ in range(2))
    assert first.headers["Location"] == again.headers["Location"]
    other = ann.send("POST", "/v1/uploads", headers={**headers, "Upload-Length": "11"})
    assert (other.status_code, other.get_json()["code"]) == (422, "key_reused")


def test_arriving_is_what_both_ways_share(world: World) -> None:
    with pytest.raises(UploadRefused, match="ended after"):
        world.intake.take(Arriving(OWNER, "a.mp4", 10, None), io.BytesIO(b"123"))


# Straight to the store


def test_direct_upload_is_looked_at_and_becomes_a_recording(tmp_path: Path) -> None:
    world = World(tmp_path, public_url="https://video.example.org")
    ann = world.signed_in("ann")
    film = make_film(tmp_path / "film.mp4", 30)
    path = begin(ann, len(film)).headers["Location"]
    key = f"{OPEN_PREFIX}{path.rsplit('/', 1)[1]}/direct"
    link = ann.send("POST", f"{path}/link").get_json()
    assert link["url"].startswith(f"https://video.example.org/{key}?")
    assert f"size={len(film)}" in link["url"]
    early = ann.send("POST", f"{path}/finish")
    assert (early.status_code, early.get_json()["code"]) == (409, "not_there")
    world.store.replace(key, film[:-1], "")
    assert ann.send("POST", f"{path}/finish").get_json()["code"] == "wrong_size"
    world.store.replace(key, film, "")
    world.store.fail_next("copy", Transient("away"))
    assert ann.send("POST", f"{path}/finish").status_code == 503
    made = ann.send("POST", f"{path}/finish")
    assert (made.status_code, made.get_json()["duration_ms"]) == (201, 3_000)
    assert ann.send("POST", f"{path}/finish").get_json()["id"] == made.get_json()["id"]
    assert list(world.store.objects()) == [f"uploads/{made.get_json()['id']}"]
    assert world.store.objects()[f"uploads/{made.get_json()['id']}"].data == film
    assert ann.get(path).get_json()["recording"] is not None
    assert ann.send("POST", f"{path}/link").status_code == 410


def test_direct_upload_of_what_is_no_video_is_erased(tmp_path: Path) -> None:
    world = World(tmp_path, public_url="https://video.example.org")
    ann = world.signed_in("ann")
    path = begin(ann, 100).headers["Location"]
    world.store.replace(f"{OPEN_PREFIX}{path.rsplit('/', 1)[1]}/direct", b"x" * 100, "")
    assert ann.send("POST", f"{path}/finish").status_code == 415
    assert world.store.objects() == {}


def test_direct_upload_without_a_public_store_is_told(ann: Browser) -> None:
    path = begin(ann, 100).headers["Location"]
    refused = ann.send("POST", f"{path}/link")
    assert (refused.status_code, refused.get_json()["code"]) == (422, "no_public_store")

"""Recordings: spans without breaks, uploads that are videos, and nobody else's."""

import io
import random
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from werkzeug.test import TestResponse

from api_server.access.subject import Role
from api_server.recordings.codec import of_fourcc, of_matroska
from api_server.recordings.container import container_of, read_facts
from api_server.recordings.file_facts import FileFacts
from api_server.recordings.intake import Arriving, UploadIntake, UploadLimits, UploadRefused
from api_server.recordings.record import Upload
from api_server.recordings.spans import spans_of
from common.errors import Transient
from tests.unit.api_server.world import FILM, Browser, World, make_sidecar, recorder_sidecar
from tests.unit.jobs.test_jobs import make_film

START = 1_700_000_000_000


@pytest.fixture
def ann(world: World) -> Browser:
    return world.signed_in("ann")


def upload(browser: Browser, data: bytes = FILM, query: str = "name=film.mp4", kind: str = "video/mp4") -> TestResponse:
    headers = {"X-CSRF-Token": browser.csrf}
    return browser.client.post(f"/v1/recordings?{query}", data=data, content_type=kind, headers=headers)


def recorded(world: World, camera: str, *starts_ms: int) -> None:
    """Clips of half a second each."""
    for start_ms in starts_ms:
        world.add_clip(recorder_sidecar(camera, START + start_ms))


# Spans


def test_spans_break_where_the_camera_was_silent(world: World, ann: Browser) -> None:
    first, second = world.add_camera("ann").id, world.add_camera("ann", name="Yard").id
    recorded(world, first, 0, 2_000, 4_000, 30_000)
    recorded(world, second, 1_000)
    world.add_clip(make_sidecar(first, start_ms=START + 60_000))
    world.clock.advance(600)
    answer = ann.get("/v1/recordings").get_json()
    found = [(r["camera"], r["start_us"] // 1000 - START, r["duration_ms"], r["clips"]) for r in answer["recordings"]]
    assert found == [(first, 30_000, 400, 1), (second, 1_000, 400, 1), (first, 0, 4_400, 3)]
    span = answer["recordings"][2]
    assert (span["source"], span["end_us"] // 1000 - START, span["complete"]) == ("camera", 4_400, True)
    assert (span["bytes"] > 0, span["codec"]) == (True, "h264")


def test_spans_of_a_slow_camera_hold_together(world: World) -> None:
    """A picture every 5 s is no break at 10 s."""
    world.add_user("ann")
    camera = world.add_camera("ann").id
    recorded(world, camera, 0, 10_000)
    slow = [
        world.record(f"recorder.{camera}.{START + at}.10000").model_copy(
            update={"frame_count": 2, "last_captured_us": (START + at + 5_000) * 1000}
        )
        for at in (0, 10_000)
    ]
    (span,) = spans_of(slow)
    assert (span.clips, span.duration_ms) == (2, 15_000)


def test_spans_filters_pages_and_permission(world: World, ann: Browser) -> None:
    camera = world.add_camera("ann").id
    recorded(world, camera, 0, 60_000, 120_000)
    film = world.add_upload("ann")

    def ids(query: str, browser: Browser = ann) -> list[str]:
        answer = browser.get(f"/v1/recordings?{query}")
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return [r["id"] for r in answer.get_json()["recordings"]]

    spans = [f"{camera}.{START + at}" for at in (120_000, 60_000, 0)]
    world.clock.advance(600)
    assert set(ids("")) == {*spans, film.id}
    assert ids("source=camera") == spans
    assert ids("source=upload") == [film.id]
    assert ids(f"camera={camera}&from={START + 60_000}&to={START + 120_000}") == spans[1:2]
    assert ids(f"from={START + 10**9}") == []
    first = ann.get("/v1/recordings?source=camera&limit=2").get_json()
    assert [r["id"] for r in first["recordings"]] == spans[:2]
    assert ids(f"source=camera&limit=2&cursor={first['next']}") == spans[2:]
    assert ids("", world.signed_in("bob")) == []
    assert set(ids("", world.signed_in("root", Role.ADMIN))) == {*spans, film.id}
    for bad in ("camera=A", "source=x", "from=soon", "limit=0", "cursor=x", "x=1"):
        assert ann.get(f"/v1/recordings?{bad}").status_code == 400, bad


def test_spans_of_one_kind_of_camera(world: World, ann: Browser) -> None:
    webcam, other = world.add_camera("ann", kind="webcam").id, world.add_camera("ann").id
    recorded(world, webcam, 0)
    recorded(world, other, 0)
    world.clock.advance(600)
    found = {
        source: [r["camera"] for r in ann.get(f"/v1/recordings?source={source}").get_json()["recordings"]]
        for source in ("webcam", "ip-camera", "camera")
    }
    assert found["webcam"] == [webcam]
    assert found["ip-camera"] == []
    assert sorted(found["camera"]) == sorted([webcam, other])


ORDERS = {
    "newest": ["long", "late", "film", "early"],
    "oldest": ["early", "film", "late", "long"],
    "ended_last": ["long", "late", "early", "film"],
    "longest": ["long", "early", "late", "film"],
    "largest": ["film", "long", "early", "late"],
}


def names_of(world: World, owner: Browser) -> dict[str, str]:
    """Three spans and an upload of unknown length; names by id."""
    camera = world.add_camera("ann").id
    recorded(world, camera, 0, 500, 30_000, *range(60_000, 65_000, 500))
    film = world.add_upload("ann", start_us=(START + 20_000) * 1000, size=10**6)
    world.clock.advance(600)
    spans = owner.get("/v1/recordings?source=camera&sort=oldest").get_json()["recordings"]
    return dict(zip([one["id"] for one in spans], ["early", "late", "long"], strict=True)) | {film.id: "film"}


@pytest.mark.parametrize("order", ORDERS)
def test_recordings_are_sorted_and_paged_in_every_order(world: World, ann: Browser, order: str) -> None:
    names = names_of(world, ann)
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = ann.get(f"/v1/recordings?sort={order}&limit=1&cursor={cursor}").get_json()
        found += [names[one["id"]] for one in page["recordings"]]
        cursor = page["next"]
    assert found == ORDERS[order]


def test_recordings_are_filtered_by_length(world: World, ann: Browser) -> None:
    names = names_of(world, ann)

    def found(query: str) -> list[str]:
        return [names[one["id"]] for one in ann.get(f"/v1/recordings?{query}").get_json()["recordings"]]

    assert found("duration_min_s=1") == ["long"]
    assert found("duration_max_s=1") == ["late", "early"], "of an upload whose length nobody knows nobody can say"
    assert found("duration_min_s=4&duration_max_s=5&sort=longest") == ["long"]
    assert found("duration_min_s=0") == ["long", "late", "early"]
    assert found("duration_min_s=5&duration_max_s=4") == []
    for query in ("duration_min_s=-1", "duration_max_s=x", "sort=shortest"):
        assert ann.get(f"/v1/recordings?{query}").status_code == 400


def test_recordings_cursor_of_another_order_is_refused(world: World, ann: Browser) -> None:
    names_of(world, ann)
    cursor = ann.get("/v1/recordings?sort=longest&limit=1").get_json()["next"]
    for query in (f"cursor={cursor}", f"cursor={cursor}&sort=largest"):
        answer = ann.get(f"/v1/recordings?{query}")
        assert (answer.status_code, "sort=longest" in answer.get_json()["message"]) == (400, True)
    assert ann.get(f"/v1/clips?cursor={cursor}").status_code == 400


# Uploads


def test_upload_is_stored_listed_played_and_deleted(world: World, ann: Browser, tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mp4", 30)
    answer = upload(ann, film, "name=Gar%C3%A4ge.mp4&recorded_at=2026-01-31T08:00:00Z")
    assert answer.status_code == 201, answer.get_data(as_text=True)
    body = answer.get_json()
    assert answer.headers["Location"] == f"/v1/recordings/{body['id']}"
    assert (body["name"], body["source"], body["container"], body["bytes"]) == (
        "Garäge.mp4",
        "upload",
        "mp4",
        len(film),
    )
    assert (body["duration_ms"], body["width"], body["height"], body["codec"]) == (3000, 320, 240, "h264")
    assert (body["start_us"], body["time_known"]) == (1_769_846_400_000_000, True)
    assert body["end_us"] == body["start_us"] + 3_000_000
    video = f"/v1/recordings/{body['id']}/video"
    part = ann.get(video, headers={"Range": "bytes=4-7"})
    assert (part.status_code, part.data, part.mimetype) == (206, b"ftyp", "video/mp4")
    assert 'filename="Gar_ge.mp4"' in ann.get(f"{video}?download=1").headers["Content-Disposition"]
    bob = world.signed_in("bob")
    for path in (f"/v1/recordings/{body['id']}", video):
        assert bob.get(path).status_code == 404
    assert bob.send("DELETE", f"/v1/recordings/{body['id']}").status_code == 404
    assert ann.send("DELETE", f"/v1/recordings/{body['id']}").status_code == 204
    assert ann.get(video).status_code == 404
    world.query_eraser.run_once()
    assert world.store.objects() == {}


@pytest.mark.parametrize(
    ("data", "query", "kind", "status", "code"),
    [
        (b"just some text, and a lot of it " * 10, "name=film.mp4", "video/mp4", 415, "not_video"),
        (b"\xff\xd8\xff\xe0" + b"x" * 100, "name=photo.mp4", "application/octet-stream", 415, "not_video"),
        (FILM, "name=film.mp4", "text/html", 415, "not_video"),
        (FILM, "", "video/mp4", 400, "invalid_request"),
        (FILM, "name=%00", "video/mp4", 400, "invalid_request"),
        (FILM, "name=film.mp4&recorded_at=noon", "video/mp4", 400, "invalid_request"),
        (b"", "name=film.mp4", "video/mp4", 411, "length_required"),
        (FILM + b"x" * 10**6, "name=film.mp4", "video/mp4", 413, "too_large"),
    ],
)
def test_upload_of_what_is_none_is_told_why(
    world: World, ann: Browser, data: bytes, query: str, kind: str, status: int, code: str
) -> None:
    answer = upload(ann, data, query, kind)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert world.store.objects() == {}
    assert ann.get("/v1/recordings").get_json()["recordings"] == []


def test_upload_over_the_room_for_all_is_refused(world: World, ann: Browser) -> None:
    for _ in range(2):
        assert upload(ann, FILM + b"x" * 980_000).status_code == 201
    answer = upload(ann, FILM + b"x" * 100_000)
    assert (answer.status_code, answer.get_json()["code"]) == (507, "uploads_full")


def test_upload_leaves_no_file_behind(world: World, ann: Browser, tmp_path: Path) -> None:
    upload(ann)
    upload(ann, b"no video" * 20)
    world.store.fail_next("replace", Transient("away"))
    assert upload(ann).status_code == 503
    assert list((tmp_path / "uploads").iterdir()) == []
    (tmp_path / "uploads" / "left.upload").write_bytes(b"by a kill")
    world.intake.clear()
    assert list((tmp_path / "uploads").iterdir()) == []


def test_upload_that_ends_early_is_refused(world: World, tmp_path: Path) -> None:
    arriving = Arriving("usr-ann", "film.mp4", len(FILM) + 1, None)
    with pytest.raises(UploadRefused, match="ended after"):
        world.intake.take(arriving, io.BytesIO(FILM))
    assert list((tmp_path / "uploads").iterdir()) == []


def test_upload_without_room_on_disk_is_refused(world: World, tmp_path: Path) -> None:
    intake = UploadIntake(world.uploads, world.store, tmp_path, UploadLimits(10**9, 10**9, 2**62), world.clock)
    with pytest.raises(UploadRefused, match="disk"):
        intake.take(Arriving("usr-ann", "film.mp4", len(FILM), None), io.BytesIO(FILM))


def test_upload_metadata_makes_the_record_again(world: World, ann: Browser) -> None:
    made = world.add_upload("ann", t0_us=5, duration_ms=7, codec="h264")
    info = world.store.head(made.key)
    assert Upload.from_object(made.id, info.size, info.content_type, info.metadata) == made
    with pytest.raises(ValueError, match="owner"):
        Upload.from_object(made.id, 1, "video/mp4", {})


# Files


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b"\x00\x00\x00\x18ftypisom" + b"\x00" * 20, "mp4"),
        (b"\x00\x00\x00\x14ftypqt  " + b"\x00" * 20, "mov"),
        (b"\x00\x00\x10\x00moov" + b"\x00" * 20, "mov"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01matroska", "mkv"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01webm", "webm"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "avi"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 20, None),
        (b"<html>" + b" " * 40, None),
        (b"", None),
    ],
)
def test_container_is_known_by_its_first_bytes(head: bytes, container: str | None) -> None:
    assert container_of(head) == container


@pytest.mark.parametrize(
    ("name", "codec", "called"),
    [
        ("film.mov", "libx264", "h264"),
        ("film.mkv", "libx264", "h264"),
        ("film.mkv", "mjpeg", "mjpeg"),
        ("film.webm", "libvpx", "vp8"),
        ("film.avi", "mpeg4", "mpeg4"),
        ("film.avi", "mjpeg", "mjpeg"),
    ],
)
def test_facts_are_read_from_every_container(tmp_path: Path, name: str, codec: str, called: str) -> None:
    with av.open(str(tmp_path / name), "w") as container:
        stream = cast(VideoStream, container.add_stream(codec, rate=10))
        stream.width, stream.height = 320, 240
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for n in range(20):
            frame = av.VideoFrame.from_ndarray(np.full((240, 320, 3), n, np.uint8), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    data = (tmp_path / name).read_bytes()
    assert read_facts(io.BytesIO(data), len(data)) == FileFacts(2000, 320, 240, called)
    for cut in (64, 100, 200, 300, len(data) // 2, len(data) - 3):
        read_facts(io.BytesIO(data[:cut]), cut)  # and nothing is raised
    broken = bytearray(data)
    luck = random.Random(3)
    for _ in range(400):
        broken[luck.randrange(4, 600)] = luck.randrange(256)
        facts = read_facts(io.BytesIO(bytes(broken)), len(broken))
        assert facts == facts.plausible()


def test_codec_is_one_word_or_none() -> None:
    assert [of_fourcc(code) for code in (b"", b"....", b"\x00\x00\x00\x00", b"a<b>", b"XYZ9")] == [None] * 4 + ["xyz9"]
    assert (of_matroska(b"V_" + b"X" * 40), of_matroska(b"V_REAL/RV40")) == (None, "rv40")


def test_facts_no_recording_has_are_not_believed() -> None:
    assert FileFacts(10**15, 320, 240, "h264").plausible() == FileFacts(None, 320, 240, "h264")
    assert FileFacts(5, 70_000, 240).plausible() == FileFacts(5)


def test_facts_of_a_cut_or_lying_file_are_none(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mp4", 10)
    assert read_facts(io.BytesIO(film), len(film)).duration_ms == 1000
    for data in (film[:60], film[:-20], b"\xff" * 200, b"\x00\x00\x00\x00moov\x00\x00\x00\x09mvhd\x01", b"moov" * 40):
        read_facts(io.BytesIO(data), len(data))

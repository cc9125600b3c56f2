"""Recordings: spans without breaks, uploads that are videos, and nobody else's."""

import io
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from api_server.access.subject import Role
from api_server.recordings.container import container_of, read_facts
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
    assert span["bytes"] > 0


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
    assert (body["duration_ms"], body["width"], body["height"]) == (3000, 320, 240)
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
    made = world.add_upload("ann", t0_us=5, duration_ms=7)
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


def test_facts_of_a_cut_or_lying_file_are_none(tmp_path: Path) -> None:
    film = make_film(tmp_path / "film.mp4", 10)
    assert read_facts(io.BytesIO(film), len(film)).duration_ms == 1000
    for data in (film[:60], film[:-20], b"\xff" * 200, b"\x00\x00\x00\x00moov\x00\x00\x00\x09mvhd\x01", b"moov" * 40):
        read_facts(io.BytesIO(data), len(data))

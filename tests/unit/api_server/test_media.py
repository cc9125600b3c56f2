"""What is played: ranges, permissions, tombstones, redirects."""

from pathlib import Path

import pytest

from api_server.http.byte_range import ByteRange, NotSatisfiable, parse_range
from api_server.routes.streaming import STREAMS_MAX
from common.errors import Transient
from common.storage.clips import put_tombstone
from tests.unit.api_server.world import VIDEO, Browser, World, make_sidecar


@pytest.fixture
def ann(world: World) -> Browser:
    return world.signed_in("ann")


@pytest.fixture
def video(world: World, ann: Browser) -> str:
    return f"/v1/clips/{world.add_clip(make_sidecar(world.add_camera('ann').id)).clip_id}/video"


def stored(world: World) -> bytes:
    return next(o.data for key, o in world.store.objects().items() if key.endswith(".mp4"))


@pytest.mark.parametrize(
    ("header", "total", "expected"),
    [
        (None, 100, None),
        ("bytes=0-", 100, ByteRange(0, 99)),
        ("bytes=0-0", 100, ByteRange(0, 0)),
        ("bytes=10-19", 100, ByteRange(10, 19)),
        ("bytes=90-200", 100, ByteRange(90, 99)),
        ("bytes=-10", 100, ByteRange(90, 99)),
        ("bytes=-200", 100, ByteRange(0, 99)),
        ("bytes=20-10", 100, None),
        ("bytes=0-1,5-6", 100, None),
        ("items=0-1", 100, None),
        ("bytes=-", 100, None),
        ("bytes=a-b", 100, None),
    ],
)
def test_parse_range(header: str | None, total: int, expected: ByteRange | None) -> None:
    assert parse_range(header, total) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999-"])
def test_parse_range_behind_the_end_is_not_satisfiable(header: str) -> None:
    with pytest.raises(NotSatisfiable):
        parse_range(header, 100)


def test_video_whole(world: World, ann: Browser, video: str) -> None:
    answer = ann.get(video)
    assert (answer.status_code, answer.data) == (200, stored(world))
    assert answer.mimetype == "video/mp4"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "inline" in answer.headers["Content-Disposition"]


def test_video_range_is_answered_206(world: World, ann: Browser, video: str) -> None:
    total = len(stored(world))
    answer = ann.get(video, headers={"Range": "bytes=100-299"})
    assert (answer.status_code, answer.data) == (206, VIDEO[100:300])
    assert answer.headers["Content-Range"] == f"bytes 100-299/{total}"
    assert answer.headers["Content-Length"] == "200"
    tail = ann.get(video, headers={"Range": "bytes=-7"})
    assert (tail.status_code, tail.data) == (206, stored(world)[-7:])


def test_video_range_behind_the_end_is_answered_416(world: World, ann: Browser, video: str) -> None:
    answer = ann.get(video, headers={"Range": "bytes=99999999-"})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(stored(world))}"
    assert answer.get_json()["code"] == "range_not_satisfiable"


def test_video_head_says_how_long_and_reads_nothing(world: World, ann: Browser, video: str) -> None:
    world.store.calls.clear()
    answer = ann.client.head(video)
    ranged = ann.client.head(video, headers={"Range": "bytes=0-9"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(stored(world)))
    assert (ranged.status_code, ranged.headers["Content-Length"]) == (206, "10")
    assert [operation for operation, _ in world.store.calls if operation != "list"] == []


def test_video_if_range_of_another_version_sends_all(world: World, ann: Browser, video: str) -> None:
    etag = ann.get(video).headers["ETag"]
    fitting = ann.get(video, headers={"Range": "bytes=0-9", "If-Range": etag})
    other = ann.get(video, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (fitting.status_code, other.status_code) == (206, 200)
    assert ann.get(video, headers={"If-None-Match": etag}).status_code == 304


def test_video_download_has_a_sensible_name(ann: Browser, video: str) -> None:
    disposition = ann.get(f"{video}?download=1").headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename=")
    assert "_2023-11-14T22-13-20Z_license_plate.mp4" in disposition


def test_video_tombstone_that_the_index_has_not_heard_of_is_not_found(world: World, ann: Browser, video: str) -> None:
    camera_id = world.cameras.active()[0].id
    put_tombstone(world.store, make_sidecar(camera_id), "deleted")
    assert ann.get(video).status_code == 404
    assert ann.get(video.replace("/video", "/sidecar")).status_code == 404


def test_video_gone_from_the_store_is_not_found(world: World, ann: Browser, video: str) -> None:
    for key in world.store.objects():
        world.store.delete(key)
    for part in ("video", "poster", "crops/0", "sidecar"):
        assert ann.get(video.replace("video", part)).status_code == 404


def test_video_store_down_is_answered_503(world: World, ann: Browser, video: str) -> None:
    world.store.fail_next("read_range", Transient("down"))
    assert ann.get(video).status_code == 503
    assert ann.get(video).status_code == 200


def test_video_places_are_bounded_and_come_back(ann: Browser, video: str) -> None:
    playing = [ann.client.get(video, buffered=False) for _ in range(STREAMS_MAX)]
    assert {answer.status_code for answer in playing} == {200}
    refused = ann.get(video)
    assert (refused.status_code, refused.get_json()["code"]) == (503, "unavailable")
    for answer in playing:
        answer.close()
    assert ann.get(video).status_code == 200
    assert ann.get(video, headers={"Range": "bytes=0-1"}).status_code == 206


def test_video_redirects_only_with_a_public_address(tmp_path: Path) -> None:
    world = World(tmp_path, public_url="https://media.example")
    ann = world.signed_in("ann")
    clip = world.add_clip(make_sidecar(world.add_camera("ann").id)).clip_id
    answer = ann.get(f"/v1/clips/{clip}/video")
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://media.example/clips/license_plate/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "media-src 'self' https://media.example;" in answer.headers["Content-Security-Policy"]
    assert ann.client.head(f"/v1/clips/{clip}/video").status_code == 200
    assert world.signed_in("bob").get(f"/v1/clips/{clip}/video").status_code == 404


def test_picture_that_is_no_jpeg_is_not_sent(world: World, ann: Browser, video: str) -> None:
    clip = make_sidecar(world.cameras.active()[0].id).clip_id
    world.store.replace(clip.poster_key, b"<svg onload=alert(1)>", "image/svg+xml")
    assert ann.get(video.replace("video", "poster")).status_code == 404


def test_picture_is_revalidated_by_etag(ann: Browser, video: str) -> None:
    poster = video.replace("video", "poster")
    etag = ann.get(poster).headers["ETag"]
    assert ann.get(poster, headers={"If-None-Match": etag}).status_code == 304
    assert ann.get(video.replace("video", "crops/0")).headers["ETag"] != etag

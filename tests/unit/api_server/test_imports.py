"""Importing a video from another bucket: only from those that are allowed, and only videos."""

from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from api_server.access.subject import Role
from api_server.recordings.importing import ObjectAddress
from api_server.recordings.record import Upload
from api_server.settings import ApiSettings
from common.errors import ConfigurationError, Transient
from common.settings import load_settings
from tests.unit.api_server.world import FILM, Browser, World

SOURCE = "s3://archive/2026/Höfe film.mp4"
KEY = "2026/Höfe film.mp4"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path, IMPORT_BUCKETS="archive,denied")
    world.other_buckets["archive"].create(KEY, FILM, "video/mp4")
    return world


@pytest.fixture
def ann(world: World) -> Browser:
    return world.signed_in("ann")


def take(browser: Browser, source: str = SOURCE, **more: object) -> TestResponse:
    return browser.send("POST", "/v1/recordings/import", {"source": source, **more})


def test_import_is_copied_and_is_a_recording(world: World, ann: Browser) -> None:
    answer = take(ann, recorded_at="2026-01-31T08:00:00Z")
    made = answer.get_json()
    assert (answer.status_code, made["name"], made["imported_from"]) == (201, "Höfe film.mp4", SOURCE)
    assert (made["source"], made["bytes"], made["time_known"]) == ("upload", len(FILM), True)
    world.other_buckets["archive"].delete(KEY)
    assert ann.get(made["video"]).data == FILM
    info = world.store.head(f"uploads/{made['id']}")
    known = world.uploads.get(made["id"])
    assert Upload.from_object(made["id"], info.size, info.content_type, info.metadata) == known
    (entry,) = world.audited("recording.import")
    assert entry.details["source"] == SOURCE
    assert take(ann, name="Other.mp4").status_code == 422, "the object is gone"


@pytest.mark.parametrize(
    ("source", "status", "code"),
    [
        ("s3://archive/none.mp4", 422, "no_such_object"),
        ("s3://lookout/uploads/up-aaaaaaaaaaaaaaaa", 422, "bucket_not_allowed"),
        ("s3://archive/text.mp4", 415, "not_video"),
        ("s3://archive/empty.mp4", 422, "not_video"),
        ("s3://archive/large.mp4", 413, "too_large"),
        ("s3://archive/../secret", 400, "invalid_request"),
        ("s3://archive//x", 400, "invalid_request"),
        ("s3://archive/a\x00b", 400, "invalid_request"),
        ("s3://archive/", 400, "invalid_request"),
        ("https://archive/film.mp4", 400, "invalid_request"),
        ("s3://ARCHIVE/film.mp4", 400, "invalid_request"),
    ],
)
def test_import_of_what_is_not_allowed_or_none_is_told_why(
    world: World, ann: Browser, source: str, status: int, code: str
) -> None:
    archive = world.other_buckets["archive"]
    archive.create("text.mp4", b"just some text " * 20, "text/plain")
    archive.create("empty.mp4", b"", "video/mp4")
    archive.create("large.mp4", FILM + b"x" * 10**6, "video/mp4")
    answer = take(ann, source)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert world.store.objects() == {}


def test_import_from_a_store_that_denies_or_is_away(world: World, ann: Browser) -> None:
    world.other_buckets["denied"].fail_next("head", ConfigurationError("access denied"))
    denied = take(ann, "s3://denied/film.mp4")
    assert (denied.status_code, denied.get_json()["code"]) == (422, "not_readable")
    world.other_buckets["archive"].fail_next("read_range", Transient("away"))
    assert take(ann).status_code == 503
    assert world.store.objects() == {}


def test_import_is_off_unless_buckets_are_named(tmp_path: Path) -> None:
    world = World(tmp_path)
    refused = take(world.signed_in("ann"))
    assert (refused.status_code, refused.get_json()["code"]) == (422, "import_off")
    assert "LOOKOUT_IMPORT_BUCKETS" in refused.get_json()["message"]


def test_import_is_for_who_may_upload(world: World) -> None:
    assert take(world.signed_in("vera", Role.VIEWER)).status_code == 403


def test_setting_is_a_list_of_buckets() -> None:
    assert load_settings(ApiSettings, {}).import_bucket_names == frozenset()
    named = load_settings(ApiSettings, {"LOOKOUT_IMPORT_BUCKETS": "a-b.c,xyz"})
    assert named.import_bucket_names == {"a-b.c", "xyz"}
    for bad in ("A", "a", "s3://abc", "abc,,abd", "abc/def"):
        with pytest.raises(ConfigurationError, match="LOOKOUT_IMPORT_BUCKETS"):
            load_settings(ApiSettings, {"LOOKOUT_IMPORT_BUCKETS": bad})


def test_address_is_read_and_written_alike() -> None:
    assert str(ObjectAddress.parse(SOURCE)) == SOURCE
    assert ObjectAddress.parse(SOURCE).name == "Höfe film.mp4"

"""What an object store does (`common.storage.port.ObjectStore`)."""

import hashlib
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from common.storage.port import AlreadyExists, NotFound, ObjectStore
from tests.contract.storage_backends import PUBLIC_URL

VIDEO = "clips/recorder/demo-face/2026/01/02/1767312000000_10000.mp4"
METADATA = {"topic-id": "1Yw1GQFkRq-8LkMH2eSQHA", "sidecar-at": "12345", "tombstone": "0"}


def joined(store: ObjectStore, key: str, start: int, end: int | None = None) -> bytes:
    return b"".join(store.read_range(key, start, end).chunks)


def test_a_created_object_reads_back_with_its_metadata(store: ObjectStore) -> None:
    body = os.urandom(300_000)
    store.create(VIDEO, body, "video/mp4", METADATA)
    assert store.read(VIDEO) == body
    info = store.head(VIDEO)
    assert (info.key, info.size, info.content_type) == (VIDEO, 300_000, "video/mp4")
    assert dict(info.metadata) == METADATA
    assert info.etag == hashlib.md5(body, usedforsecurity=False).hexdigest()
    assert abs(info.modified_us / 1e6 - time.time()) < 120


def test_metadata_names_come_back_in_lower_case(store: ObjectStore) -> None:
    store.create("a", b"1", "text/plain", {"Sidecar-At": "Value"})
    assert dict(store.head("a").metadata) == {"sidecar-at": "Value"}


def test_create_from_a_file_stores_its_bytes(store: ObjectStore, tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    body = os.urandom(9_000_000)
    file.write_bytes(body)
    store.create(VIDEO, file, "video/mp4")
    assert hashlib.sha256(store.read(VIDEO)).digest() == hashlib.sha256(body).digest()


def test_create_of_a_missing_file_is_our_own_mistake(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store.create(VIDEO, tmp_path / "nothing.mp4", "video/mp4")


def test_an_empty_object_can_be_stored(store: ObjectStore) -> None:
    store.create("empty", b"", "text/plain")
    assert store.read("empty") == b""
    assert store.head("empty").size == 0


def test_a_second_create_is_refused_and_changes_nothing(store: ObjectStore, tmp_path: Path) -> None:
    store.create(VIDEO, b"first", "video/mp4", {"n": "1"})
    large = tmp_path / "large"
    large.write_bytes(os.urandom(5_000_000))
    for body in (b"first", b"second", b"", large):
        with pytest.raises(AlreadyExists):
            store.create(VIDEO, body, "video/mp4", {"n": "2"})
    assert store.read(VIDEO) == b"first"
    assert dict(store.head(VIDEO).metadata) == {"n": "1"}


def test_of_creates_in_a_row_from_many_threads_none_replaces_what_is_there(store: ObjectStore) -> None:
    store.create(VIDEO, b"first", "video/mp4")

    def refused(number: int) -> bool:
        try:
            store.create(VIDEO, bytes([number]) * 1000, "video/mp4")
        except AlreadyExists:
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(refused, range(16)))
    assert store.read(VIDEO) == b"first"


def test_replace_changes_body_type_and_metadata(store: ObjectStore) -> None:
    store.create(VIDEO, b"video", "video/mp4", METADATA)
    store.replace(VIDEO, b"tombstone", "application/octet-stream", {"tombstone": "1"})
    info = store.head(VIDEO)
    assert (info.size, info.content_type, dict(info.metadata)) == (9, "application/octet-stream", {"tombstone": "1"})
    store.replace("new", b"x", "text/plain")
    assert store.read("new") == b"x"


def test_what_is_not_there_is_not_found(store: ObjectStore) -> None:
    for call in (store.head, store.read, lambda key: store.read_range(key, 0)):
        with pytest.raises(NotFound):
            call("clips/nothing.mp4")
    store.delete("clips/nothing.mp4")


def test_a_deleted_object_is_gone_and_its_key_free(store: ObjectStore) -> None:
    store.create(VIDEO, b"1", "video/mp4")
    store.delete(VIDEO)
    with pytest.raises(NotFound):
        store.head(VIDEO)
    store.create(VIDEO, b"2", "video/mp4")
    assert store.read(VIDEO) == b"2"


def test_ranges_are_inclusive_and_cut_at_the_end(store: ObjectStore) -> None:
    body = bytes(range(256)) * 1000
    store.create("r", body, "application/octet-stream")
    for start, end, last in (
        (0, 0, 0),
        (10, 19, 19),
        (255_990, None, 255_999),
        (100_000, 999_999, 255_999),
        (0, None, 255_999),
    ):
        found = store.read_range("r", start, end)
        assert (found.start, found.end, found.total) == (start, last, 256_000)
        assert b"".join(found.chunks) == body[start : last + 1]


def test_a_range_outside_the_object_is_a_value_error(store: ObjectStore) -> None:
    store.create("r", b"0123456789", "text/plain")
    for start, end in ((10, None), (11, 20), (-1, 4), (5, 4)):
        with pytest.raises(ValueError, match=r"."):
            store.read_range("r", start, end)


def test_a_range_read_that_is_given_up_leaves_the_store_usable(store: ObjectStore) -> None:
    body = os.urandom(3_000_000)
    store.create("r", body, "application/octet-stream")
    for _ in range(20):
        part = store.read_range("r", 5)
        assert next(part.chunks)[:10] == body[5:15]
        part.close()
    assert joined(store, "r", 2_999_990) == body[-10:]


def test_list_gives_everything_below_a_prefix_in_key_order(store: ObjectStore) -> None:
    keys = [f"clips/a/cam-{c}/2026/01/0{d}/{n}_10000.mp4" for c in "ab" for d in (1, 2) for n in range(9)]
    keys += ["clips/a/cam-a/2026/01/01/1_10000~1.mp4", "clips/a/cam-a/2026/01/01/1_10000.json", "clips/b", "other/x"]
    for key in reversed(keys):
        store.create(key, b"12345", "video/mp4")
    for prefix in ("", "clips/", "clips/a/cam-a/", "clips/a/cam-a/2026/01/01/1_", "other/x", "nothing/"):
        assert [f.key for f in store.list(prefix)] == sorted(k for k in keys if k.startswith(prefix))
    one = next(store.list("other/"))
    assert one.size == 5
    assert abs(one.modified_us / 1e6 - time.time()) < 120
    assert one.etag == store.head("other/x").etag


def test_keys_with_tilde_and_dots_work_everywhere(store: ObjectStore) -> None:
    key = "clips/emotion/cam-a/2026/01/02/1767312000000_10000~1.0.jpg"
    store.create(key, b"crop", "image/jpeg")
    assert store.read(key) == b"crop"
    assert joined(store, key, 1, 2) == b"ro"
    assert [f.key for f in store.list("clips/emotion/")] == [key]
    store.delete(key)
    assert list(store.list("clips/emotion/")) == []


def test_a_presigned_link_is_for_the_public_address(store: ObjectStore) -> None:
    store.create(VIDEO, b"1", "video/mp4")
    link = store.presign(VIDEO, expires_s=60)
    assert link is not None
    assert link.startswith(PUBLIC_URL + "/")
    assert urlsplit(link).path.endswith(VIDEO)
    named = store.presign(VIDEO, expires_s=60, download_name="clip.mp4")
    assert named is not None
    assert "clip.mp4" in unquote(urlsplit(named).query)

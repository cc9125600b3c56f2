"""What a store does with an object that comes in parts (`common.storage.parts.PartStore`)."""

import contextlib
import os
import secrets

import httpx
import pytest

from common.storage.parts import PART_MIN_BYTES, PartedStore
from common.storage.port import AlreadyExists, NotFound
from common.storage.s3 import S3ObjectStore
from tests.contract.storage_backends import PUBLIC_URL, empty_bucket, s3_settings
from tests.support.servers import TestServers

KEY = "uploads/up-aaaaaaaaaaaaaaaa"


def test_parts_become_one_object_with_its_metadata(store: PartedStore) -> None:
    parts = [os.urandom(PART_MIN_BYTES), os.urandom(PART_MIN_BYTES), b"the end"]
    upload = store.parts.begin(KEY, "video/mp4", {"owner": "usr-ann"})
    tags = [store.parts.put(KEY, upload, n, part) for n, part in enumerate(parts, 1)]
    with pytest.raises(NotFound):
        store.head(KEY)
    assert list(store.list("uploads/")) == []
    store.parts.finish(KEY, upload, tags)
    assert store.read(KEY) == b"".join(parts)
    info = store.head(KEY)
    assert (info.content_type, info.metadata["owner"]) == ("video/mp4", "usr-ann")
    assert [info.key for info in store.list("")] == [KEY]
    with contextlib.suppress(NotFound):  # not every server tells
        store.parts.finish(KEY, upload, tags)
    assert store.read(KEY) == b"".join(parts)


def test_a_part_that_is_stored_again_replaces_the_first(store: PartedStore) -> None:
    upload = store.parts.begin(KEY, "video/mp4", {})
    store.parts.put(KEY, upload, 1, b"first")
    tag = store.parts.put(KEY, upload, 1, b"second")
    store.parts.finish(KEY, upload, [tag])
    assert store.read(KEY) == b"second"


def test_parts_that_were_let_go_are_none(store: PartedStore) -> None:
    upload = store.parts.begin(KEY, "video/mp4", {})
    tag = store.parts.put(KEY, upload, 1, b"first")
    store.parts.abort(KEY, upload)
    store.parts.abort(KEY, upload)
    with contextlib.suppress(NotFound):
        store.parts.put(KEY, upload, 2, b"second")
    with pytest.raises(NotFound):
        store.parts.finish(KEY, upload, [tag])
    assert list(store.list("")) == []


def test_copy_within_the_store_has_new_metadata(store: PartedStore) -> None:
    body = os.urandom(100_000)
    store.replace("open-uploads/a/direct", body, "application/octet-stream", {"old": "1"})
    etag = store.head("open-uploads/a/direct").etag
    store.parts.copy("open-uploads/a/direct", etag, KEY, "video/mp4", {"owner": "usr-ann"})
    info = store.head(KEY)
    assert store.read(KEY) == body
    assert (info.content_type, dict(info.metadata)) == ("video/mp4", {"owner": "usr-ann"})
    store.replace("open-uploads/a/direct", b"changed", "application/octet-stream")
    with pytest.raises(AlreadyExists):
        store.parts.copy("open-uploads/a/direct", etag, KEY, "video/mp4", {})
    with pytest.raises(NotFound):
        store.parts.copy("none", etag, KEY, "video/mp4", {})


def test_link_to_put_under_is_for_the_public_address(store: PartedStore) -> None:
    link = store.parts.presign_put(KEY, 7, 60)
    assert link is not None
    assert link.startswith(PUBLIC_URL)


@pytest.mark.integration
def test_link_takes_as_many_bytes_as_it_was_made_for(servers: TestServers) -> None:
    settings = s3_settings(
        servers, f"c{secrets.token_hex(6)}", S3_PUBLIC_ENDPOINT_URL=servers.variables()["S3_ENDPOINT_URL"]
    )
    store = S3ObjectStore(settings)
    store.ensure_bucket()
    link = store.parts.presign_put(KEY, 7, 60)
    assert link is not None
    refused = httpx.put(link, content=b"more than seven", timeout=30)
    assert refused.status_code == 403, refused.text
    assert httpx.put(link, content=b"7 bytes", timeout=30).status_code == 200
    assert store.read(KEY) == b"7 bytes"
    empty_bucket(store)

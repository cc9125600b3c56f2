"""What a listing says of files that came and went while it was made."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from botocore.stub import Stubber

from common.errors import Transient
from common.settings import StorageSettings, load_settings
from common.storage.s3 import S3ObjectStore

AT = datetime(2026, 1, 1, tzinfo=UTC)
STORE = {"S3_BUCKET": "lookout", "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture
def store() -> S3ObjectStore:
    return S3ObjectStore(load_settings(StorageSettings, STORE))


@pytest.fixture
def stub(store: S3ObjectStore) -> Iterator[Stubber]:
    with Stubber(store._client) as stub:
        whole = {"Key": "clips/a", "Size": 3, "ETag": '"1"', "LastModified": AT}
        stub.add_response("list_objects_v2", {"Contents": [whole, {"Key": "clips/b", "Size": 0, "LastModified": AT}]})
        yield stub


def test_entry_without_etag_that_has_gone_is_left_out(store: S3ObjectStore, stub: Stubber) -> None:
    stub.add_client_error("head_object", "404", http_status_code=404)
    assert [(info.key, info.etag) for info in store.list("clips/")] == [("clips/a", "1")]


def test_entry_without_etag_that_is_there_is_looked_at(store: S3ObjectStore, stub: Stubber) -> None:
    stub.add_response("head_object", {"ContentLength": 5, "ETag": '"2"', "LastModified": AT})
    assert [(info.key, info.size, info.etag) for info in store.list("clips/")] == [
        ("clips/a", 3, "1"),
        ("clips/b", 5, "2"),
    ]


def test_entry_that_has_no_etag_even_then_is_asked_for_again_later(store: S3ObjectStore, stub: Stubber) -> None:
    stub.add_response("head_object", {"ContentLength": 5, "LastModified": AT})
    with pytest.raises(Transient):
        list(store.list("clips/"))

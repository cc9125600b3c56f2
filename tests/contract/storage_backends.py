"""The two object stores the contract runs against: the one in memory and a real S3 server."""

import secrets

from common.settings import StorageSettings, load_settings
from common.storage.memory import MemoryObjectStore
from common.storage.port import ObjectStore
from common.storage.s3 import S3ObjectStore
from tests.support.servers import TestServers

PUBLIC_URL = "https://video.example.org"


def s3_settings(servers: TestServers, bucket: str, **changes: str) -> StorageSettings:
    """Settings for a bucket; `changes` by environment variable."""
    return load_settings(StorageSettings, {**servers.variables(), "S3_BUCKET": bucket, **changes})


def open_memory_store() -> ObjectStore:
    return MemoryObjectStore(public_endpoint_url=PUBLIC_URL)


def open_s3_store(servers: TestServers) -> S3ObjectStore:
    """A bucket of its own; small pages, so that lists need several."""
    settings = s3_settings(servers, f"c{secrets.token_hex(6)}", S3_PUBLIC_ENDPOINT_URL=PUBLIC_URL)
    store = S3ObjectStore(settings, list_page=7)
    store.ensure_bucket()
    return store


def empty_bucket(store: ObjectStore) -> None:
    """Delete every object; the empty bucket goes with the servers' data."""
    for found in list(store.list("")):
        store.delete(found.key)

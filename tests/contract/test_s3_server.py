"""The S3 adapter against a real server: buckets, keys, and a server that is not there."""

import os
import secrets
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from common.errors import ConfigurationError, Transient
from common.storage import s3, s3_client
from common.storage.port import AlreadyExists, NotFound
from common.storage.probe import Atomicity, probe_store
from common.storage.s3 import S3ObjectStore
from tests.contract.storage_backends import empty_bucket, s3_settings
from tests.support.servers import TestServers

pytestmark = pytest.mark.integration


@pytest.fixture
def bucket_name() -> str:
    return "c" + secrets.token_hex(6)


def test_a_bucket_is_made_once(servers: TestServers, bucket_name: str) -> None:
    store = S3ObjectStore(s3_settings(servers, bucket_name))
    store.ensure_bucket()
    store.create("a", b"1", "text/plain")
    store.ensure_bucket()
    assert store.read("a") == b"1"
    empty_bucket(store)


def test_a_bucket_made_by_many_at_once_is_there(servers: TestServers, bucket_name: str) -> None:
    stores = [S3ObjectStore(s3_settings(servers, bucket_name)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda store: store.ensure_bucket(), stores))
    assert list(stores[0].list("")) == []


def test_a_missing_bucket_is_a_configuration_error(servers: TestServers, bucket_name: str) -> None:
    store = S3ObjectStore(s3_settings(servers, bucket_name))
    for call in (
        lambda: store.create("a", b"1", "text/plain"),
        lambda: store.read("a"),
        lambda: list(store.list("")),
    ):
        with pytest.raises(ConfigurationError):
            call()
    with pytest.raises((ConfigurationError, NotFound)):  # a HEAD has no body to say which of the two is missing
        store.head("a")


def test_a_large_file_is_stored_once_without_a_signed_body(
    servers: TestServers, bucket_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "LARGE_BYTES", 1_000_000)
    store = S3ObjectStore(s3_settings(servers, bucket_name))
    store.ensure_bucket()
    data = os.urandom(3_000_000)
    (tmp_path / "film").write_bytes(data)
    store.create("film", tmp_path / "film", "video/mp4", {"name": "a film"})
    with pytest.raises(AlreadyExists):
        store.create("film", tmp_path / "film", "video/mp4")
    assert store.read("film") == data
    assert store.head("film").metadata["name"] == "a film"
    (tmp_path / "film").write_bytes(data[::-1])
    store.replace("film", tmp_path / "film", "video/mp4")
    assert store.read("film") == data[::-1]
    empty_bucket(store)


@pytest.mark.parametrize("changes", [{"AWS_ACCESS_KEY_ID": "nobody"}, {"AWS_SECRET_ACCESS_KEY": "wrong"}])
def test_wrong_keys_are_a_configuration_error(servers: TestServers, bucket_name: str, changes: dict[str, str]) -> None:
    S3ObjectStore(s3_settings(servers, bucket_name)).ensure_bucket()
    store = S3ObjectStore(s3_settings(servers, bucket_name, **changes))
    for call in (
        store.ensure_bucket,
        lambda: store.create("a", b"1", "text/plain"),
        lambda: store.read("a"),
        lambda: list(store.list("")),
        lambda: store.delete("a"),
    ):
        with pytest.raises(ConfigurationError):
            call()
    # The answer to HEAD has no body: versitygw's 404 for a key it does not know cannot be told from one for the object.
    with pytest.raises((ConfigurationError, NotFound)):
        store.head("a")


def test_a_server_that_is_not_there_is_transient(servers: TestServers, bucket_name: str) -> None:
    store = S3ObjectStore(s3_settings(servers, bucket_name, S3_ENDPOINT_URL="http://127.0.0.1:1"))
    for call in (
        store.ensure_bucket,
        lambda: store.create("a", b"1", "text/plain"),
        lambda: store.read_range("a", 0),
        lambda: list(store.list("")),
        lambda: store.delete("a"),
    ):
        start = time.monotonic()
        with pytest.raises(Transient):
            call()
        assert time.monotonic() - start < 20.0


def test_a_server_that_never_answers_is_transient_after_the_read_timeout(
    servers: TestServers, bucket_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_client, "READ_TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        store = S3ObjectStore(s3_settings(servers, bucket_name, S3_ENDPOINT_URL=url))
        start = time.monotonic()
        with pytest.raises(Transient):
            store.create("a", os.urandom(1_000), "text/plain")
        assert time.monotonic() - start < 20.0


def test_a_body_that_breaks_off_is_transient(servers: TestServers, bucket_name: str) -> None:
    """A server that dies in the middle of an object: the reader hears of it and takes no half for the whole."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_half() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                head = "HTTP/1.1 206 Partial Content\r\nContent-Length: 1000\r\nContent-Range: bytes 0-999/1000\r\n\r\n"
                connection.sendall(head.encode() + bytes(500))

        thread = threading.Thread(target=answer_half, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        found = S3ObjectStore(s3_settings(servers, bucket_name, S3_ENDPOINT_URL=url)).read_range("a", 0)
        with pytest.raises(Transient):
            b"".join(found.chunks)
        thread.join(10.0)


def test_a_server_that_ignores_ranges_is_a_configuration_error(servers: TestServers, bucket_name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer_whole() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nwhole"[:-1])

        thread = threading.Thread(target=answer_whole, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(ConfigurationError, match="Range"):
            S3ObjectStore(s3_settings(servers, bucket_name, S3_ENDPOINT_URL=url)).read_range("a", 2)
        thread.join(10.0)


def test_the_native_server_is_probed_and_can_be_used(servers: TestServers, bucket_name: str) -> None:
    store = S3ObjectStore(s3_settings(servers, bucket_name))
    store.ensure_bucket()
    assert probe_store(store).result in (Atomicity.ATOMIC, Atomicity.NOT_ATOMIC)
    assert list(store.list("")) == []


def test_of_many_writers_at_once_what_is_read_back_is_one_of_theirs(servers: TestServers, bucket_name: str) -> None:
    store = S3ObjectStore(s3_settings(servers, bucket_name))
    store.ensure_bucket()
    together = threading.Barrier(6)

    def write(number: int) -> bool:
        together.wait(10.0)
        try:
            store.create("k", bytes([number]) * 100_000, "text/plain")
        except AlreadyExists:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        created = list(pool.map(write, range(6)))
    body = store.read("k")
    assert body == bytes([body[0]]) * 100_000
    assert created[body[0]]
    empty_bucket(store)

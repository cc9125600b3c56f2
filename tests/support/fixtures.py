"""Fixtures of every test that talks to servers. A test gets topics, a bucket and a database of its own."""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest

from infra.native.keys import S3Keys
from infra.native.layout import VarFolder
from infra.native.ports import free_ports
from infra.native.s3 import s3_client
from infra.native.servers import ServerGroup
from infra.native.settings import read_settings
from tests.support.servers import RUN_KEY, TestServers, open_servers, private_folder

ADMIN_LIMIT_S = 20.0


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Iterator[TestServers]:
    """Kafka, MongoDB wire and S3, started once a run. Never break them in a test: see `private_servers`."""
    folder, run_pid = request.config.stash[RUN_KEY]
    with open_servers(folder, run_pid) as opened:
        yield opened


@pytest.fixture
def unique() -> str:
    """A name nobody else uses: 12 characters, a letter first."""
    return "t" + secrets.token_hex(6)[:11]


@pytest.fixture
def topic_prefix(servers: TestServers, unique: str) -> Iterator[str]:
    """A prefix for LOOKOUT_TOPIC_PREFIX; topics that bear it are deleted afterwards."""
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415

    prefix = f"{unique}-"
    yield prefix
    admin = AdminClient({"bootstrap.servers": servers.bootstrap_servers})
    mine = [name for name in admin.list_topics(timeout=ADMIN_LIMIT_S).topics if name.startswith(prefix)]
    if mine:
        for outcome in admin.delete_topics(mine, operation_timeout=ADMIN_LIMIT_S).values():
            with contextlib.suppress(Exception):  # a test may have deleted it itself
                outcome.result(ADMIN_LIMIT_S)


@pytest.fixture
def bucket(servers: TestServers, unique: str) -> Iterator[str]:
    """An empty bucket, emptied and removed afterwards."""
    name = f"{unique}-bucket"
    client = s3_client(servers.s3_endpoint_url, S3Keys(servers.access_key_id, servers.secret_access_key))
    client.create_bucket(Bucket=name)
    yield name
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=name):
        for item in page.get("Contents", []):
            client.delete_object(Bucket=name, Key=item["Key"])
    client.delete_bucket(Bucket=name)


@pytest.fixture
def mongo_url(servers: TestServers, unique: str) -> Iterator[str]:
    """The address of an empty database, dropped afterwards."""
    from pymongo import MongoClient  # noqa: PLC0415

    parts = urlsplit(servers.mongo_url)
    # A user that came with the address is defined in the database it named, or in `admin`.
    query = parts.query or ("authSource=admin" if "@" in parts.netloc else "")
    url = urlunsplit((parts.scheme, parts.netloc, f"/{unique}", query, ""))
    yield url
    with MongoClient[dict[str, object]](url, serverSelectionTimeoutMS=5000) as client:
        client.drop_database(unique)


@pytest.fixture
def service_variables(
    servers: TestServers, topic_prefix: str, bucket: str, mongo_url: str, tmp_path: Path
) -> dict[str, str]:
    """The environment variables that give a service started by this test everything of its own."""
    return {
        **servers.variables(),
        "MONGODB_URL": mongo_url,
        "S3_BUCKET": bucket,
        "LOOKOUT_TOPIC_PREFIX": topic_prefix,
        "LOOKOUT_VAR_DIR": str(tmp_path),
        "LOOKOUT_HEALTH_PORT": "0",
        "LOOKOUT_MIN_FREE_BYTES": "0",
    }


@pytest.fixture
def private_servers(unique: str) -> Iterator[Callable[[], ServerGroup]]:
    """Makes running native servers of this test's own, which it may kill and launch again; stopped afterwards."""
    groups: list[ServerGroup] = []
    with contextlib.ExitStack() as cleanup:

        def start() -> ServerGroup:
            folder = private_folder(f"{unique}-{len(groups)}")
            var = VarFolder(folder)
            var.create()
            group = ServerGroup(read_settings({}, var=var, ports=free_ports()))
            groups.append(group)
            cleanup.callback(_remove, folder)
            cleanup.callback(group.stop)
            group.start()
            return group

        yield start


def _remove(folder: Path) -> None:
    import shutil  # noqa: PLC0415

    shutil.rmtree(folder, ignore_errors=True)

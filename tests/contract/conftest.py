"""Every contract test runs twice: against the fake and against the real thing."""

from collections.abc import Iterator

import pytest

from common.storage.port import ObjectStore
from tests.contract.kafka_backends import KafkaBackend, MemoryBackend, broker_backend
from tests.contract.storage_backends import empty_bucket, open_memory_store, open_s3_store
from tests.support.servers import TestServers


@pytest.fixture(params=["memory", pytest.param("broker", marks=pytest.mark.integration)])
def kafka(request: pytest.FixtureRequest) -> Iterator[KafkaBackend]:
    if request.param == "memory":
        yield MemoryBackend()
        return
    servers: TestServers = request.getfixturevalue("servers")
    with broker_backend(servers.bootstrap_servers) as backend:
        yield backend


@pytest.fixture(params=["memory", pytest.param("s3", marks=pytest.mark.integration)])
def store(request: pytest.FixtureRequest) -> Iterator[ObjectStore]:
    if request.param == "memory":
        yield open_memory_store()
        return
    opened = open_s3_store(request.getfixturevalue("servers"))
    yield opened
    empty_bucket(opened)

"""Every contract test runs twice: against the fake and against the real thing."""

from collections.abc import Iterator

import pytest

from tests.contract.kafka_backends import KafkaBackend, MemoryBackend, broker_backend
from tests.support.servers import TestServers


@pytest.fixture(params=["memory", pytest.param("broker", marks=pytest.mark.integration)])
def kafka(request: pytest.FixtureRequest) -> Iterator[KafkaBackend]:
    if request.param == "memory":
        yield MemoryBackend()
        return
    servers: TestServers = request.getfixturevalue("servers")
    with broker_backend(servers.bootstrap_servers) as backend:
        yield backend

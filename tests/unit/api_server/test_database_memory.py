"""The in-memory database keeps the same contract as the real one."""

import pytest

from api_server.database.memory import MemoryDatabase
from api_server.database.port import Database
from common.errors import Transient
from tests.unit.api_server.database_contract import DatabaseContract


class TestMemoryDatabase(DatabaseContract):
    @pytest.fixture
    def database(self) -> Database:
        return MemoryDatabase()


def test_memory_database_down_raises_transient() -> None:
    database = MemoryDatabase()
    database.is_down = True
    with pytest.raises(Transient):
        database.collection("users").get("x")

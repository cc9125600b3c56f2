"""The database port on a server that speaks MongoDB's wire protocol."""

from collections.abc import Callable, Iterator

import pytest
from pymongo import MongoClient

from api_server.database.mongo import MongoDatabase
from api_server.database.port import Database
from common.errors import ConfigurationError, Transient
from common.settings import MongoSettings, load_settings
from tests.unit.api_server.database_contract import DatabaseContract


@pytest.fixture
def open_database(mongo_url: str) -> Iterator[Callable[[], MongoDatabase]]:
    opened: list[MongoDatabase] = []

    def open_one() -> MongoDatabase:
        opened.append(MongoDatabase(load_settings(MongoSettings, {"MONGODB_URL": mongo_url})))
        return opened[-1]

    yield open_one
    for database in opened:
        database.close()


class TestMongoDatabase(DatabaseContract):
    @pytest.fixture
    def database(self, open_database: Callable[[], MongoDatabase]) -> Database:
        return open_database()


def test_prepare_existing_duplicates_are_a_setting_to_mend(open_database: Callable[[], MongoDatabase]) -> None:
    database = open_database()
    users = database.collection("users")
    users.insert({"_id": "1", "name": "ann"})
    users.insert({"_id": "2", "name": "ann"})
    with pytest.raises(ConfigurationError, match="not unique"):
        database.prepare()


def test_prepare_two_servers_at_once_agree(open_database: Callable[[], MongoDatabase]) -> None:
    first, second = open_database(), open_database()
    first.prepare()
    second.prepare()
    assert first.collection("users").insert({"_id": "1", "name": "ann"})
    assert not second.collection("users").insert({"_id": "2", "name": "ann"})


def test_prepare_finds_out_whether_the_server_is_the_light_one(
    open_database: Callable[[], MongoDatabase], mongo_url: str
) -> None:
    database = open_database()
    database.prepare()
    with MongoClient[dict[str, object]](mongo_url) as client:
        # What only a real server says of itself.
        has_engines = "storageEngines" in client.admin.command("buildInfo")
    assert database.is_light is not has_engines


def test_database_away_raises_transient_soon() -> None:
    database = MongoDatabase(load_settings(MongoSettings, {"MONGODB_URL": "mongodb://127.0.0.1:9/lookout"}))
    with pytest.raises(Transient):
        database.collection("users").get("x")
    database.close()


@pytest.mark.parametrize("url", ["http://x", "mongodb://", "mongodb://h:port/"])
def test_database_bad_address_is_a_setting_to_mend(url: str) -> None:
    with pytest.raises(ConfigurationError, match="MONGODB_URL"):
        MongoDatabase(load_settings(MongoSettings, {"MONGODB_URL": url}))

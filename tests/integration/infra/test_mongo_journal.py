"""The light MongoDB-wire server, killed amid inserts: what it answered is there, and its indexes tell the truth."""

import contextlib
import threading
from collections.abc import Callable

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import ConnectionFailure, DuplicateKeyError

from infra.native.servers import ServerGroup

KILLS = 3
WRITERS = 2
INSERTS_BEFORE_A_KILL = 150
LIMIT_S = 30.0

pytestmark = pytest.mark.timeout(300)


class Writer(threading.Thread):
    """Inserts until the server is gone."""

    def __init__(self, url: str, name: str) -> None:
        super().__init__(name=name)
        self._url = url
        self.tried: list[str] = []
        self.answered: list[str] = []
        self.under_way = threading.Event()

    def run(self) -> None:
        with MongoClient[dict[str, object]](self._url) as client, contextlib.suppress(ConnectionFailure):
            things = client.get_default_database()["things"]
            while True:
                key = f"{self.name}-{len(self.tried)}"
                self.tried.append(key)
                things.insert_one({"_id": key, "serial": key, "filler": "x" * 300})
                self.answered.append(key)
                if len(self.answered) == INSERTS_BEFORE_A_KILL:
                    self.under_way.set()


def assert_consistent(things: Collection[dict[str, object]], tried: list[str], answered: list[str]) -> None:
    stored = [str(item["_id"]) for item in things.find({})]
    assert len(stored) == len(set(stored))
    assert set(answered) <= set(stored)
    for key in tried[-2:]:  # the last one answered, and the one cut off
        for field in ("_id", "serial"):
            assert (things.find_one({field: key}) is not None) == (key in stored), (key, field)
        if key in stored:
            with pytest.raises(DuplicateKeyError):
                things.insert_one({"_id": key, "serial": key})
        else:
            things.insert_one({"_id": key, "serial": key})


def test_mongo_killed_amid_inserts_has_all_it_answered_and_whole_documents(
    private_servers: Callable[[], ServerGroup],
) -> None:
    group = private_servers()
    url = group.endpoints.variables()["MONGODB_URL"]
    with MongoClient[dict[str, object]](url) as client:
        things = client.get_default_database()["things"]
        things.create_index("serial", unique=True)
        for n in range(KILLS):
            writers = [Writer(url, f"{n}-{k}") for k in range(WRITERS)]
            for writer in writers:
                writer.start()
            for writer in writers:
                assert writer.under_way.wait(LIMIT_S)
            group.kill("mongo")
            for writer in writers:
                writer.join(LIMIT_S)
            group.launch("mongo")
            group.wait_ready("mongo")
            for writer in writers:
                assert_consistent(things, writer.tried, writer.answered)

"""The database for real: PyMongo against MongoDB or a server that speaks its wire protocol."""

import functools
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from bson import Regex
from pymongo import MongoClient
from pymongo import errors as mongo_errors
from pymongo.collection import Collection as PyMongoCollection
from pymongo.collection import ReturnDocument
from pymongo.monitoring import (
    ServerHeartbeatFailedEvent,
    ServerHeartbeatListener,
    ServerHeartbeatStartedEvent,
    ServerHeartbeatSucceededEvent,
)

from api_server.database.port import Change, Collection, Document, Sort, Where
from api_server.database.schema import CLIPS, COLLECTIONS
from common.errors import ConfigurationError, Transient
from common.settings import MongoSettings

DEFAULT_DATABASE = "lookout"
SELECTION_MS = 2_000
"""How long a call looks for a server: a person waits for the answer."""
SOCKET_MS = 15_000
"""A list over 100,000 documents takes the light server about 1 s."""
HEARTBEAT_MS = 500
"""PyMongo's least. A server that died and came back must be noticed before offsets pass its lost writes."""
_AUTHENTICATION_FAILED = 18
_UNAUTHORIZED = 13
_DUPLICATE_KEY = 11000
_COMMAND_NOT_FOUND = 59

P = ParamSpec("P")
R = TypeVar("R")


def _translated(call: Callable[P, R]) -> Callable[P, R]:
    """Errors named for their reaction: `Transient`: try again; `ConfigurationError`: bad credentials."""

    @functools.wraps(call)
    def translating(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return call(*args, **kwargs)
        except (mongo_errors.ConnectionFailure, mongo_errors.ExecutionTimeout, mongo_errors.WTimeoutError) as error:
            raise Transient(f"the database does not answer: {type(error).__name__}") from error
        except mongo_errors.OperationFailure as error:
            if error.code in (_AUTHENTICATION_FAILED, _UNAUTHORIZED):
                raise ConfigurationError("MONGODB_URL: the database refuses these credentials.") from error
            raise

    return translating


def _compiled(where: Where) -> dict[str, Any]:
    """The same filter, its patterns as BSON has them: the light server compiles a `$regex` for every document anew."""
    sent: dict[str, Any] = {}
    for field, condition in where.items():
        if field in ("$and", "$or"):
            sent[field] = [_compiled(part) for part in condition]
        elif isinstance(condition, Mapping) and set(condition) == {"$regex"}:
            sent[field] = Regex(condition["$regex"])
        else:
            sent[field] = condition
    return sent


class LossWatch(ServerHeartbeatListener):
    """Counts how often the server stopped answering. Called on PyMongo's monitor threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards the count and the state: one monitor thread per server
        self._losses = 0
        self._is_up = False

    @property
    def losses(self) -> int:
        with self._lock:
            return self._losses

    def started(self, event: ServerHeartbeatStartedEvent) -> None:
        """Nothing is known yet."""

    def succeeded(self, event: ServerHeartbeatSucceededEvent) -> None:  # noqa: ARG002  the event itself is the news
        with self._lock:
            self._is_up = True

    def failed(self, event: ServerHeartbeatFailedEvent) -> None:  # noqa: ARG002  the event itself is the news
        with self._lock:
            self._losses += 1 if self._is_up else 0
            self._is_up = False


class MongoCollection:
    """Implements `Collection`."""

    def __init__(self, collection: "PyMongoCollection[Document]") -> None:
        self._collection = collection

    @_translated
    def insert(self, document: Document) -> bool:
        try:
            self._collection.insert_one(dict(document))
        except mongo_errors.DuplicateKeyError:
            return False
        return True

    @_translated
    def insert_missing(self, documents: Sequence[Document]) -> int:
        if not documents:
            return 0
        try:
            return len(self._collection.insert_many([dict(d) for d in documents], ordered=False).inserted_ids)
        except mongo_errors.BulkWriteError as error:
            failures = (error.details or {}).get("writeErrors", [])
            if any(failure.get("code") != _DUPLICATE_KEY for failure in failures):
                raise
            # Counted here: the light server counts those it refused among the inserted.
            return len(documents) - len(failures)

    @_translated
    def get(self, document_id: str) -> Document | None:
        return self._collection.find_one({"_id": document_id})

    @_translated
    def find(self, where: Where, sort: Sort = (), limit: int = 0) -> list[Document]:
        cursor = self._collection.find(_compiled(where), limit=limit, max_time_ms=SOCKET_MS)
        return list(cursor.sort(list(sort)) if sort else cursor)

    @_translated
    def update(self, where: Where, change: Change) -> bool:
        return self._collection.update_one(where, change).matched_count > 0

    @_translated
    def update_and_get(self, where: Where, change: Change) -> Document | None:
        return self._collection.find_one_and_update(where, change, return_document=ReturnDocument.AFTER)

    @_translated
    def update_all(self, where: Where, change: Change) -> int:
        return self._collection.update_many(where, change).matched_count

    @_translated
    def delete(self, where: Where) -> int:
        return self._collection.delete_many(where).deleted_count

    @_translated
    def count(self, where: Where) -> int:
        return self._collection.count_documents(where)

    @_translated
    def total(self, field: str, where: Where) -> int:
        steps: list[dict[str, Any]] = [{"$match": where}, {"$group": {"_id": None, "total": {"$sum": f"${field}"}}}]
        rows = list(self._collection.aggregate(steps))
        return int(rows[0]["total"]) if rows else 0


class MongoDatabase:
    """Implements `Database`. Connects at the first call. Use after fork: PyMongo's threads do not survive one."""

    def __init__(self, settings: MongoSettings) -> None:
        self._watch = LossWatch()
        self._is_light = False
        try:
            self._client: MongoClient[Document] = MongoClient(
                settings.url.get_secret_value(),
                serverSelectionTimeoutMS=SELECTION_MS,
                connectTimeoutMS=SELECTION_MS,
                socketTimeoutMS=SOCKET_MS,
                heartbeatFrequencyMS=HEARTBEAT_MS,
                event_listeners=[self._watch],
                appname="lookout",
                connect=False,
            )
            database = self._client.get_default_database(DEFAULT_DATABASE)
        except (mongo_errors.ConfigurationError, ValueError) as error:
            raise ConfigurationError("MONGODB_URL is not an address of a MongoDB server.") from error
        self._pymongo = {spec.name: database[spec.name] for spec in COLLECTIONS}
        self._collections: dict[str, Collection] = {n: MongoCollection(c) for n, c in self._pymongo.items()}

    @property
    def losses(self) -> int:
        return self._watch.losses

    def collection(self, name: str) -> Collection:
        return self._collections[name]

    @_translated
    def prepare(self) -> None:
        for spec in COLLECTIONS:
            collection = self._pymongo[spec.name]
            for index in spec.indexes:
                keys = [(field, 1) for field in index.fields]
                try:
                    name = collection.create_index(keys, unique=index.is_unique)
                except mongo_errors.DuplicateKeyError as error:
                    raise ConfigurationError(f"{spec.name}: {index.fields} is not unique in the data.") from error
                if index.is_unique and not collection.index_information().get(name, {}).get("unique"):
                    raise ConfigurationError(f"{spec.name}: the database did not make {index.fields} unique.")

        self._is_light = self._has_no_plans()

    @property
    def is_light(self) -> bool:
        return self._is_light

    def _has_no_plans(self) -> bool:
        """The light server has no query plans to explain, because it looks through everything."""
        clips = self._pymongo[CLIPS]
        try:
            clips.database.command({"explain": {"find": clips.name}, "verbosity": "queryPlanner"})
        except mongo_errors.OperationFailure as error:
            return error.code == _COMMAND_NOT_FOUND
        return False

    @_translated
    def ping(self) -> None:
        self._client.admin.command("ping")

    def close(self) -> None:
        self._client.close()

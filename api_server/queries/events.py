"""Events of queries into the database."""

import contextlib
import logging
from enum import StrEnum

from api_server.queries.progress import applied
from api_server.queries.record import QueryFile, QueryRecord, QueryState, new_record, query_file_key, sighting_record
from api_server.queries.store import QueryStore
from api_server.recordings.store import UploadStore
from common.clock import Clock
from common.contracts.base import Contract
from common.contracts.clip_event import PartReady, QueryFailed, QueryPlanned
from common.contracts.segment_job import cancelled_key
from common.storage.port import AlreadyExists, NotFound, ObjectStore

log = logging.getLogger(__name__)

QueryEvent = QueryPlanned | PartReady | QueryFailed


class Written(StrEnum):
    """What became of an event. `unknown`: nobody asked such a query, or it is gone for good."""

    CHANGED = "changed"
    KNOWN = "known"
    UNKNOWN = "unknown"


class QueryEvents:
    """Safe on any thread, and in several processes at once: every call may be repeated. Raises Transient."""

    def __init__(self, queries: QueryStore, uploads: UploadStore, store: ObjectStore, clock: Clock) -> None:
        self._queries = queries
        self._uploads = uploads
        self._store = store
        self._clock = clock

    def write(self, event: QueryEvent) -> Written:
        """Bring a query on:

        1. a query that the database has lost is taken from its own object in the store;
        2. the sightings of a result come first, the query's end last: a finished query has all its sightings;
        3. a failed query is cancelled in the store before it says so, so that no worker goes on with it;
        4. who finds that it was deleted meanwhile takes the sightings back.
        """
        query = self._queries.known(event.query_id) or self.restore(event.query_id)
        if query is None:
            return Written.UNKNOWN
        now_us = self._clock.wall_us()
        wanted = applied(query, event, now_us)
        if wanted is query:
            return Written.KNOWN
        if isinstance(event, PartReady) and event.joined:
            self._queries.add_sightings(
                [sighting_record(query.id, query.question.analysis, sighting) for sighting in event.sightings]
            )
        if wanted.state is QueryState.FAILED:
            stop_work(self._store, query.id, Stop(state=QueryState.FAILED, reason=wanted.reason))
        self._tell_upload(query, event)
        size = self._size(event.object_key) if isinstance(event, PartReady) and event.joined else 0
        changed = self._queries.rewrite(query.id, lambda q: _with_size(applied(q, event, now_us), size))
        if changed is None or changed.state in (QueryState.DELETING, QueryState.DELETED):
            self._queries.drop_sightings(query.id)
        return Written.CHANGED

    def restore(self, query_id: str) -> QueryRecord | None:
        """A query that only the store still knows, entered anew; None when it does not know it either, or when the
        same question has an answer by now."""
        try:
            file = QueryFile.model_validate_json(self._store.read(query_file_key(query_id)))
        except NotFound:
            return None
        except ValueError:
            log.exception("an object in the place of a query is none", extra={"query": query_id})
            return None
        now_us = self._clock.wall_us()
        for slot in (file.question.fingerprint, query_id):
            if self._queries.add(new_record(query_id, file.question, slot, now_us)):
                log.info("a query was restored from the store", extra={"query": query_id})
                break
        return self._queries.known(query_id)

    def _size(self, key: str) -> int:
        try:
            return self._store.head(key).size
        except NotFound:
            return 0

    def _tell_upload(self, query: QueryRecord, event: QueryEvent) -> None:
        """Planning is where an uploaded file is looked into for the first time."""
        upload = query.question.recording
        if upload is None:
            return
        if isinstance(event, QueryPlanned):
            self._uploads.learn(upload, {"duration_ms": event.duration_ms})
        elif isinstance(event, QueryFailed) and event.part is None and query.parts is None:
            self._uploads.learn(upload, {"problem": event.reason})


def _with_size(query: QueryRecord, size: int) -> QueryRecord:
    return query.model_copy(update={"result_bytes": size}) if size and query.result_bytes != size else query


class Stop(Contract):
    """What the object `cancelled` holds: how the query ended, for a database that has forgotten it."""

    state: QueryState
    reason: str | None = None


def stop_work(store: ObjectStore, query_id: str, stop: Stop) -> None:
    """Put the object that makes every worker leave the query alone. The first one stays. Raises Transient."""
    with contextlib.suppress(AlreadyExists):
        store.create(cancelled_key(query_id), stop.to_json(), "application/json")


def read_stop(store: ObjectStore, query_id: str) -> Stop | None:
    """How a query was ended, None when it was not. Raises Transient."""
    try:
        return Stop.model_validate_json(store.read(cancelled_key(query_id)))
    except NotFound:
        return None
    except ValueError:
        # Whatever lies there stops the workers.
        return Stop(state=QueryState.CANCELLED)

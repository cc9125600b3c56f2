"""Erasing queries and uploads: what is to be erased stands in the database, and is done until nothing does."""

from api_server.queries.events import Stop, stop_work
from api_server.queries.record import QueryRecord, QueryState, parts_prefix, query_prefix
from api_server.queries.store import QueryStore
from api_server.recordings.store import UploadStore
from common.clock import Clock
from common.contracts.segment_job import cancelled_key
from common.storage.port import ObjectStore

AGAIN_S = 3600.0
"""A worker that was at a part may still store it; it is looked for once more, this much later."""
FORGET_S = 8 * 24 * 3600.0
"""A day longer than the topics keep jobs and events: after that nothing can speak of the query any more."""
_US = 1_000_000


class QueryEraser:
    """One thread. Every step may be repeated, and by two processes at once. Raises Transient."""

    def __init__(self, queries: QueryStore, uploads: UploadStore, store: ObjectStore, clock: Clock) -> None:
        self._queries = queries
        self._uploads = uploads
        self._store = store
        self._clock = clock

    def run_once(self) -> int:
        """Erase what is marked. A query: first the object `cancelled`, so that no worker goes on with it, then all
        others, at once and once more an hour later. 0: nothing has to be done again at once."""
        now_us = self._clock.wall_us()
        for query in self._queries.in_state(QueryState.DELETING):
            if query.erased_us is None:
                stop_work(self._store, query.id, Stop(state=QueryState.CANCELLED))
                self._queries.drop_sightings(query.id)
                self._erase(query.id)
                self._queries.rewrite(query.id, lambda q: _erased(q, now_us))
            elif query.erased_us < now_us - AGAIN_S * _US:
                self._erase(query.id)
                self._queries.rewrite(query.id, lambda q: q.model_copy(update={"state": QueryState.DELETED}))
        for upload in self._uploads.deleting():
            # In this order: a worker that has made something looks for the upload once more afterwards.
            self._store.delete(upload.key)
            self._store.delete(upload.playable_key)
            self._uploads.remove(upload.id)
        return 0

    def drop_parts(self) -> int:
        """Erase what results were joined from, which is as large as they are; of how many queries. A part that is
        repeated later is erased with its query."""
        before_us = self._clock.wall_us() - AGAIN_S * _US
        done = [
            query
            for query in self._queries.in_state(QueryState.FINISHED)
            if query.has_parts and query.finished_us is not None and query.finished_us < before_us
        ]
        for query in done:
            for key in [info.key for info in self._store.list(parts_prefix(query.id))]:
                self._store.delete(key)
            self._queries.rewrite(query.id, lambda q: q.model_copy(update={"has_parts": False}))
        return len(done)

    def forget(self) -> int:
        """Remove the last traces of queries that nothing can speak of any more; how many."""
        before_us = self._clock.wall_us() - FORGET_S * _US
        gone = [q for q in self._queries.in_state(QueryState.DELETED) if (q.erased_us or 0) < before_us]
        for query in gone:
            self._erase(query.id)
            self._store.delete(cancelled_key(query.id))
            self._queries.remove(query.id)
        return len(gone)

    def _erase(self, query_id: str) -> None:
        """Every object of a query but the one that stops its workers."""
        kept = cancelled_key(query_id)
        for key in [info.key for info in self._store.list(query_prefix(query_id)) if info.key != kept]:
            self._store.delete(key)


def _erased(query: QueryRecord, now_us: int) -> QueryRecord:
    return query.model_copy(update={"erased_us": now_us})

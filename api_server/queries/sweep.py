"""Queries and uploads compared with the store, which is right: an empty database gets them back."""

import logging

from api_server.queries.events import QueryEvents, read_stop
from api_server.queries.keeper import with_stop
from api_server.queries.progress import deleting
from api_server.queries.record import QueryState, is_query_id, query_file_key
from api_server.queries.store import QueryStore
from api_server.recordings.record import UPLOADS_PREFIX, Upload, is_upload_id
from api_server.recordings.store import UploadStore
from common.clock import Clock
from common.contracts.query_sidecar import part_ready
from common.contracts.segment_job import QUERIES_PREFIX, result_key
from common.storage.port import NotFound, ObjectStore, is_stored
from common.storage.queries import read_query_sidecar

log = logging.getLogger(__name__)

SETTLED_AFTER_S = 600.0
"""Younger ones may be on their way into the database."""
_US = 1_000_000


class QuerySweep:
    """One thread. Raises Transient; every step may be repeated."""

    def __init__(
        self, queries: QueryStore, uploads: UploadStore, events: QueryEvents, store: ObjectStore, clock: Clock
    ) -> None:
        self._queries = queries
        self._uploads = uploads
        self._events = events
        self._store = store
        self._clock = clock

    def run_once(self) -> int:
        """1. Every query in the store has its record, and its end if it has come to one. 2. A finished query has its
        result. 3. Every upload in the store has its record. 4. Every record of an upload has its object. How many were
        put right."""
        return self._queries_swept() + self._uploads_swept()

    def _queries_swept(self) -> int:
        before_us = self._clock.wall_us() - SETTLED_AFTER_S * _US
        stored: dict[str, dict[str, int]] = {}
        for info in self._store.list(QUERIES_PREFIX):
            query_id, _, name = info.key.removeprefix(QUERIES_PREFIX).partition("/")
            if is_query_id(query_id) and not name.startswith("parts/"):
                stored.setdefault(query_id, {})[info.key] = info.modified_us
        known = self._queries.ids()
        mended = 0
        for query_id, objects in stored.items():
            made_us = objects.get(query_file_key(query_id))
            if query_id in known or made_us is None or made_us > before_us:
                continue
            mended += self._restore(query_id, has_result=result_key(query_id) in objects)
        for query in self._queries.in_state(QueryState.FINISHED):
            is_old = query.finished_us is not None and query.finished_us < before_us
            result = result_key(query.id)
            if is_old and result not in stored.get(query.id, {}) and not is_stored(self._store, result):
                log.warning("a query's result is gone, and so is the query", extra={"query": query.id})
                self._queries.rewrite(query.id, deleting)
                mended += 1
        return mended

    def _restore(self, query_id: str, has_result: bool) -> int:
        if self._events.restore(query_id) is None:
            return 0
        stop = read_stop(self._store, query_id)
        if has_result:
            try:
                sidecar = read_query_sidecar(self._store, result_key(query_id))
            except (NotFound, ValueError):
                log.exception("a result cannot be read", extra={"query": query_id})
            else:
                self._events.write(part_ready(sidecar, result_key(query_id)))
        if stop is not None:
            now_us = self._clock.wall_us()
            self._queries.rewrite(query_id, lambda q: with_stop(q, stop, now_us))
        return 1

    def _uploads_swept(self) -> int:
        before_us = self._clock.wall_us() - SETTLED_AFTER_S * _US
        stored: set[str] = set()
        mended = 0
        for info in self._store.list(UPLOADS_PREFIX):
            upload_id = info.key.removeprefix(UPLOADS_PREFIX)
            if not is_upload_id(upload_id):
                continue
            stored.add(upload_id)
            if info.modified_us < before_us and self._uploads.known(upload_id) is None:
                mended += self._enter(upload_id)
        for upload in self._uploads.live():
            if upload.id not in stored and upload.created_us < before_us and not is_stored(self._store, upload.key):
                self._uploads.remove(upload.id)
                mended += 1
        return mended

    def _enter(self, upload_id: str) -> int:
        try:
            info = self._store.head(f"{UPLOADS_PREFIX}{upload_id}")
            upload = Upload.from_object(upload_id, info.size, info.content_type, info.metadata)
        except (NotFound, ValueError):
            log.exception("an object in the place of an upload is none", extra={"upload": upload_id})
            return 0
        return int(self._uploads.add(upload))

"""The collections `queries` and `query_sightings`."""

from collections.abc import Callable, Collection, Sequence

from api_server.clips.paging import NEWEST, Cursor, Order, after, sorted_by
from api_server.clips.store import Page
from api_server.database.port import Database, Where
from api_server.database.revised import rewrite
from api_server.database.schema import QUERIES, QUERY_SIGHTINGS
from api_server.queries.record import SHOWN, QueryRecord, QuerySightingRecord, QueryState

DIFF_MAX = 20_000
"""Most sightings that are compared."""


class QueryStore:
    """Safe on any thread. Every call raises Transient when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._queries = database.collection(QUERIES)
        self._sightings = database.collection(QUERY_SIGHTINGS)

    def add(self, query: QueryRecord) -> bool:
        """Whether it was added; False when its id, or its slot, is taken."""
        return self._queries.insert(query.to_document())

    def known(self, query_id: str) -> QueryRecord | None:
        """In any state."""
        document = self._queries.get(query_id)
        return QueryRecord.from_document(document) if document is not None else None

    def get(self, query_id: str) -> QueryRecord | None:
        """One that people see."""
        query = self.known(query_id)
        return query if query is not None and query.state in SHOWN else None

    def total_bytes(self) -> int:
        """Of all results that people see."""
        return self._queries.total("result_bytes", {"state": QueryState.FINISHED.value})

    def in_slot(self, slot: str) -> QueryRecord | None:
        """The query that is the answer to a question."""
        found = self._queries.find({"slot": slot}, limit=1)
        return QueryRecord.from_document(found[0]) if found else None

    def in_state(self, *states: QueryState) -> list[QueryRecord]:
        """The oldest first."""
        where = {"state": {"$in": [state.value for state in states]}}
        return [QueryRecord.from_document(d) for d in self._queries.find(where, sort=[("created_us", 1), ("_id", 1)])]

    def ids(self) -> set[str]:
        """Of all that are known, in any state."""
        return {document["_id"] for document in self._queries.find({})}

    def page(self, where: Where, states: Sequence[QueryState], limit: int, cursor: Cursor | None) -> Page[QueryRecord]:
        """The newest first, of those that `where` lets through."""
        parts: list[Where] = [where, {"state": {"$in": [state.value for state in states]}}]
        if cursor is not None:
            parts.append(after(cursor, "created_us", "_id"))
        found = self._queries.find({"$and": parts}, sort=[("created_us", -1), ("_id", -1)], limit=limit + 1)
        queries = [QueryRecord.from_document(document) for document in found]
        shown = queries[:limit]
        return Page(shown, Cursor(shown[-1].created_us, shown[-1].id) if len(queries) > limit else None)

    def rewrite(self, query_id: str, apply: Callable[[QueryRecord], QueryRecord]) -> QueryRecord | None:
        """As `database.revised.rewrite`, in any state."""
        return rewrite(self._queries, lambda: self.known(query_id), apply)

    def remove(self, query_id: str) -> None:
        """Forget it for good."""
        self._sightings.delete({"query_id": query_id})
        self._queries.delete({"_id": query_id})

    # Sightings of results

    def add_sightings(self, sightings: Collection[QuerySightingRecord]) -> None:
        """Insert those that are not there."""
        self._sightings.insert_missing([sighting.to_document() for sighting in sightings])

    def drop_sightings(self, query_id: str) -> None:
        self._sightings.delete({"query_id": query_id})

    def sightings_page(self, query_id: str, limit: int, cursor: Cursor | None) -> Page[QuerySightingRecord]:
        """In the order of the result."""
        where: dict[str, object] = {"query_id": query_id}
        if cursor is not None:
            where["n"] = {"$gt": cursor.at}
        found = self._sightings.find(where, sort=[("n", 1)], limit=limit + 1)
        records = [QuerySightingRecord.from_document(document) for document in found]
        shown = records[:limit]
        return Page(shown, Cursor(shown[-1].n, shown[-1].id) if len(records) > limit else None)

    def search_page(
        self, query_id: str, where: Where, limit: int, cursor: Cursor | None, order: Order = NEWEST
    ) -> Page[QuerySightingRecord]:
        """Those of a result that `where` lets through, by when they were first seen."""
        parts: list[Where] = [{"query_id": query_id}, *([where] if where else [])]
        if cursor is not None:
            parts.append(after(cursor, "first_us", "_id"))
        found = self._sightings.find({"$and": parts}, sort=sorted_by(order, "first_us", "_id"), limit=limit + 1)
        records = [QuerySightingRecord.from_document(document) for document in found]
        shown = records[:limit]
        return Page(shown, Cursor(shown[-1].first_us, shown[-1].id, order) if len(records) > limit else None)

    def sightings_of(self, query_id: str) -> list[QuerySightingRecord]:
        """At most DIFF_MAX, in the order of the result."""
        found = self._sightings.find({"query_id": query_id}, sort=[("n", 1)], limit=DIFF_MAX)
        return [QuerySightingRecord.from_document(document) for document in found]

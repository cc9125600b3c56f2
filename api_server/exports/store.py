"""The collection `exports`."""

from collections.abc import Callable
from typing import Any

from api_server.clips.paging import Cursor, after
from api_server.clips.store import Page
from api_server.database.port import Database
from api_server.database.revised import rewrite
from api_server.database.schema import EXPORTS
from api_server.exports.record import SHOWN, ExportKind, ExportRecord, ExportState


class ExportStore:
    """Safe on any thread. Every call raises Transient when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._exports = database.collection(EXPORTS)

    def add(self, export: ExportRecord) -> bool:
        return self._exports.insert(export.to_document())

    def known(self, export_id: str) -> ExportRecord | None:
        """In any state."""
        document = self._exports.get(export_id)
        return ExportRecord.from_document(document) if document is not None else None

    def get(self, export_id: str) -> ExportRecord | None:
        """One that people see."""
        export = self.known(export_id)
        return export if export is not None and export.state in SHOWN else None

    def page(self, owner: str | None, limit: int, cursor: Cursor | None) -> Page[ExportRecord]:
        """The newest first, of one person or of all."""
        parts: list[dict[str, Any]] = [{"state": {"$in": [state.value for state in SHOWN]}}]
        if owner is not None:
            parts.append({"owner": owner})
        if cursor is not None:
            parts.append(dict(after(cursor, "created_us", "_id")))
        found = self._exports.find({"$and": parts}, sort=[("created_us", -1), ("_id", -1)], limit=limit + 1)
        exports = [ExportRecord.from_document(document) for document in found]
        shown = exports[:limit]
        return Page(shown, Cursor(shown[-1].created_us, shown[-1].id) if len(exports) > limit else None)

    def active_of(self, owner: str) -> int:
        """Films that are being made, or wait, for one person."""
        states = [ExportState.RECEIVED.value, ExportState.PROCESSING.value]
        return self._exports.count({"owner": owner, "kind": ExportKind.FILM.value, "state": {"$in": states}})

    def in_state(self, *states: ExportState) -> list[ExportRecord]:
        """The oldest first."""
        where = {"state": {"$in": [state.value for state in states]}}
        found = self._exports.find(where, sort=[("created_us", 1), ("_id", 1)])
        return [ExportRecord.from_document(document) for document in found]

    def ids(self) -> set[str]:
        return {document["_id"] for document in self._exports.find({})}

    def total_bytes(self) -> int:
        """Of all films that are stored."""
        return self._exports.total("bytes", {})

    def rewrite(self, export_id: str, apply: Callable[[ExportRecord], ExportRecord]) -> ExportRecord | None:
        """As `database.revised.rewrite`, in any state."""
        return rewrite(self._exports, lambda: self.known(export_id), apply)

    def hide(self, export_id: str) -> None:
        """Take it out of sight; the eraser does the rest."""
        self.rewrite(export_id, lambda e: e.model_copy(update={"state": ExportState.DELETING}))

    def remove(self, export_id: str) -> None:
        self._exports.delete({"_id": export_id})

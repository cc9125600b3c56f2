"""Appending to the audit log, and reading it."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from api_server.audit.entry import AuditEntry, Note, entry_id, make_entry
from api_server.clips.paging import Cursor
from api_server.database.port import Database
from api_server.database.schema import AUDIT
from common.clock import Clock
from common.errors import Transient

TRIES = 50
"""How often an entry is put behind one that another process wrote first."""
TURN_S = 10.0


class AuditLog:
    """The collection `audit`. Safe on any thread, and in several processes: an entry's number is its unique id, so of
    two that would follow the same entry one is refused and follows the other.

    An entry is written as follows.

    1. The newest entry is the one this process wrote or saw last. It is looked up by its id, because a database that
       died may have lost it; then the newest that is left is looked for.
    2. The next one, bound to it by its hash, is inserted. It never replaces anything.
    3. If its number is taken, whoever took it is walked past, and 2 is done again.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._entries = database.collection(AUDIT)
        self._clock = clock
        self._turn = threading.Lock()  # guards the newest entry known: one entry of this process at a time
        self._newest: AuditEntry | None = None

    def append(self, note: Note) -> AuditEntry:
        """Raises Transient; then the entry may or may not have been written, and what it is about must not be done."""
        if not self._turn.acquire(timeout=TURN_S):
            raise Transient("too many entries of the audit log at once")
        try:
            newest = self._still_there() or self._look_up_newest()
            for _ in range(TRIES):
                entry = make_entry(note, newest, self._clock.wall_us())
                if self._entries.insert(entry.to_document()):
                    self._newest = entry
                    return entry
                newest = self._walk_on(newest)
        finally:
            self._turn.release()
        raise Transient("the audit log keeps being written by others")

    def newest(self) -> AuditEntry | None:
        return self._look_up_newest()

    def page(self, where: Mapping[str, Any], limit: int, after: Cursor | None) -> list[AuditEntry]:
        """The newest first; at most `limit`, those written before `after`."""
        parts = [where] if where else []
        if after is not None:
            parts.append({"seq": {"$lt": after.at}})
        found = self._entries.find({"$and": parts} if parts else {}, sort=[("seq", -1)], limit=limit)
        return [AuditEntry.from_document(document) for document in found]

    def read(self, first: int, last: int) -> Mapping[int, Mapping[str, Any]]:
        """The documents of numbers `first` to `last`, as they lie there, by number."""
        ids = [entry_id(seq) for seq in range(first, last + 1)]
        return {int(document["_id"]): document for document in self._entries.find({"_id": {"$in": ids}})}

    def ids_beyond(self, last: int) -> Sequence[str]:
        """Ids that no entry up to number `last` can have."""
        known = self._entries.count({})
        if known <= last:
            return []
        return sorted(d["_id"] for d in self._entries.find({}) if not _is_within(d["_id"], last))

    def _still_there(self) -> AuditEntry | None:
        if self._newest is None:
            return None
        document = self._entries.get(self._newest.id)
        return self._newest if document is not None and document.get("hash") == self._newest.hash else None

    def _look_up_newest(self) -> AuditEntry | None:
        found = self._entries.find({}, sort=[("seq", -1)], limit=1)
        return AuditEntry.from_document(found[0]) if found else None

    def _walk_on(self, newest: AuditEntry | None) -> AuditEntry | None:
        while True:
            document = self._entries.get(entry_id(newest.seq + 1 if newest is not None else 1))
            if document is None:
                return newest
            newest = AuditEntry.from_document(document)


def _is_within(document_id: str, last: int) -> bool:
    return document_id.isdigit() and 1 <= int(document_id) <= last and entry_id(int(document_id)) == document_id

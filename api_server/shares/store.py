"""The collection `shares`."""

from api_server.clips.paging import NEWEST, Cursor, after, sorted_by
from api_server.clips.store import Page
from api_server.database.port import Database
from api_server.database.schema import SHARES
from api_server.shares.record import ShareRecord, hash_share_token, is_share_token
from common.clock import Clock

FORGOTTEN_AFTER_S = 30 * 24 * 3600
"""Who withdrew a link, or let it expire, can still look it up for so long."""
_US = 1_000_000


class ShareStore:
    """Safe on any thread. Every call raises Transient when the database does not answer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._shares = database.collection(SHARES)
        self._clock = clock

    def add(self, share: ShareRecord) -> bool:
        return self._shares.insert(share.to_document())

    def page(self, clip_id: str, limit: int, cursor: Cursor | None) -> Page[ShareRecord]:
        """Links to a clip, the newest first."""
        behind = [after(cursor, "created_us", "_id")] if cursor is not None else []
        where = {"$and": [{"clip": clip_id}, *behind]}
        found = self._shares.find(where, sort=sorted_by(NEWEST, "created_us", "_id"), limit=limit + 1)
        shown = [ShareRecord.from_document(document) for document in found[:limit]]
        return Page(shown, Cursor(shown[-1].created_us, shown[-1].id) if len(found) > limit else None)

    def open_of_clip(self, clip_id: str) -> int:
        """Links to a clip that work now."""
        where = {"clip": clip_id, "withdrawn_us": None, "expires_us": {"$gt": self._clock.wall_us()}}
        return self._shares.count(where)

    def by_token(self, token: str) -> ShareRecord | None:
        """The share that a link is of, while it works."""
        if not is_share_token(token):
            return None
        found = self._shares.find({"token_hash": hash_share_token(token)}, limit=1)
        share = ShareRecord.from_document(found[0]) if found else None
        return share if share is not None and share.is_open(self._clock.wall_us()) else None

    def withdraw(self, share_id: str, clip_id: str) -> bool:
        """Whether there was such a link to that clip. From now on it does not work."""
        where = {"_id": share_id, "clip": clip_id}
        if self._shares.update({**where, "withdrawn_us": None}, {"$set": {"withdrawn_us": self._clock.wall_us()}}):
            return True
        return self._shares.count(where) > 0

    def note_play(self, share_id: str) -> None:
        change = {"$inc": {"plays": 1}, "$set": {"last_played_us": self._clock.wall_us()}}
        self._shares.update({"_id": share_id}, change)

    def forget(self) -> int:
        """Remove links that ended long ago; how many."""
        return self._shares.delete({"expires_us": {"$lt": self._clock.wall_us() - FORGOTTEN_AFTER_S * _US}})

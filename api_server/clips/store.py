"""The collections `clips` and `sightings`, as people use them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from api_server.clips.filters import SightingFilter
from api_server.clips.paging import NEWEST, Cursor, Order, after, sorted_by
from api_server.clips.records import ClipRecord, ClipState, SightingRecord
from api_server.database.port import Database, Where
from api_server.database.schema import CLIPS, SIGHTINGS

BATCH = 500
SIGHTINGS_MAX = 1_000
"""Most sightings of one clip that are listed with it."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`next`: where the following page begins, None on the last."""

    items: list[T]
    next: Cursor | None


class ClipStore:
    """Safe on any thread. Every call raises Transient when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._clips = database.collection(CLIPS)
        self._sightings = database.collection(SIGHTINGS)

    def get(self, clip_id: str) -> ClipRecord | None:
        """A clip that is live."""
        record = self.known(clip_id)
        return record if record is not None and record.state is ClipState.LIVE else None

    def known(self, clip_id: str) -> ClipRecord | None:
        """A clip in any state."""
        document = self._clips.get(clip_id)
        return ClipRecord.from_document(document) if document is not None else None

    def page(
        self,
        wanted: SightingFilter,
        shows_empty: bool,
        limit: int,
        cursor: Cursor | None,
        order: Order = NEWEST,
    ) -> Page[ClipRecord]:
        """By window start. A cursor has to be of the same order."""
        if wanted.is_about_sightings:
            return self._page_by_sightings(wanted, limit, cursor, order)
        where = _narrowed(wanted.clips_where(shows_empty), cursor, "start_ms", "_id")
        found = self._clips.find(where, sort=sorted_by(order, "start_ms", "_id"), limit=limit + 1)
        records = [ClipRecord.from_document(document) for document in found]
        return _page(records, limit, lambda record: Cursor(record.start_ms, record.id, order))

    def sightings_page(
        self, wanted: SightingFilter, limit: int, cursor: Cursor | None, order: Order = NEWEST
    ) -> Page[SightingRecord]:
        """By when they were first seen. A cursor has to be of the same order."""
        where = _narrowed(wanted.where(), cursor, "first_us", "_id")
        found = self._sightings.find(where, sort=sorted_by(order, "first_us", "_id"), limit=limit + 1)
        records = [SightingRecord.from_document(document) for document in found]
        return _page(records, limit, lambda record: Cursor(record.first_us, record.id, order))

    def sightings_of(self, clip_id: str) -> list[SightingRecord]:
        """By number."""
        found = self._sightings.find({"clip": clip_id}, sort=[("n", 1)], limit=SIGHTINGS_MAX)
        return [SightingRecord.from_document(document) for document in found]

    def oldest(self, camera_id: str, analysis: str) -> ClipRecord | None:
        """The oldest live clip that is not held."""
        where = {"camera": camera_id, "analysis": analysis, "state": ClipState.LIVE.value, "held_us": None}
        found = self._clips.find(where, sort=[("start_ms", 1), ("_id", 1)], limit=1)
        return ClipRecord.from_document(found[0]) if found else None

    def total_bytes(self) -> int:
        """Of all clips that are live."""
        return self._clips.total("video_bytes", {"state": ClipState.LIVE.value})

    def held_of(self, camera_id: str) -> int:
        """How many clips of a camera are held."""
        return self._clips.count({"camera": camera_id, "state": ClipState.LIVE.value, "held_us": {"$ne": None}})

    def hide_window(self, record: ClipRecord, reason: str) -> bool:
        """Take a clip out of sight, and the remainders (`~n`) of the same window with it; the eraser does the rest.
        Whether there was one to hide: what is held stays."""
        where = {
            "analysis": record.analysis,
            "camera": record.camera,
            "start_ms": record.start_ms,
            "length_ms": record.length_ms,
        }
        return self._hide(where, reason)

    def hide_camera(self, camera_id: str, before_ms: int, reason: str = "camera deleted") -> None:
        """Take every clip of a camera whose window starts before `before_ms` out of sight, but for what is held."""
        where = {"camera": camera_id, "start_ms": {"$lt": before_ms}}
        self._hide(where, reason)
        held = [d["_id"] for d in self._clips.find({**where, "state": ClipState.LIVE.value, "held_us": {"$ne": None}})]
        self._sightings.delete({**where, "clip": {"$nin": held}})

    def _hide(self, where: Where, reason: str) -> bool:
        # The state first: whoever finds the clip live after this finds its sightings too.
        live = {**where, "state": ClipState.LIVE.value, "held_us": None}
        found = [document["_id"] for document in self._clips.find(live)]
        self._clips.update_all(live, {"$set": {"state": ClipState.DELETING.value, "delete_reason": reason}})
        hidden = 0
        for at in range(0, len(found), BATCH):
            ids = found[at : at + BATCH]
            # One that was held in between is still live, and keeps its sightings.
            live_ids = {d["_id"] for d in self._clips.find({"_id": {"$in": ids}, "state": ClipState.LIVE.value})}
            gone = [clip_id for clip_id in ids if clip_id not in live_ids]
            self._sightings.delete({"clip": {"$in": gone}})
            hidden += len(gone)
        return hidden > 0

    def _page_by_sightings(
        self, wanted: SightingFilter, limit: int, cursor: Cursor | None, order: Order
    ) -> Page[ClipRecord]:
        """Walks the sightings in the order of their clips until enough clips are found, in steps that grow: most pages
        need few, and the light server looks through all clips for every id it is asked for."""
        records: list[ClipRecord] = []
        at, step = cursor, min(BATCH, 2 * (limit + 1))
        while len(records) <= limit:
            where = _narrowed(wanted.where(), at, "start_ms", "clip")
            found = self._sightings.find(where, sort=sorted_by(order, "start_ms", "clip"), limit=step)
            if not found:
                break
            ids = list(dict.fromkeys(document["clip"] for document in found))
            records += self._live_in_order(ids, limit + 1 - len(records))
            at, step = Cursor(found[-1]["start_ms"], found[-1]["clip"], order), min(BATCH, 2 * step)
        return _page(records, limit, lambda record: Cursor(record.start_ms, record.id, order))

    def _live_in_order(self, ids: Sequence[str], most: int) -> list[ClipRecord]:
        """The first `most` of these clips that are live; as few are asked for as will do."""
        records: list[ClipRecord] = []
        for at in range(0, len(ids), max(1, most)):
            part = ids[at : at + most]
            documents = {d["_id"]: d for d in self._clips.find({"_id": {"$in": part}, "state": ClipState.LIVE.value})}
            records += [ClipRecord.from_document(documents[i]) for i in part if i in documents]
            if len(records) >= most:
                break
        return records[:most]


def _narrowed(where: Where, cursor: Cursor | None, at_field: str, id_field: str) -> Where:
    return where if cursor is None else {"$and": [where, after(cursor, at_field, id_field)]}


def _page(records: list[T], limit: int, cursor_of: Callable[[T], Cursor]) -> Page[T]:
    shown = records[:limit]
    return Page(shown, cursor_of(shown[-1]) if len(records) > limit else None)

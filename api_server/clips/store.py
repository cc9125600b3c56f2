"""The collections `clips` and `sightings`, as people use them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from api_server.clips.filters import SightingFilter
from api_server.clips.first_pages import FirstPages
from api_server.clips.paging import NEWEST, Cursor, Order, after, sorted_by
from api_server.clips.records import ClipRecord, ClipState, SightingRecord
from api_server.database.port import Collection, Database, Document, Where
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
        self._database = database
        self._clips = database.collection(CLIPS)
        self._sightings = database.collection(SIGHTINGS)
        self._first_pages = FirstPages()

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
        found = self._found(self._clips, wanted.clips_where(shows_empty), limit + 1, cursor, order, ("start_ms", "_id"))
        records = [ClipRecord.from_document(document) for document in found]
        return _page(records, limit, lambda record: Cursor(record.start_ms, record.id, order))

    def sightings_page(
        self, wanted: SightingFilter, limit: int, cursor: Cursor | None, order: Order = NEWEST
    ) -> Page[SightingRecord]:
        """By when they were first seen. A cursor has to be of the same order."""
        found = self._found(self._sightings, wanted.where(), limit + 1, cursor, order, ("first_us", "_id"))
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

    def held_of(self, *camera_ids: str) -> int:
        """How many clips of these cameras are held."""
        live = {"camera": {"$in": camera_ids}, "state": ClipState.LIVE.value}
        return self._clips.count({**live, "held_us": {"$ne": None}})

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
            still_live = self._live(ids)
            gone = [clip_id for clip_id in ids if clip_id not in still_live]
            self._sightings.delete({"clip": {"$in": gone}})
            hidden += len(gone)
        return hidden > 0

    def _found(
        self,
        collection: Collection,
        where: Where,
        limit: int,
        cursor: Cursor | None,
        order: Order,
        fields: tuple[str, str],
    ) -> list[Document]:
        """What follows `cursor`. A server that narrows by its indexes also walks them in their order."""
        if cursor is None and self._database.is_light:
            return self._first_pages.find(collection, where, order, fields, limit)
        return collection.find(_narrowed(where, cursor, *fields), sort=sorted_by(order, *fields), limit=limit)

    def _page_by_sightings(
        self, wanted: SightingFilter, limit: int, cursor: Cursor | None, order: Order
    ) -> Page[ClipRecord]:
        """Walks the sightings in the order of their clips until enough clips are found, in steps that grow: most pages
        need few, and the light server looks through all sightings for every step."""
        records: list[ClipRecord] = []
        at, step = cursor, min(BATCH, 2 * (limit + 1))
        while len(records) <= limit:
            where = _narrowed(wanted.where(), at, "start_ms", "clip")
            found = self._sightings.find(where, sort=sorted_by(order, "start_ms", "clip"), limit=step)
            ids = list(dict.fromkeys(document["clip"] for document in found))
            records += self._live_in_order(ids, limit + 1 - len(records))
            if len(found) < step:
                break
            at, step = Cursor(found[-1]["start_ms"], found[-1]["clip"], order), min(BATCH, 2 * step)
        return _page(records, limit, lambda record: Cursor(record.start_ms, record.id, order))

    def _live_in_order(self, ids: Sequence[str], most: int) -> list[ClipRecord]:
        """The first `most` of these clips that are live; as few are read as will do."""
        records: list[ClipRecord] = []
        for at in range(0, len(ids), max(1, most)):
            part = ids[at : at + most]
            live = self._live(part)
            records += [ClipRecord.from_document(live[i]) for i in part if i in live]
            if len(records) >= most:
                break
        return records[:most]

    def _live(self, ids: Sequence[str]) -> dict[str, Document]:
        """Those of these clips that are live, by id. Nothing else is asked for: the light server looks into the index
        of ids for a filter on them alone, and otherwise at every clip."""
        found = self._clips.find({"_id": {"$in": ids}})
        return {document["_id"]: document for document in found if document["state"] == ClipState.LIVE.value}


def _narrowed(where: Where, cursor: Cursor | None, at_field: str, id_field: str) -> Where:
    return where if cursor is None else {"$and": [where, after(cursor, at_field, id_field)]}


def _page(records: list[T], limit: int, cursor_of: Callable[[T], Cursor]) -> Page[T]:
    shown = records[:limit]
    return Page(shown, cursor_of(shown[-1]) if len(records) > limit else None)

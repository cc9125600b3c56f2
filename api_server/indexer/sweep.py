"""The sweep: store and index are compared, and the store is right (DESIGN 5, rule 10)."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from api_server.clips.records import ClipRecord, ClipState
from api_server.database.port import Database
from api_server.database.schema import CLIPS, SIGHTINGS
from api_server.indexer.erasure import is_of_window
from api_server.indexer.writer import EventWriter
from common.clock import Clock
from common.contracts.clip import CLIPS_PREFIX, ClipId
from common.contracts.clip_event import clip_ready
from common.kafka.ports import RecordProducer
from common.metrics import Metrics
from common.storage.clips import StoredSidecar, read_sidecar
from common.storage.port import AlreadyExists, NotFound, ObjectStore

log = logging.getLogger(__name__)

SETTLED_AFTER_S = 600
"""Younger clips may still be on their way: their worker derives files and announces them itself."""
BATCH = 500
JSON_TYPE = "application/json"
_US = 1_000_000


@dataclass(slots=True)
class _Window:
    """The objects of one clip, gathered from a listing: derived files sort beside their `.mp4`."""

    clip_id: ClipId
    modified_us: int
    size: int


@dataclass(slots=True)
class SweepReport:
    """What one sweep found: clips announced anew, records that became `deleted`, windows erased again, tombstones
    entered, sidecar files written again, posters missing."""

    seen: int = 0
    announced: int = 0
    deleted: int = 0
    erased_again: int = 0
    tombstones: int = 0
    sidecars: int = 0
    posters_missing: int = 0
    problems: list[str] = field(default_factory=list)


class Sweep:
    """One thread. Raises Transient; every step may be repeated, and only clips older than ten minutes are touched."""

    def __init__(
        self,
        database: Database,
        writer: EventWriter,
        store: ObjectStore,
        producer: RecordProducer,
        events_topic: str,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._clips = database.collection(CLIPS)
        self._sightings = database.collection(SIGHTINGS)
        self._writer = writer
        self._store = store
        self._producer = producer
        self._events_topic = events_topic
        self._metrics = metrics
        self._clock = clock

    def run_once(self) -> SweepReport:
        """1. Every clip in the store has its record, its `.json` and, if deleted, nothing else.
        2. Every live record has its clip in the store."""
        report = SweepReport()
        before_us = self._clock.wall_us() - SETTLED_AFTER_S * _US
        seen: set[str] = set()
        batch: list[_Window] = []
        derived: dict[str, set[str]] = {}
        for clip, names in self._stored():
            seen.add(str(clip.clip_id))
            if clip.modified_us > before_us:
                continue
            batch.append(clip)
            derived[str(clip.clip_id)] = names
            if len(batch) >= BATCH:
                self._compare(batch, derived, report)
                batch, derived = [], {}
        self._compare(batch, derived, report)
        self._compare_records(before_us, seen, report)
        for action in ("announced", "deleted", "erased_again", "tombstones", "sidecars", "posters_missing"):
            if getattr(report, action):
                self._metrics.count("lookout_swept_total", getattr(report, action), action=action)
        log.info("swept", extra={"seen": report.seen, "announced": report.announced, "deleted": report.deleted})
        return report

    def _stored(self) -> Iterator[tuple[_Window, set[str]]]:
        """Every clip in the store with the keys beside it. A window's keys share a prefix, but `~` and `.` do not sort
        together with other lengths, so the keys of one window are held until its last."""
        window: ClipId | None = None
        clips: list[_Window] = []
        keys: set[str] = set()
        for info in self._store.list(CLIPS_PREFIX):
            if window is None or not is_of_window(info.key, window):
                yield from _with_keys(clips, keys)
                window, clips, keys = _window_of(info.key), [], set()
            keys.add(info.key)
            clip_id = _clip_at(info.key)
            if clip_id is not None:
                clips.append(_Window(clip_id, info.modified_us, info.size))
        yield from _with_keys(clips, keys)

    def _compare(self, batch: list[_Window], derived: dict[str, set[str]], report: SweepReport) -> None:
        ids = [str(clip.clip_id) for clip in batch]
        found = self._clips.find({"_id": {"$in": ids}})
        records = {document["_id"]: ClipRecord.from_document(document) for document in found}
        for clip in batch:
            report.seen += 1
            record = records.get(str(clip.clip_id))
            names = derived[str(clip.clip_id)]
            if record is not None and self._is_as_it_should_be(clip, record, names):
                continue
            stored = self._read(clip.clip_id, report)
            if stored is None:
                continue
            if stored.is_tombstone:
                self._settle_tombstone(stored, record, names, report)
            elif record is None or record.state is ClipState.LIVE:
                self._settle_live(stored, record, names, report)
            elif record.state is ClipState.DELETED:
                self._clips.update({"_id": record.id}, {"$set": {"state": ClipState.DELETING.value}})
                report.erased_again += 1

    @staticmethod
    def _is_as_it_should_be(clip: _Window, record: ClipRecord, names: set[str]) -> bool:
        if record.state is ClipState.LIVE:
            return (
                record.video_bytes == clip.size
                and clip.clip_id.sidecar_key in names
                and clip.clip_id.poster_key in names
            )
        return record.state is ClipState.DELETING or (record.has_tombstone and names == {clip.clip_id.video_key})

    def _read(self, clip_id: ClipId, report: SweepReport) -> StoredSidecar | None:
        try:
            return read_sidecar(self._store, clip_id)
        except NotFound:
            return None
        except ValueError as error:
            log.warning("an object in the place of a clip is none", extra={"clip": str(clip_id), "error": str(error)})
            report.problems.append(str(clip_id))
            return None

    def _settle_live(
        self, stored: StoredSidecar, record: ClipRecord | None, names: set[str], report: SweepReport
    ) -> None:
        clip_id = stored.sidecar.clip_id
        if clip_id.sidecar_key not in names:
            try:
                self._store.create(clip_id.sidecar_key, stored.sidecar.to_json(), JSON_TYPE)
                report.sidecars += 1
            except AlreadyExists:
                pass  # its worker was slow, not gone
        if clip_id.poster_key not in names:
            # Making one takes a decoder, which is not here; lists say so in words, and the player shows the video's
            # first picture.
            report.posters_missing += 1
        if record is None:
            event = clip_ready(stored.sidecar, stored.size)
            self._producer.send_and_wait(self._events_topic, event.camera.encode(), event.to_json())
            report.announced += 1

    def _settle_tombstone(
        self, stored: StoredSidecar, record: ClipRecord | None, names: set[str], report: SweepReport
    ) -> None:
        clip_id = stored.sidecar.clip_id
        for key in sorted(names - {clip_id.video_key}):
            self._store.delete(key)
        if record is None:
            self._writer.write_tombstone(stored.sidecar)
            report.tombstones += 1
            return
        if record.state is ClipState.LIVE:
            report.deleted += 1
        self._mark_deleted(record, has_tombstone=True)

    def _compare_records(self, before_us: int, seen: set[str], report: SweepReport) -> None:
        """Live records whose object the listing did not show; each is looked for once more by itself."""
        for document in self._clips.find({"state": ClipState.LIVE.value, "indexed_us": {"$lt": before_us}}):
            if document["_id"] in seen:
                continue
            record = ClipRecord.from_document(document)
            try:
                self._store.head(record.clip_id.video_key)
            except NotFound:
                self._mark_deleted(record, has_tombstone=False)
                report.deleted += 1

    def _mark_deleted(self, record: ClipRecord, has_tombstone: bool) -> None:
        change = {
            "state": ClipState.DELETED.value,
            "erased_us": self._clock.wall_us(),
            "has_tombstone": has_tombstone,
            "delete_reason": record.delete_reason or "found deleted in the store",
        }
        self._clips.update({"_id": record.id}, {"$set": change})
        self._sightings.delete({"clip": record.id})


def _window_of(key: str) -> ClipId | None:
    """The first clip of the window that an object belongs to; None for an object that is none of ours."""
    folder, _, name = key.rpartition("/")
    return _clip_at(f"{folder}/{re.split('[~.]', name, maxsplit=1)[0]}.mp4")


def _clip_at(key: str) -> ClipId | None:
    """The clip stored at a key; None when the key is not that of a clip."""
    try:
        clip_id = ClipId.parse_key(key)
    except ValueError:
        return None
    return clip_id if clip_id.video_key == key else None


def _with_keys(clips: list[_Window], keys: set[str]) -> Iterator[tuple[_Window, set[str]]]:
    for clip in clips:
        stem = clip.clip_id.stem
        yield clip, {key for key in keys if key.startswith(stem + ".")}

"""Erasing clips: tombstones in the store, then the derived files, then the record (DESIGN 5, rule 12)."""

import logging
import re

from api_server.cameras.store import CameraStore
from api_server.clips.holds import is_held_in
from api_server.clips.records import ClipRecord, ClipState
from api_server.clips.store import ClipStore
from api_server.database.port import Database
from api_server.database.schema import CLIPS, SIGHTINGS
from common.clock import Clock
from common.contracts.camera_settings import DEFAULT_EVERY_MS
from common.contracts.clip import ClipId, camera_prefix
from common.metrics import Metrics
from common.storage.clips import put_tombstone, read_sidecar
from common.storage.port import NotFound, ObjectStore

log = logging.getLogger(__name__)

BATCH = 200
"""Windows erased before the next look at what else is to be done."""


class ClipEraser:
    """The durable job: what is to be erased stands in the database, and `run_once` is repeated until nothing does.
    Safe on any one thread at a time; every step may be repeated and done by two processes at once. Raises Transient."""

    def __init__(
        self,
        database: Database,
        cameras: CameraStore,
        clips: ClipStore,
        store: ObjectStore,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._clips = database.collection(CLIPS)
        self._sightings = database.collection(SIGHTINGS)
        self._cameras = cameras
        self._clip_store = clips
        self._store = store
        self._metrics = metrics
        self._clock = clock

    def run_once(self) -> int:
        """Erase what is marked, a batch of windows at most, then look at deleted cameras; how many were erased."""
        for camera in self._cameras.erasing():
            self._clip_store.hide_camera(camera.id, camera.erased_before_ms)
        marked = self._clips.find({"state": ClipState.DELETING.value}, limit=BATCH)
        for document in marked:
            record = ClipRecord.from_document(document)
            if is_held_in(self._store, record.clip_id):
                # A hold came in between, or the database had forgotten it: what is held is not erased.
                log.warning("a clip that is held was marked, and stays", extra={"clip": record.id})
                self._clips.update({"_id": record.id}, {"$set": {"state": ClipState.LIVE.value, "delete_reason": None}})
                continue
            self.erase_window(record.clip_id, record.delete_reason or "deleted")
        if not marked:
            for camera in self._cameras.erasing():
                self._erase_unlisted(camera.id, camera.erased_before_ms)
                self._cameras.finish_erasing(camera)
        return len(marked)

    def erase_window(self, clip_id: ClipId, reason: str) -> None:
        """Erase every object of the window `clip_id` belongs to.

        1. Tombstones at all its `.mp4` keys, `~n` too: from here on nothing is derived from them, and they cover.
        2. The derived files go.
        3. The sightings go, then the records become `deleted`; clips that had none get one, so that a late event of
           them changes nothing.
        """
        first = clip_id.with_remainder(0)
        keys = [info.key for info in self._store.list(first.stem) if is_of_window(info.key, first)]
        found: dict[str, bool] = {str(clip_id): False}
        for key in keys:
            if key.endswith(".mp4"):
                stored = ClipId.parse_key(key)
                found[str(stored)] = self._bury(stored, reason)
        for key in keys:
            if not key.endswith(".mp4"):
                self._store.delete(key)
        for known_id, has_tombstone in found.items():
            self._sightings.delete({"clip": known_id})
            self._finish(known_id, has_tombstone)
        self._metrics.count("lookout_swept_total", len(found), action="erased")

    def _bury(self, clip_id: ClipId, reason: str) -> bool:
        """Whether a tombstone lies at the clip's key afterwards."""
        try:
            stored = read_sidecar(self._store, clip_id)
        except NotFound:
            return False
        except ValueError:
            # It says nothing of its offsets, so nothing can cover them; what was asked for is that it goes.
            log.exception("no clip of ours, deleted without a tombstone", extra={"clip": str(clip_id)})
            self._store.delete(clip_id.video_key)
            return False
        if not stored.is_tombstone:
            put_tombstone(self._store, stored.sidecar, reason)
        return True

    def _finish(self, clip_id: str, has_tombstone: bool) -> None:
        change = {
            "state": ClipState.DELETED.value,
            "erased_us": self._clock.wall_us(),
            "has_tombstone": has_tombstone,
            "sighting_count": 0,
        }
        self._clips.update({"_id": clip_id}, {"$set": change})

    def _erase_unlisted(self, camera_id: str, before_ms: int) -> None:
        """Clips of a deleted camera that were never listed, or whose record was lost."""
        known = {d["analysis"] for d in self._clips.find({"camera": camera_id})}
        for analysis in sorted(known | set(DEFAULT_EVERY_MS)):
            for info in self._store.list(camera_prefix(analysis, camera_id)):
                try:
                    clip_id = ClipId.parse_key(info.key)
                except ValueError:
                    continue
                if clip_id.window.start_ms < before_ms and not self._is_deleted(clip_id):
                    self.erase_window(clip_id, "camera deleted")

    def _is_deleted(self, clip_id: ClipId) -> bool:
        record = self._clips.get(str(clip_id))
        return record is not None and record["state"] == ClipState.DELETED.value


def is_of_window(key: str, first: ClipId) -> bool:
    """Whether an object is a clip of the window of `first`, a remainder of it, or derived from one."""
    rest = key.removeprefix(first.stem)
    return key.startswith(first.stem) and re.fullmatch(r"(~[1-9]\d{0,3})?(\.\d+)?\.(mp4|json|jpg)", rest) is not None

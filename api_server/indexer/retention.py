"""How long clips are kept: marks what is past its time, or over the footage's cap, for the eraser."""

import logging
from dataclasses import dataclass

from api_server.clips.records import ClipRecord, ClipState
from api_server.clips.store import ClipStore
from api_server.database.port import Database, Where
from api_server.database.schema import CLIPS, GAPS
from api_server.settings import HOUR_S, RetentionSettings
from common.clock import Clock
from common.contracts.camera_settings import LICENSE_PLATE
from common.metrics import Metrics

log = logging.getLogger(__name__)

BATCH = 500
GAP_DAYS = 30
"""Gaps are a few bytes, and people look for them when they wonder where a week went."""
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept: all clips up to `footage_bytes` together, each for so long; uploads for `upload_ms`."""

    footage_bytes: int
    footage_ms: int
    plate_ms: int
    upload_ms: int

    @classmethod
    def of(cls, settings: RetentionSettings) -> "Kept":
        hour_ms = HOUR_S * 1000
        return cls(
            settings.footage_bytes,
            settings.footage_hours * hour_ms,
            settings.plate_hours * hour_ms,
            settings.upload_hours * hour_ms,
        )


class Retention:
    """Acts on its own caps and asks nobody. One thread. Raises Transient; every step may be repeated."""

    def __init__(self, database: Database, clips: ClipStore, kept: Kept, metrics: Metrics, clock: Clock) -> None:
        self._clips = database.collection(CLIPS)
        self._gaps = database.collection(GAPS)
        self._clip_store = clips
        self._kept = kept
        self._metrics = metrics
        self._clock = clock

    def run_once(self) -> int:
        """Mark what is to go, the oldest first; how many windows were marked."""
        now_ms = self._clock.wall_us() // 1000
        marked = self._expire({"analysis": LICENSE_PLATE, "end_ms": {"$lt": now_ms - self._kept.plate_ms}})
        marked += self._expire({"end_ms": {"$lt": now_ms - self._kept.footage_ms}})
        marked += self._keep_to_cap()
        self._gaps.delete({"found_us": {"$lt": self._clock.wall_us() - GAP_DAYS * 24 * HOUR_S * _US}})
        return marked

    def _expire(self, where: Where) -> int:
        marked = 0
        while True:
            batch = self._oldest(where)
            for record in batch:
                self._clip_store.hide_window(record, "expired")
            marked += len(batch)
            if len(batch) < BATCH:
                break
        if marked:
            log.info("clips expired", extra={"clips": marked})
            self._metrics.count("lookout_swept_total", marked, action="expired")
        return marked

    def _keep_to_cap(self) -> int:
        """Drop the oldest clips of any analysis until the rest fits."""
        marked = 0
        excess = self._clips.total("video_bytes", {"state": ClipState.LIVE.value}) - self._kept.footage_bytes
        while excess > 0:
            batch = self._oldest({})
            for record in batch:
                if excess <= 0:
                    break
                self._clip_store.hide_window(record, "over the footage cap")
                excess -= record.video_bytes
                marked += 1
            if len(batch) < BATCH:
                break
        if marked:
            log.info("clips dropped to keep to the cap", extra={"clips": marked})
            self._metrics.count("lookout_swept_total", marked, action="over_cap")
        return marked

    def _oldest(self, where: Where) -> list[ClipRecord]:
        live = {**where, "state": ClipState.LIVE.value}
        found = self._clips.find(live, sort=[("start_ms", 1), ("_id", 1)], limit=BATCH)
        return [ClipRecord.from_document(document) for document in found]

"""How long clips are kept: marks what is past its time, or over the footage's cap, for the erasers."""

import heapq
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from api_server.cameras.store import CameraStore
from api_server.clips.holds import Holds, window_of
from api_server.clips.records import ClipRecord, ClipState
from api_server.clips.store import ClipStore
from api_server.database.port import Database, Where
from api_server.database.schema import CLIPS, GAPS
from api_server.exports.store import ExportStore
from api_server.indexer.retention_audit import RetentionAudit
from api_server.queries.progress import deleting
from api_server.queries.record import QueryState
from api_server.queries.store import QueryStore
from api_server.recordings.store import UploadStore
from api_server.settings import HOUR_S, RetentionSettings
from common.clock import Clock
from common.contracts.camera_settings import LICENSE_PLATE
from common.metrics import Metrics

log = logging.getLogger(__name__)

BATCH = 500
GAP_DAYS = 30
"""Gaps are a few bytes, and people look for them when they wonder where a week went."""
EXPIRE_EVERY_S = 600.0
"""What has expired goes in batches, each with its entry in the audit log."""
RETENTION_SLACK_MS = 2 * int(EXPIRE_EVERY_S) * 1000
"""What is past its time for longer should be gone."""
_US = 1_000_000
_HOUR_MS = HOUR_S * 1000


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept: everything up to `footage_bytes` together, each for so long unless its camera says otherwise;
    uploads for `upload_ms`, clips of an analysis that saw nothing for `empty_ms`."""

    footage_bytes: int
    footage_ms: int
    plate_ms: int
    upload_ms: int
    empty_ms: int = 12 * _HOUR_MS

    @classmethod
    def of(cls, settings: RetentionSettings) -> "Kept":
        return cls(
            settings.footage_bytes,
            settings.footage_hours * _HOUR_MS,
            settings.plate_hours * _HOUR_MS,
            settings.upload_hours * _HOUR_MS,
            settings.empty_hours * _HOUR_MS,
        )

    def analysis_ms(self, analysis: str) -> int:
        """Of a camera that says nothing of its own."""
        return min(self.plate_ms, self.footage_ms) if analysis == LICENSE_PLATE else self.footage_ms


@dataclass(frozen=True, slots=True)
class Footprint:
    """What the cap counts beside clips: uploads, results of queries, films."""

    uploads: UploadStore
    queries: QueryStore
    exports: ExportStore

    def total_bytes(self) -> int:
        return self.uploads.total_bytes() + self.queries.total_bytes() + self.exports.total_bytes()


@dataclass(frozen=True, slots=True, order=True)
class _Old:
    """Something that may go to make room, by age. `kind`: clip, query or upload."""

    at_us: int
    kind: str
    id: str
    size: int


class Retention:
    """Acts on its own caps and asks nobody. One thread. Raises Transient; every step may be repeated, and a kill at any
    moment leaves each thing either live or marked. What is held (`Holds`) it does not see."""

    def __init__(
        self,
        database: Database,
        cameras: CameraStore,
        clips: ClipStore,
        holds: Holds,
        footprint: Footprint,
        kept: Kept,
        *,
        audit: RetentionAudit,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._audit = audit
        self._expired_s: float | None = None
        self._clips = database.collection(CLIPS)
        self._gaps = database.collection(GAPS)
        self._cameras = cameras
        self._clip_store = clips
        self._holds = holds
        self._footprint = footprint
        self._kept = kept
        self._metrics = metrics
        self._clock = clock
        self._held: frozenset[str] = frozenset()

    def run_once(self) -> int:
        """Mark what is to go, the oldest first; how many things were marked.

        1. What is held in the store is held in the records. 2. What is past its time, every EXPIRE_EVERY_S. 3. What is
        over the cap. Of each batch: first its entry in the audit log.
        """
        self._held = self._holds.restore()
        now_ms = self._clock.wall_us() // 1000
        marked = 0
        now_s = self._clock.monotonic_s()
        if self._expired_s is None or now_s - self._expired_s >= EXPIRE_EVERY_S:
            for where, kept_ms in self._rules():
                marked += self._expire({**where, "end_ms": {"$lt": now_ms - kept_ms}})
            self._expired_s = now_s
        marked += self._keep_to_cap()
        self._gaps.delete({"found_us": {"$lt": self._clock.wall_us() - GAP_DAYS * 24 * HOUR_S * _US}})
        return marked

    def _rules(self) -> Iterator[tuple[dict[str, object], int]]:
        """Filters that part all clips among them, and how long each part is kept."""
        own = own_hours(self._cameras)
        named = sorted({analysis for _, analysis in own} | {LICENSE_PLATE})
        for analysis in named:
            cameras = sorted(camera for camera, of in own if of == analysis)
            yield {"analysis": analysis, "camera": {"$nin": cameras}}, self._kept.analysis_ms(analysis)
        for (camera, analysis), hours in own.items():
            yield {"analysis": analysis, "camera": camera}, hours * _HOUR_MS
        yield {"analysis": {"$nin": named}}, self._kept.footage_ms
        yield {"is_empty": True}, self._kept.empty_ms

    def _expire(self, where: Where) -> int:
        marked = 0
        while True:
            batch = self._oldest(where)
            free = [record for record in batch if window_of(record) not in self._held]
            if free:
                self._audit.clips(free)
            for record in free:
                self._clip_store.hide_window(record, "expired")
            marked += len(free)
            if len(batch) < BATCH or not free:
                break
        if marked:
            log.info("clips expired", extra={"clips": marked})
            self._metrics.count("lookout_swept_total", marked, action="expired")
        return marked

    def _keep_to_cap(self) -> int:
        """Drop the oldest of everything that counts until the rest fits."""
        excess = self._clip_store.total_bytes() + self._footprint.total_bytes() - self._kept.footage_bytes
        marked = 0
        while excess > 0:
            batch = self._oldest_of_all()
            going: list[_Old] = []
            for old in batch:
                if excess <= 0:
                    break
                going.append(old)
                excess -= old.size
            if going:
                self._write_down(going)
            for old in going:
                self._drop(old)
            marked += len(going)
            if len(batch) < BATCH:
                break
        if marked:
            log.info("dropped to keep to the cap", extra={"things": marked})
            self._metrics.count("lookout_swept_total", marked, action="over_cap")
        return marked

    def _oldest_of_all(self) -> Sequence[_Old]:
        clips = [
            _Old(record.end_ms * 1000, "clip", record.id, record.video_bytes)
            for record in self._oldest({})
            if window_of(record) not in self._held
        ]
        uploads = [_Old(u.created_us, "upload", u.id, u.stored_bytes) for u in self._footprint.uploads.live()]
        finished = self._footprint.queries.in_state(QueryState.FINISHED)
        results = [_Old(q.finished_us or 0, "query", q.id, q.result_bytes) for q in finished if q.result_bytes]
        return heapq.nsmallest(BATCH, [*clips, *uploads, *results])

    def _write_down(self, going: Sequence[_Old]) -> None:
        found = (self._clip_store.get(old.id) for old in going if old.kind == "clip")
        clips = [record for record in found if record is not None]
        self._audit.over_cap(clips, [old.id for old in going if old.kind != "clip"])

    def _drop(self, old: _Old) -> None:
        if old.kind == "upload":
            self._footprint.uploads.hide(old.id)
        elif old.kind == "query":
            self._footprint.queries.rewrite(old.id, deleting)
        else:
            record = self._clip_store.get(old.id)
            if record is not None:
                self._clip_store.hide_window(record, "over the footage cap")

    def _oldest(self, where: Where) -> list[ClipRecord]:
        live = {**where, "state": ClipState.LIVE.value, "held_us": None}
        found = self._clips.find(live, sort=[("start_ms", 1), ("_id", 1)], limit=BATCH)
        return [ClipRecord.from_document(document) for document in found]


def own_hours(cameras: CameraStore) -> Mapping[tuple[str, str], int]:
    """What cameras say of their own: (camera, analysis) to hours."""
    return {(c.id, analysis): hours for c in cameras.active() for analysis, hours in c.retention_hours.items()}

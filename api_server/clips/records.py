"""Clips, sightings and gaps as documents. A sighting has a document of its own: no arrays to search in."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from api_server.clips.person_name import person_key, person_of
from api_server.clips.plate_text import plate_key
from api_server.database.record import Record
from common.contracts.camera_settings import RECORDER
from common.contracts.clip import ClipId
from common.contracts.clip_event import ClipReady, GapFound
from common.contracts.detection import Box, ModelInfo, Sighting
from common.contracts.sidecar import Origin, Sidecar


class ClipState(StrEnum):
    """`deleting`: out of sight, its objects still to be erased. `deleted`: a tombstone, kept so that a late or repeated
    event of the same clip changes nothing."""

    LIVE = "live"
    DELETING = "deleting"
    DELETED = "deleted"


class ClipRecord(Record):
    """One stored clip. `is_empty`: an analysis clip without sightings, which lists leave out unless asked for.

    `erased_us`: when it became `deleted`. `passed_us`: when the log's start and the group's committed offset were first
    seen beyond `last_offset` (DESIGN 5, rule 12). `has_tombstone`: an object still covers its offsets. `held_us`: since
    when nothing may take it away (`holds`).
    """

    analysis: str
    camera: str
    start_ms: int
    length_ms: int
    remainder: int = 0
    end_ms: int
    origin: Origin
    first_offset: int
    last_offset: int
    t0_us: int = 0
    first_captured_us: int = 0
    last_captured_us: int = 0
    duration_ms: int = 0
    frame_count: int = 0
    counts: dict[str, int] = Field(default_factory=dict)
    width: int = 0
    height: int = 0
    video_bytes: int = 0
    complete: bool = False
    settings_version: int = 0
    model: ModelInfo | None = None
    notes: tuple[str, ...] = ()
    sighting_count: int = 0
    is_empty: bool = False
    indexed_us: int
    state: ClipState = ClipState.LIVE
    delete_reason: str | None = None
    erased_us: int | None = None
    passed_us: int | None = None
    has_tombstone: bool = False
    held_us: int | None = None
    held_by: str | None = None
    hold_reason: str | None = None

    @property
    def clip_id(self) -> ClipId:
        return ClipId.parse(self.id)


class SightingRecord(Record):
    """One tracked thing within one clip. `start_ms` is the clip's, so that clips can be listed by their sightings."""

    clip: str
    n: int
    analysis: str
    camera: str
    kind: str
    label: str | None = None
    text: str | None = None
    text_key: str | None = None
    person_key: str | None = None
    confidence: float
    scores: dict[str, float] | None = None
    first_us: int
    last_us: int
    frames: int
    box: Box
    best_pts_ms: int
    track: int
    start_ms: int

    @property
    def person(self) -> str | None:
        """Who was recognised."""
        return person_of(self.analysis, self.label)


class GapRecord(Record):
    """Offsets [first_offset, next_offset) that one analysis never read."""

    analysis: str
    origin: Origin
    first_offset: int
    next_offset: int
    reason: Literal["first_start", "expired", "position_lost", "topic_recreated"]
    found_us: int


def clip_record(event: ClipReady, now_us: int) -> ClipRecord:
    return ClipRecord(
        id=event.clip_id,
        analysis=event.analysis,
        camera=event.camera,
        start_ms=event.start_ms,
        length_ms=event.length_ms,
        remainder=event.remainder,
        end_ms=event.start_ms + event.length_ms,
        origin=event.origin,
        first_offset=event.first_offset,
        last_offset=event.last_offset,
        t0_us=event.t0_us,
        first_captured_us=event.first_captured_us,
        last_captured_us=event.last_captured_us,
        duration_ms=event.duration_ms,
        frame_count=event.frame_count,
        counts=event.counts,
        width=event.width,
        height=event.height,
        video_bytes=event.video_bytes,
        complete=event.complete,
        settings_version=event.settings_version,
        model=event.model,
        notes=event.notes,
        sighting_count=len(event.sightings),
        is_empty=event.analysis != RECORDER and not event.sightings,
        indexed_us=now_us,
    )


def tombstone_record(sidecar: Sidecar, now_us: int) -> ClipRecord:
    """The record of a clip that is known only by its tombstone."""
    return ClipRecord(
        id=str(sidecar.clip_id),
        analysis=sidecar.analysis,
        camera=sidecar.camera,
        start_ms=sidecar.start_ms,
        length_ms=sidecar.length_ms,
        remainder=sidecar.remainder,
        end_ms=sidecar.start_ms + sidecar.length_ms,
        origin=sidecar.origin,
        first_offset=sidecar.first_offset,
        last_offset=sidecar.last_offset,
        indexed_us=now_us,
        state=ClipState.DELETED,
        delete_reason=sidecar.tombstone,
        erased_us=now_us,
        has_tombstone=True,
    )


def sighting_records(event: ClipReady) -> list[SightingRecord]:
    return [_sighting_record(event, sighting) for sighting in event.sightings]


def _sighting_record(event: ClipReady, sighting: Sighting) -> SightingRecord:
    person = person_of(event.analysis, sighting.label)
    return SightingRecord(
        id=f"{event.clip_id}.{sighting.n}",
        clip=event.clip_id,
        analysis=event.analysis,
        camera=event.camera,
        text_key=plate_key(sighting.text) if sighting.text else None,
        person_key=person_key(person) if person else None,
        start_ms=event.start_ms,
        **sighting.model_dump(),
    )


def gap_record(event: GapFound) -> GapRecord:
    return GapRecord(
        id=event.gap_id,
        analysis=event.analysis,
        origin=event.origin,
        first_offset=event.first_offset,
        next_offset=event.next_offset,
        reason=event.reason,
        found_us=event.found_us,
    )

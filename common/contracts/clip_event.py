"""Events of topic `clip-events`, built from the stored sidecar and never from memory (DESIGN 5, rule 6)."""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from common.contracts.base import Contract
from common.contracts.clip import gap_id
from common.contracts.detection import ModelInfo, Sighting
from common.contracts.playable import UploadPrepared
from common.contracts.sidecar import Origin, Sidecar


class ClipReady(Contract):
    """A clip lies in the store. Keyed by camera id."""

    type: Literal["clip"] = "clip"
    v: int = 1
    clip_id: str
    analysis: str
    camera: str
    start_ms: int
    length_ms: int
    remainder: int = 0
    origin: Origin
    first_offset: int
    last_offset: int
    t0_us: int
    first_captured_us: int
    last_captured_us: int
    duration_ms: int
    frame_count: int
    counts: dict[str, int]
    width: int
    height: int
    video_key: str
    video_bytes: int
    complete: bool
    settings_version: int
    model: ModelInfo | None = None
    notes: tuple[str, ...] = ()
    sightings: tuple[Sighting, ...] = ()


class GapFound(Contract):
    """Offsets [first_offset, next_offset) were gone before this analysis read them. Keyed by gap id."""

    type: Literal["gap"] = "gap"
    v: int = 1
    analysis: str
    origin: Origin
    first_offset: int
    next_offset: int
    reason: Literal["first_start", "expired", "position_lost", "topic_recreated"]
    found_us: int

    @property
    def gap_id(self) -> str:
        return gap_id(self.analysis, self.origin.topic_id, self.origin.partition, self.first_offset)


class QueryPlanned(Contract):
    """A query was cut into `parts`. Keyed by query id, as all events of queries are."""

    type: Literal["planned"] = "planned"
    v: int = 1
    query_id: str
    parts: int
    duration_ms: int
    frame_count: int


class PartReady(Contract):
    """Part `part` of a query is done (or `joined`: its result is)."""

    type: Literal["part"] = "part"
    v: int = 1
    query_id: str
    part: int
    parts: int
    joined: bool = False
    object_key: str
    frame_count: int
    duration_ms: int
    model: ModelInfo | None = None
    sightings: tuple[Sighting, ...] = ()


class QueryFailed(Contract):
    """A query cannot be finished. `reason` is a sentence for a person."""

    type: Literal["failed"] = "failed"
    v: int = 1
    query_id: str
    part: int | None = None
    reason: str


ClipEvent = Annotated[
    ClipReady | GapFound | QueryPlanned | PartReady | QueryFailed | UploadPrepared, Field(discriminator="type")
]
_EVENT: TypeAdapter[ClipReady | GapFound | QueryPlanned | PartReady | QueryFailed | UploadPrepared] = TypeAdapter(
    ClipEvent
)


def parse_event(value: bytes) -> ClipReady | GapFound | QueryPlanned | PartReady | QueryFailed | UploadPrepared:
    """Read an event. Raises ValueError (pydantic's ValidationError is one)."""
    return _EVENT.validate_json(value)


def clip_ready(sidecar: Sidecar, video_bytes: int) -> ClipReady:
    """The announcement of a stored clip. `sidecar` must be the one read from, or just written into, the store."""
    shown = [entry for entry in sidecar.entries if entry.is_in_clip]
    captured = [entry.captured_us for entry in shown if entry.captured_us is not None] or [sidecar.t0_us]
    return ClipReady(
        clip_id=str(sidecar.clip_id),
        analysis=sidecar.analysis,
        camera=sidecar.camera,
        start_ms=sidecar.start_ms,
        length_ms=sidecar.length_ms,
        remainder=sidecar.remainder,
        origin=sidecar.origin,
        first_offset=sidecar.first_offset,
        last_offset=sidecar.last_offset,
        t0_us=sidecar.t0_us,
        first_captured_us=min(captured),
        last_captured_us=max(captured),
        duration_ms=max((entry.pts_ms or 0 for entry in shown), default=0),
        frame_count=sidecar.frame_count,
        counts=sidecar.counts(),
        width=sidecar.width,
        height=sidecar.height,
        video_key=sidecar.clip_id.video_key,
        video_bytes=video_bytes,
        complete=sidecar.complete,
        settings_version=sidecar.settings_version,
        model=sidecar.model,
        notes=sidecar.notes,
        sightings=sidecar.sightings,
    )

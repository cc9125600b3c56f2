"""The sidecar: what a stored clip says of itself, carried inside the object that is the only commit point."""

from enum import StrEnum

from common.contracts.base import Contract
from common.contracts.clip import ClipId
from common.contracts.detection import Detection, ModelInfo, Sighting
from common.contracts.track_event import TrackEvent
from common.contracts.window import Window


class Fate(StrEnum):
    """What became of an offset, per analysis, and nothing else (DESIGN 4)."""

    ANALYSED = "analysed"
    CARRIED = "carried"
    SAMPLED_OUT = "sampled_out"
    FAILED = "failed"
    DUPLICATE = "duplicate"
    DEAD_LETTER = "dead_letter"
    NOT_APPLICABLE = "not_applicable"
    GAP = "gap"
    LAG = "lag"
    TICK = "tick"


class FrameEntry(Contract):
    """One offset of the window. `pts_ms` is None when it is not in the clip (duplicate, dead letter, left out)."""

    offset: int
    log_ms: int
    fate: Fate
    session: str | None = None
    seq: int | None = None
    captured_us: int | None = None
    ingested_us: int | None = None
    pts_ms: int | None = None
    note: str | None = None

    @property
    def is_in_clip(self) -> bool:
        return self.pts_ms is not None


class FrameDetections(Contract):
    """What is drawn on the frame at `pts_ms`, searched frames only; carried frames repeat the last before them."""

    pts_ms: int
    items: tuple[Detection, ...]


class Origin(Contract):
    """Where in the log a clip comes from.

    The topic id (UUID in base64url) is part of every offset: a topic made again starts anew.
    """

    topic: str
    topic_id: str
    partition: int


class Sidecar(Contract):
    """Accounts for every offset of one window of one camera and analysis.

    `t0_us`: presentation time 0 of the clip on the wall clock. `frame_count`: pictures in the video track.
    `tombstone` is set on what replaces a deleted clip: it keeps the offsets and identities and nothing else.
    """

    v: int = 1
    analysis: str
    camera: str
    start_ms: int
    length_ms: int
    remainder: int = 0
    origin: Origin
    t0_us: int
    frame_count: int
    width: int
    height: int
    settings_version: int
    complete: bool = False
    entries: tuple[FrameEntry, ...]
    detections: tuple[FrameDetections, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    events: tuple[TrackEvent, ...] = ()
    model: ModelInfo | None = None
    notes: tuple[str, ...] = ()
    tombstone: str | None = None

    @property
    def clip_id(self) -> ClipId:
        return ClipId(self.analysis, self.camera, Window(self.start_ms, self.length_ms), self.remainder)

    @property
    def first_offset(self) -> int:
        return min(entry.offset for entry in self.entries)

    @property
    def last_offset(self) -> int:
        return max(entry.offset for entry in self.entries)

    def covered_offsets(self, origin: Origin) -> frozenset[int]:
        """The offsets of `origin` this clip accounts for, whatever became of them."""
        if (origin.topic_id, origin.partition) != (self.origin.topic_id, self.origin.partition):
            return frozenset()
        return frozenset(entry.offset for entry in self.entries)

    def identities(self) -> frozenset[tuple[str, int]]:
        """(session, seq) of every frame that is in the clip."""
        return frozenset(
            (e.session, e.seq)
            for e in self.entries
            if e.session is not None and e.seq is not None and e.fate not in (Fate.DUPLICATE, Fate.DEAD_LETTER)
        )

    def counts(self) -> dict[str, int]:
        """How many offsets have which fate."""
        counted: dict[str, int] = {}
        for entry in self.entries:
            counted[entry.fate.value] = counted.get(entry.fate.value, 0) + 1
        return counted

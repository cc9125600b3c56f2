"""A camera as the API server keeps it."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from api_server.access.permission import CameraFacts
from api_server.database.record import Record
from common.contracts.base import Contract
from common.contracts.camera_settings import RECORDER, AnalysisSettings, CameraSettings, NamePlate, Purpose
from common.contracts.frame import Policy
from common.contracts.place import Line, Zone


class CameraState(StrEnum):
    """A deleted camera's document stays: clips that come later of frames already in the log are erased by it."""

    ACTIVE = "active"
    DELETED = "deleted"


class CameraKind(StrEnum):
    """What it is, as its owner says: for people and for filters, nothing acts on it."""

    WEBCAM = "webcam"
    IP_CAMERA = "ip-camera"
    OTHER = "other"


class Retiring(Contract):
    """A token that still works, until `ends_us`."""

    token_hash: str
    ends_us: int


class Camera(Record):
    """`published_version`: the version last seen in the topic; 0: none yet. `token_hashes`: the newest token last;
    `retiring`: until when those before it work.

    `address_sealed`: where it is reached, see `address`; `address_shown`: all that anybody is told of it.

    `erased_before_ms`: clips whose window starts earlier (log time) are to be erased, from the last deletion of this
    camera on. `is_erasing`: the job that does so has not come to its end.
    """

    version: int = Field(ge=1)
    published_version: int = 0
    name: str
    place: str = ""
    kind: CameraKind = CameraKind.OTHER
    address_sealed: str = Field(default="", repr=False)
    address_shown: str = ""
    owner: str
    token_hashes: tuple[str, ...]
    retiring: tuple[Retiring, ...] = ()
    partition: int = Field(ge=0)
    analyses: tuple[AnalysisSettings, ...] = ()
    clip_ms: int
    policy: Policy = Policy.EVERY_FRAME
    emotion_purpose: Purpose | None = None
    recognition_purpose: Purpose | None = None
    zones: tuple[Zone, ...] = ()
    lines: tuple[Line, ...] = ()
    retention_hours: dict[str, int] = Field(default_factory=dict)
    live_from_us: int = 0
    created_us: int
    state: CameraState = CameraState.ACTIVE
    erased_before_ms: int = 0
    is_erasing: bool = False

    @property
    def facts(self) -> CameraFacts:
        return CameraFacts(self.id, self.owner)

    @property
    def is_recording(self) -> bool:
        return any(analysis.name == RECORDER for analysis in self.analyses)

    @property
    def settings(self) -> CameraSettings:
        """What the rest of the system is told."""
        return CameraSettings(
            camera=self.id,
            version=self.version,
            name=self.name,
            owner=self.owner,
            token_hashes=self.token_hashes,
            partition=self.partition,
            analyses=self.analyses,
            clip_ms=self.clip_ms,
            policy=self.policy,
            emotion_purpose=self.emotion_purpose,
            recognition_purpose=self.recognition_purpose,
            zones=self.zones,
            lines=self.lines,
            retention_hours=self.retention_hours,
            live_from_us=self.live_from_us,
            name_plate=NamePlate(
                place=self.place,
                kind=self.kind.value,
                address_sealed=self.address_sealed,
                address_shown=self.address_shown,
            ),
        )

    def with_settings(self, settings: CameraSettings) -> "Camera":
        """This camera with the settings that the topic holds."""
        return self.model_copy(
            update={
                "version": settings.version,
                "name": settings.name,
                "owner": settings.owner,
                "token_hashes": settings.token_hashes,
                "partition": settings.partition,
                "analyses": settings.analyses,
                "clip_ms": settings.clip_ms,
                "policy": settings.policy,
                "emotion_purpose": settings.emotion_purpose,
                "recognition_purpose": settings.recognition_purpose,
                "zones": settings.zones,
                "lines": settings.lines,
                "retention_hours": settings.retention_hours,
                "live_from_us": settings.live_from_us,
                **name_plate_fields(settings.name_plate),
            }
        )

    def ends_us(self, token_hash: str) -> int | None:
        """Until when a token works; None: no end was set. One that another replaced, without an end that anybody
        remembers (the topic knew of it, and the database had lost it), has ended."""
        if token_hash == self.token_hashes[-1]:
            return None
        return next((one.ends_us for one in self.retiring if one.token_hash == token_hash), 0)

    def is_erased(self, start_ms: int) -> bool:
        """Whether a clip whose window starts at `start_ms` went with a deletion of this camera."""
        return self.state is CameraState.DELETED or start_ms < self.erased_before_ms


def name_plate_fields(known: NamePlate | None) -> dict[str, Any]:
    """The fields of a camera that the topic keeps for this server; none where an older one wrote it."""
    if known is None:
        return {}
    is_known = known.kind in {kind.value for kind in CameraKind}
    return known.model_dump() | {"kind": CameraKind(known.kind) if is_known else CameraKind.OTHER}

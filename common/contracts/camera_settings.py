"""A camera as the rest of the system knows it: the value of the compacted topic `camera-settings`."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from common.contracts.base import Contract
from common.contracts.frame import CLIP_MS_MAX, CLIP_MS_MIN, EVERY_MS_MAX, AnalysisRequest, Policy
from common.contracts.identity import ANALYSIS_PATTERN, CAMERA_ID_PATTERN
from common.contracts.place import Line, Zone

EMOTION = "emotion"
LICENSE_PLATE = "license_plate"
RECORDER = "recorder"
OBJECTS = "objects"
PEOPLE = "people"
RECOGNITION = "recognition"
FIRST_RELEASE = (RECORDER, EMOTION, LICENSE_PLATE)
"""What runs unless something else is asked for."""
DEFAULT_EVERY_MS: dict[str, int | None] = {
    RECORDER: None,
    EMOTION: 100,
    LICENSE_PLATE: 500,
    OBJECTS: 200,
    PEOPLE: 200,
    RECOGNITION: 200,
}
"""Every analysis and its default search interval in ms."""
PURPOSE_FIELDS: Mapping[str, str] = {EMOTION: "emotion_purpose", RECOGNITION: "recognition_purpose"}
"""Analyses that need a stated purpose, each to the field that holds it (DESIGN 9)."""


class AnalysisSettings(Contract):
    """One analysis switched on for a camera. `options` belong to the analysis and are checked by it."""

    name: str = Field(pattern=ANALYSIS_PATTERN)
    every_ms: int | None = Field(default=None, ge=1, le=EVERY_MS_MAX)
    options: dict[str, Any] = Field(default_factory=dict)


class Purpose(Contract):
    """Why, and until when (µs since the epoch), an analysis of people is allowed (DESIGN 9)."""

    text: str = Field(min_length=3, max_length=500)
    expires_us: int


class NamePlate(Contract):
    """What the API server alone makes use of. It stands here so that a camera its database lost comes back whole.
    `address_sealed`: encrypted with a key that only that server has; `address_shown`: all that anybody is told of it.
    """

    place: str = ""
    kind: str = ""
    address_sealed: str = Field(default="", repr=False)
    address_shown: str = ""


class CameraSettings(Contract):
    """Versioned by the API server; each change raises `version`. A deleted camera is a record without a value.

    `retention_hours`: analysis to hours, where this camera's clips are kept for another time than usual.
    `live_from_us`: live tokens made earlier (µs since epoch) open this camera no longer: somebody lost the permission.
    `name_plate`: None where an older server wrote it.
    """

    v: int = 1
    camera: str = Field(pattern=CAMERA_ID_PATTERN)
    version: int = Field(ge=1)
    name: str
    owner: str
    token_hashes: tuple[str, ...]
    partition: int = Field(ge=0)
    analyses: tuple[AnalysisSettings, ...] = ()
    clip_ms: int = Field(default=60_000, ge=CLIP_MS_MIN, le=CLIP_MS_MAX)
    policy: Policy = Policy.EVERY_FRAME
    emotion_purpose: Purpose | None = None
    recognition_purpose: Purpose | None = None
    zones: tuple[Zone, ...] = Field(default=(), max_length=64)
    lines: tuple[Line, ...] = Field(default=(), max_length=64)
    retention_hours: dict[str, int] = Field(default_factory=dict, max_length=32)
    live_from_us: int = Field(default=0, ge=0)
    name_plate: NamePlate | None = None

    def allowed_requests(self, now_us: int) -> tuple[AnalysisRequest, ...]:
        """What a frame ingested at `now_us` may undergo: emotion and recognition only while their purpose holds."""
        return tuple(
            AnalysisRequest(a.name, a.every_ms if a.every_ms is not None else DEFAULT_EVERY_MS.get(a.name))
            for a in self.analyses
            if self._is_allowed(a.name, now_us)
        )

    def _is_allowed(self, analysis: str, now_us: int) -> bool:
        if analysis not in PURPOSE_FIELDS:
            return True
        purpose = purpose_of(self, analysis)
        return purpose is not None and now_us < purpose.expires_us


def purpose_of(holder: object, analysis: str) -> Purpose | None:
    """The purpose that a camera, in whichever form, states for an analysis; None where there is none."""
    field = PURPOSE_FIELDS.get(analysis)
    found = getattr(holder, field) if field is not None else None
    return found if isinstance(found, Purpose) else None

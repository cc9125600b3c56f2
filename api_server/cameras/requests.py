"""What people ask for when they create or change a camera: checked before it reaches the database."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from common.contracts.camera_settings import (
    DEFAULT_EVERY_MS,
    LICENSE_PLATE,
    RECORDER,
    AnalysisSettings,
    EmotionPurpose,
)
from common.contracts.frame import CLIP_MS_MAX, CLIP_MS_MIN, EVERY_MS_MAX, Policy

DEFAULT_CLIP_MS = 60_000
DEFAULT_ANALYSES = (AnalysisSettings(name=RECORDER), AnalysisSettings(name=LICENSE_PLATE))
"""What a new camera gets when nothing is said: its recording, and plates, which are kept for a day. Emotion never."""
NAME_MAX_CHARS = 100


def _printable(name: str) -> str:
    name = name.strip()
    if not name or not name.isprintable():
        raise ValueError("must have at least one character, and none that cannot be shown")
    return name


Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX_CHARS), AfterValidator(_printable)]


class Asked(BaseModel):
    """Base of every request body: unknown keys and other types are refused, so that a typo does not pass in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AskedAnalysis(Asked):
    """One analysis to switch on. `every_ms`: its search interval in frame time; left out: its default."""

    name: str = Field(description=f"One of {', '.join(sorted(DEFAULT_EVERY_MS))}.")
    every_ms: int | None = Field(default=None, ge=1, le=EVERY_MS_MAX)

    @model_validator(mode="after")
    def _is_known(self) -> "AskedAnalysis":
        if self.name not in DEFAULT_EVERY_MS:
            raise ValueError(f"no such analysis; there are {', '.join(sorted(DEFAULT_EVERY_MS))}")
        if self.every_ms is not None and DEFAULT_EVERY_MS[self.name] is None:
            raise ValueError(f"{self.name} takes every frame and has no search interval")
        return self


def _once_each(analyses: tuple[AskedAnalysis, ...]) -> tuple[AskedAnalysis, ...]:
    if len({analysis.name for analysis in analyses}) != len(analyses):
        raise ValueError("each analysis can be named once")
    return analyses


AskedAnalyses = Annotated[tuple[AskedAnalysis, ...], Field(max_length=16), AfterValidator(_once_each)]
ClipMs = Annotated[int, Field(ge=CLIP_MS_MIN, le=CLIP_MS_MAX, description="Clip length in ms of log time.")]


class AskedPurpose(Asked):
    """Why, and until when (µs since the epoch), emotion analysis is wanted."""

    text: str = Field(min_length=3, max_length=500)
    expires_us: int = Field(gt=0, lt=2**53)


class NewCameraBody(Asked):
    """The body of `POST /v1/cameras`."""

    name: Name
    analyses: AskedAnalyses | None = None
    clip_ms: ClipMs = DEFAULT_CLIP_MS
    policy: Policy = Policy.EVERY_FRAME
    emotion_purpose: AskedPurpose | None = None

    def to_camera(self) -> "NewCamera":
        analyses = DEFAULT_ANALYSES if self.analyses is None else _stored(self.analyses)
        return NewCamera(
            name=self.name,
            analyses=analyses,
            clip_ms=self.clip_ms,
            policy=self.policy,
            emotion_purpose=_purpose(self.emotion_purpose),
        )


class CameraChange(Asked):
    """The body of `PATCH /v1/cameras/{camera_id}`: only what is named changes. `emotion_purpose` null withdraws
    it, and with it emotion analysis."""

    name: Name | None = None
    analyses: AskedAnalyses | None = None
    clip_ms: ClipMs | None = None
    policy: Policy | None = None
    emotion_purpose: AskedPurpose | None = None

    @model_validator(mode="after")
    def _names_something(self) -> "CameraChange":
        if not self.model_fields_set:
            raise ValueError("name at least one thing to change")
        empty = [n for n in self.model_fields_set if n != "emotion_purpose" and getattr(self, n) is None]
        if empty:
            raise ValueError(f"{', '.join(sorted(empty))} cannot be null")
        return self

    @property
    def withdraws_purpose(self) -> bool:
        return "emotion_purpose" in self.model_fields_set and self.emotion_purpose is None

    def named_fields(self) -> dict[str, Any]:
        """The fields of a stored camera that change."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set}
        if "analyses" in fields:
            fields["analyses"] = _stored(fields["analyses"])
        if "emotion_purpose" in fields:
            fields["emotion_purpose"] = _purpose(fields["emotion_purpose"])
        return fields


class NewCamera(BaseModel):
    """A checked request, in the words of the contracts."""

    model_config = ConfigDict(frozen=True)

    name: str
    analyses: tuple[AnalysisSettings, ...] = DEFAULT_ANALYSES
    clip_ms: int = DEFAULT_CLIP_MS
    policy: Policy = Policy.EVERY_FRAME
    emotion_purpose: EmotionPurpose | None = None


def _stored(analyses: tuple[AskedAnalysis, ...]) -> tuple[AnalysisSettings, ...]:
    return tuple(AnalysisSettings(name=analysis.name, every_ms=analysis.every_ms) for analysis in analyses)


def _purpose(asked: AskedPurpose | None) -> EmotionPurpose | None:
    return EmotionPurpose(text=asked.text, expires_us=asked.expires_us) if asked is not None else None

"""What people ask for when they create or change a camera: checked before it reaches the database."""

import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from api_server.cameras.address import Address
from api_server.cameras.camera import CameraKind
from api_server.http.errors import RefusedWithin
from api_server.keeping import LOG_HOURS
from common.contracts.analysis_options import option_problem
from common.contracts.camera_settings import (
    DEFAULT_EVERY_MS,
    LICENSE_PLATE,
    PURPOSE_FIELDS,
    RECORDER,
    AnalysisSettings,
    Purpose,
)
from common.contracts.frame import CLIP_MS_MAX, CLIP_MS_MIN, EVERY_MS_MAX, Policy
from common.contracts.place import Line, Zone

DEFAULT_CLIP_MS = 60_000
DEFAULT_ANALYSES = (AnalysisSettings(name=RECORDER), AnalysisSettings(name=LICENSE_PLATE))
"""What a new camera gets when nothing is said: its recording, and plates, which are kept for a day. Never what needs a
purpose."""
NAME_MAX_CHARS = 100
OPTIONS_MAX_BYTES = 8_192
OPTIONS_DEPTH = 4
OPTION_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""No operator of the database, and no path in it."""
PLACES_MAX = 64


def _printable(name: str) -> str:
    name = name.strip()
    if not name or not name.isprintable():
        raise ValueError("must have at least one character, and none that cannot be shown")
    return name


def _printable_or_empty(text: str) -> str:
    return _printable(text) if text.strip() else ""


Name = Annotated[str, Field(min_length=1, max_length=NAME_MAX_CHARS), AfterValidator(_printable)]
Place = Annotated[
    str, Field(max_length=NAME_MAX_CHARS, description="Where it hangs."), AfterValidator(_printable_or_empty)
]


class Asked(BaseModel):
    """Base of every request body: unknown keys and other types are refused, so that a typo does not pass in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AskedAnalysis(Asked):
    """One analysis to switch on. `every_ms`: its search interval in frame time; left out: its default. `options`: its
    own: what `GET /v1/analyses` names is checked here, the rest by the analysis, whose defaults stand in for bad ones.
    """

    name: str = Field(description=f"One of {', '.join(sorted(DEFAULT_EVERY_MS))}.")
    every_ms: int | None = Field(default=None, ge=1, le=EVERY_MS_MAX)
    options: dict[str, Any] = Field(default_factory=dict, max_length=32)

    @model_validator(mode="after")
    def _is_known(self) -> "AskedAnalysis":
        if self.name not in DEFAULT_EVERY_MS:
            raise ValueError(f"no such analysis; there are {', '.join(sorted(DEFAULT_EVERY_MS))}")
        if self.every_ms is not None and DEFAULT_EVERY_MS[self.name] is None:
            raise ValueError(f"{self.name} takes every frame and has no search interval")
        _require_plain(self.options, OPTIONS_DEPTH)
        if len(json.dumps(self.options)) > OPTIONS_MAX_BYTES:
            raise ValueError(f"options are at most {OPTIONS_MAX_BYTES} bytes of JSON")
        found = option_problem(self.name, self.options)
        if found is not None:
            raise RefusedWithin(("options", found[0]), found[1])
        return self


def _require_plain(value: object, depth: int) -> None:
    """Raises ValueError for names that are none, and for what is nested deeper."""
    inner: list[object] = []
    if isinstance(value, dict):
        bad = next((name for name in value if not OPTION_NAME.fullmatch(str(name))), None)
        if bad is not None:
            raise ValueError(f"{str(bad)[:40]!r} is no name of an option")
        inner = list(value.values())
    elif isinstance(value, list):
        inner = value
    if inner and depth == 0:
        raise ValueError("options are nested too deeply")
    for one in inner:
        _require_plain(one, depth - 1)


def _once_each(analyses: tuple[AskedAnalysis, ...]) -> tuple[AskedAnalysis, ...]:
    if len({analysis.name for analysis in analyses}) != len(analyses):
        raise ValueError("each analysis can be named once")
    return analyses


AskedAnalyses = Annotated[tuple[AskedAnalysis, ...], Field(max_length=16), AfterValidator(_once_each)]


class AskedZone(Zone):
    """A polygon in parts of the picture's width and height."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AskedLine(Line):
    """A line in parts of the picture's width and height."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _named_once(places: tuple[Zone | Line, ...]) -> tuple[Zone | Line, ...]:
    if len({place.name for place in places}) != len(places):
        raise ValueError("each name can be used once")
    return places


AskedZones = Annotated[tuple[AskedZone, ...], Field(max_length=PLACES_MAX), AfterValidator(_named_once)]
AskedLines = Annotated[tuple[AskedLine, ...], Field(max_length=PLACES_MAX), AfterValidator(_named_once)]
RETENTION_MIN_HOURS = LOG_HOURS + 1
"""A replay of the log must not bring back what was erased (DESIGN 5, rule 12)."""
RETENTION_MAX_HOURS = 24 * 3650


def _known_analyses(hours: dict[str, int]) -> dict[str, int]:
    unknown = sorted(set(hours) - set(DEFAULT_EVERY_MS))
    if unknown:
        raise ValueError(f"no such analysis; there are {', '.join(sorted(DEFAULT_EVERY_MS))}")
    return hours


RetentionHours = Annotated[
    dict[str, Annotated[int, Field(ge=RETENTION_MIN_HOURS, le=RETENTION_MAX_HOURS)]],
    Field(max_length=32, description="Analysis to hours, where clips are kept for another time than usual."),
    AfterValidator(_known_analyses),
]
ClipMs = Annotated[int, Field(ge=CLIP_MS_MIN, le=CLIP_MS_MAX, description="Clip length in ms of log time.")]


class AskedPurpose(Asked):
    """Why, and until when (µs since the epoch), an analysis of people is wanted."""

    text: str = Field(min_length=3, max_length=500)
    expires_us: int = Field(gt=0, lt=2**53)

    def to_purpose(self) -> Purpose:
        return Purpose(text=self.text, expires_us=self.expires_us)


class NewCameraBody(Asked):
    """The body of `POST /v1/cameras`."""

    name: Name
    place: Place = ""
    kind: CameraKind = CameraKind.OTHER
    address: Address | None = None
    analyses: AskedAnalyses | None = None
    clip_ms: ClipMs = DEFAULT_CLIP_MS
    policy: Policy = Policy.EVERY_FRAME
    emotion_purpose: AskedPurpose | None = None
    recognition_purpose: AskedPurpose | None = None
    zones: AskedZones = ()
    lines: AskedLines = ()
    retention_hours: RetentionHours = Field(default_factory=dict)

    def to_camera(self) -> "NewCamera":
        analyses = DEFAULT_ANALYSES if self.analyses is None else _stored(self.analyses)
        return NewCamera(
            name=self.name,
            place=self.place,
            kind=self.kind,
            address=self.address,
            analyses=analyses,
            clip_ms=self.clip_ms,
            policy=self.policy,
            emotion_purpose=_purpose(self.emotion_purpose),
            recognition_purpose=_purpose(self.recognition_purpose),
            zones=_zones(self.zones),
            lines=_lines(self.lines),
            retention_hours=self.retention_hours,
        )


_MAY_BE_NULL = frozenset({*PURPOSE_FIELDS.values(), "address"})


class CameraChange(Asked):
    """The body of `PATCH /v1/cameras/{camera_id}`: only what is named changes. `emotion_purpose` or
    `recognition_purpose` null withdraws it, and with it the analysis; `address` null clears it."""

    name: Name | None = None
    place: Place | None = None
    kind: CameraKind | None = None
    address: Address | None = Field(default=None, description="null clears it.")
    analyses: AskedAnalyses | None = None
    clip_ms: ClipMs | None = None
    policy: Policy | None = None
    emotion_purpose: AskedPurpose | None = None
    recognition_purpose: AskedPurpose | None = None
    zones: AskedZones | None = None
    lines: AskedLines | None = None
    retention_hours: RetentionHours | None = None

    @model_validator(mode="after")
    def _names_something(self) -> "CameraChange":
        if not self.model_fields_set:
            raise ValueError("name at least one thing to change")
        empty = [n for n in self.model_fields_set - _MAY_BE_NULL if getattr(self, n) is None]
        if empty:
            raise ValueError(f"{', '.join(sorted(empty))} cannot be null")
        return self

    def withdraws(self, purpose_field: str) -> bool:
        return purpose_field in self.model_fields_set and getattr(self, purpose_field) is None

    def named_fields(self) -> dict[str, Any]:
        """The fields of a stored camera that change, but for its address, which is to be sealed."""
        fields: dict[str, Any] = {name: getattr(self, name) for name in self.model_fields_set if name != "address"}
        if "analyses" in fields:
            fields["analyses"] = _stored(fields["analyses"])
        for field in PURPOSE_FIELDS.values():
            if field in fields:
                fields[field] = _purpose(fields[field])
        if "zones" in fields:
            fields["zones"] = _zones(fields["zones"])
        if "lines" in fields:
            fields["lines"] = _lines(fields["lines"])
        return fields


class NewCamera(BaseModel):
    """A checked request, in the words of the contracts."""

    model_config = ConfigDict(frozen=True)

    name: str
    place: str = ""
    kind: CameraKind = CameraKind.OTHER
    address: SecretStr | None = None
    analyses: tuple[AnalysisSettings, ...] = DEFAULT_ANALYSES
    clip_ms: int = DEFAULT_CLIP_MS
    policy: Policy = Policy.EVERY_FRAME
    emotion_purpose: Purpose | None = None
    recognition_purpose: Purpose | None = None
    zones: tuple[Zone, ...] = ()
    lines: tuple[Line, ...] = ()
    retention_hours: dict[str, int] = Field(default_factory=dict)


def _stored(analyses: tuple[AskedAnalysis, ...]) -> tuple[AnalysisSettings, ...]:
    return tuple(AnalysisSettings(name=one.name, every_ms=one.every_ms, options=one.options) for one in analyses)


def _zones(asked: tuple[AskedZone, ...]) -> tuple[Zone, ...]:
    return tuple(Zone(**one.model_dump()) for one in asked)


def _lines(asked: tuple[AskedLine, ...]) -> tuple[Line, ...]:
    return tuple(Line(**one.model_dump()) for one in asked)


def _purpose(asked: AskedPurpose | None) -> Purpose | None:
    return asked.to_purpose() if asked is not None else None

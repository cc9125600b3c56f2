"""What people ask when they start a query: checked before it reaches the database."""

from typing import Any

from pydantic import Field, model_validator

from api_server.cameras.requests import Asked, AskedPurpose
from api_server.http.errors import RefusedWithin
from api_server.recordings.record import UPLOAD_ID_PATTERN
from api_server.routes.parameters import TimeMs
from common.contracts.analysis_options import option_problem
from common.contracts.camera_settings import (
    DEFAULT_EVERY_MS,
    LICENSE_PLATE,
    OBJECTS,
    PURPOSE_FIELDS,
    RECORDER,
    Purpose,
)
from common.contracts.frame import EVERY_MS_MAX
from common.contracts.identity import CAMERA_ID_PATTERN
from common.query_models import NAME_PATTERN

ANALYSES = tuple(sorted(name for name in DEFAULT_EVERY_MS if name != RECORDER))
PLATE_MODES = ("fast", "video", "standard", "thorough")
RANGE_MAX_MS = 31 * 24 * 3_600_000


class AskedOptions(Asked):
    """How to search. `every_ms`: search interval in video time. `min_confidence`: what is surer than this is kept.
    `model`: one that `GET /v1/analyses` names for the analysis; left out: the one that live frames are searched with.
    `mode` (license_plate): how much a picture may cost. `classes` (objects): what is looked for."""

    every_ms: int | None = Field(default=None, ge=1, le=EVERY_MS_MAX)
    min_confidence: float | None = Field(default=None, ge=0, le=1)
    model: str | None = Field(default=None, pattern=NAME_PATTERN, description="As GET /v1/analyses names it.")
    mode: str | None = Field(default=None, description=f"license_plate: one of {', '.join(PLATE_MODES)}.")
    classes: tuple[str, ...] | None = Field(default=None, description="objects: as GET /v1/analyses names them.")

    @model_validator(mode="after")
    def _is_known(self) -> "AskedOptions":
        if self.mode is not None and self.mode not in PLATE_MODES:
            raise ValueError(f"mode: one of {', '.join(PLATE_MODES)}")
        if self.classes is not None:
            found = option_problem(OBJECTS, {"classes": self.classes})
            if found is not None:
                raise RefusedWithin(("classes",), found[1])
        return self

    def to_job(self) -> dict[str, Any]:
        """As a job carries them, beside its search interval and its model."""
        fields = self.model_dump(mode="json", exclude={"every_ms", "model"})
        return {name: value for name, value in fields.items() if value is not None}


class NewQueryBody(Asked):
    """The body of `POST /v1/queries`: either an upload (`recording`), or a camera's footage of [`from`, `to`).

    `force`: do it again although the same has been done. `emotion_purpose`, `recognition_purpose`: for these analyses
    on an upload; on a camera its own purpose holds.
    """

    recording: str | None = Field(default=None, pattern=UPLOAD_ID_PATTERN)
    camera: str | None = Field(default=None, pattern=CAMERA_ID_PATTERN)
    from_ms: TimeMs | None = Field(default=None, alias="from")
    to_ms: TimeMs | None = Field(default=None, alias="to")
    analysis: str = Field(description=f"One of {', '.join(ANALYSES)}.")
    options: AskedOptions = AskedOptions()
    force: bool = False
    emotion_purpose: AskedPurpose | None = None
    recognition_purpose: AskedPurpose | None = None

    @property
    def stated_purpose(self) -> Purpose | None:
        """The one of the analysis that is asked for."""
        field = PURPOSE_FIELDS.get(self.analysis)
        asked: AskedPurpose | None = getattr(self, field) if field is not None else None
        return asked.to_purpose() if asked is not None else None

    @model_validator(mode="after")
    def _is_whole(self) -> "NewQueryBody":
        if self.analysis not in ANALYSES:
            raise ValueError(f"analysis: one of {', '.join(ANALYSES)}")
        if self.options.mode is not None and self.analysis != LICENSE_PLATE:
            raise ValueError(f"options.mode belongs to {LICENSE_PLATE}")
        if self.options.classes is not None and self.analysis != OBJECTS:
            raise ValueError(f"options.classes belong to {OBJECTS}")
        span = (self.camera, self.from_ms, self.to_ms)
        if self.recording is not None:
            if any(part is not None for part in span):
                raise ValueError("name either a recording, or a camera with from and to")
            return self
        if self.camera is None or self.from_ms is None or self.to_ms is None:
            raise ValueError("name a recording, or a camera with from and to")
        if self.from_ms >= self.to_ms:
            raise ValueError("from must lie before to")
        if self.to_ms - self.from_ms > RANGE_MAX_MS:
            raise ValueError("ask for at most 31 days")
        return self

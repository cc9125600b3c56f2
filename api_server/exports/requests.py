"""What people ask when they start an export."""

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from api_server.cameras.requests import Asked, Name
from api_server.exports.record import ExportKind
from api_server.routes.parameters import TimeMs
from common.contracts.clip import ClipId
from common.contracts.identity import CAMERA_ID_PATTERN

CLIPS_MAX = 500
FILM_CLIPS_MAX = 100
CLIP_ID_CHARS = 120
AROUND_MS = 3_000


def _is_clip_id(text: str) -> str:
    try:
        ClipId.parse(text)
    except ValueError as error:
        raise ValueError("is no clip id") from error
    return text


def _once_each(clips: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(clips)) != len(clips):
        raise ValueError("each clip can be named once")
    return clips


AskedClip = Annotated[str, Field(max_length=CLIP_ID_CHARS), AfterValidator(_is_clip_id)]


class NewExportBody(Asked):
    """The body of `POST /v1/exports`: either `clips`, or what a camera recorded in [`from`, `to`).

    `captions` and `around_ms` are a film's: what is written into the picture, and how much of a clip is shown before
    and after each of its sightings (null: all of it; a clip without sightings is shown whole).
    """

    kind: ExportKind = Field(strict=False)
    name: Name = "export"
    clips: Annotated[tuple[AskedClip, ...], Field(max_length=CLIPS_MAX), AfterValidator(_once_each)] = ()
    camera: str | None = Field(default=None, pattern=CAMERA_ID_PATTERN)
    from_ms: TimeMs | None = Field(default=None, alias="from")
    to_ms: TimeMs | None = Field(default=None, alias="to")
    captions: bool = True
    around_ms: int | None = Field(default=AROUND_MS, ge=500, le=60_000)

    @model_validator(mode="after")
    def _is_whole(self) -> "NewExportBody":
        span = (self.camera, self.from_ms, self.to_ms)
        if self.clips:
            if any(part is not None for part in span):
                raise ValueError("name either clips, or a camera with from and to")
            if self.kind is ExportKind.FILM and len(self.clips) > FILM_CLIPS_MAX:
                raise ValueError(f"a film is made of at most {FILM_CLIPS_MAX} clips")
            return self
        if self.camera is None or self.from_ms is None or self.to_ms is None:
            raise ValueError("name clips, or a camera with from and to")
        if self.from_ms >= self.to_ms:
            raise ValueError("from must lie before to")
        return self

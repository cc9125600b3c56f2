"""Making an upload playable: one job (topic `segment-jobs`), at most one object, one event (topic `clip-events`)."""

from typing import Literal, Self

from pydantic import Field, model_validator

from common.contracts.base import Contract

UPLOAD_ID = r"^up-[a-z2-7]{16}$"
PLAYABLE_PREFIX = "playable/"
SENTENCE_MAX_CHARS = 500
Media = Literal["video/mp4", "video/webm"]


class PrepareJob(Contract):
    """Look into an upload; where browsers do not play it as it is, make what they play of it, once.

    A reference, as every job; it may be repeated without harm.
    """

    type: Literal["prepare"] = "prepare"
    v: int = 1
    upload_id: str = Field(pattern=UPLOAD_ID)
    object_key: str

    @model_validator(mode="after")
    def _is_its_own(self) -> Self:
        if self.object_key != f"uploads/{self.upload_id}":
            raise ValueError("the object of another upload, or of none")
        return self


class UploadPrepared(Contract):
    """What a worker found in an upload. Keyed by upload id.

    `state`: browsers play the file as it is (`original`), or what lies at `playable_key` (`made`), or neither
    (`impossible`); `waiting`: not for now, it is to be asked again. `note`: a sentence for a person: why, or what the
    copy lacks. `problem`: why the file cannot be worked on at all, a sentence. The rest as far as the file tells.
    """

    type: Literal["prepared"] = "prepared"
    v: int = 1
    upload_id: str = Field(pattern=UPLOAD_ID)
    state: Literal["original", "made", "impossible", "waiting"]
    note: str | None = Field(default=None, max_length=SENTENCE_MAX_CHARS)
    problem: str | None = Field(default=None, max_length=SENTENCE_MAX_CHARS)
    media: Media | None = None
    duration_ms: int | None = Field(default=None, ge=0)
    width: int | None = Field(default=None, ge=1)
    height: int | None = Field(default=None, ge=1)
    codec: str | None = Field(default=None, max_length=32)


def playable_key(upload_id: str) -> str:
    """`playable/{id}/video`: beside the uploads, for a store on a file system has no object below another."""
    return f"{PLAYABLE_PREFIX}{upload_id}/video"

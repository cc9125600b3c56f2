"""An uploaded video as a document, and as what its object says of itself."""

import re
import secrets
from collections.abc import Mapping
from enum import StrEnum
from typing import Self
from urllib.parse import quote, unquote

from api_server.access.permission import CameraFacts
from api_server.database.record import Record
from common.contracts.playable import UPLOAD_ID, Media, playable_key

UPLOAD_ID_PATTERN = UPLOAD_ID
UPLOADS_PREFIX = "uploads/"
NAME_MAX_CHARS = 150
ORIGIN_MAX_CHARS = 400
"""Of the address that an object says it was copied from; a longer one stands in the database alone."""
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ID = re.compile(UPLOAD_ID_PATTERN)


class UploadState(StrEnum):
    """`deleting`: out of sight, its object still to be erased."""

    LIVE = "live"
    DELETING = "deleting"


class PlayableState(StrEnum):
    """Whether browsers play an upload: the file itself, or what a worker made of it. `pending`: no worker has said."""

    PENDING = "pending"
    ORIGINAL = "original"
    MADE = "made"
    IMPOSSIBLE = "impossible"


SETTLED = (PlayableState.ORIGINAL, PlayableState.MADE, PlayableState.IMPOSSIBLE)


class Upload(Record):
    """One uploaded video. `start_us`: when it was recorded, if the person said so, else when it was uploaded.

    `t0_us`: wall time of its first picture, None when nobody said. `duration_ms`: None until the file or a worker has
    told. `codec`: one word, where the file tells. `imported_from`: the object it was copied from. `problem`: why it
    cannot be worked on, a sentence. `playable_note`: why it cannot be played, or what the made copy lacks, a sentence.
    `playable_media`, `playable_bytes`: of what was made. `prepare_sent_us`: when a worker was last asked.
    """

    owner: str
    name: str
    container: str
    media: str
    size: int
    start_us: int
    created_us: int
    t0_us: int | None = None
    duration_ms: int | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    imported_from: str | None = None
    problem: str | None = None
    state: UploadState = UploadState.LIVE
    playable: PlayableState = PlayableState.PENDING
    playable_note: str | None = None
    playable_media: Media | None = None
    playable_bytes: int = 0
    prepare_sent_us: int | None = None

    @property
    def key(self) -> str:
        return upload_key(self.id)

    @property
    def playable_key(self) -> str:
        """Where what was made of it lies, if anything was."""
        return playable_key(self.id)

    @property
    def stored_bytes(self) -> int:
        """Of the upload and of what was made of it."""
        return self.size + self.playable_bytes

    @property
    def facts(self) -> CameraFacts:
        return CameraFacts("", self.owner)

    def to_metadata(self) -> dict[str, str]:
        """What the object needs to say for its record to be made again. S3 takes ASCII, at most 2 KB."""
        fields = {
            "owner": self.owner,
            "name": quote(self.name, safe=" "),
            "container": self.container,
            "start-us": str(self.start_us),
            "created-us": str(self.created_us),
            "t0-us": _text(self.t0_us),
            "duration-ms": _text(self.duration_ms),
            "width": _text(self.width),
            "height": _text(self.height),
            "codec": self.codec or "",
            "imported-from": _short(quote(self.imported_from or "", safe=":/ ")),
        }
        return {name: value for name, value in fields.items() if value}

    @classmethod
    def from_object(cls, upload_id: str, size: int, media: str, metadata: Mapping[str, str]) -> Self:
        """Raises ValueError when the object is none of ours."""
        try:
            return cls(
                id=upload_id,
                owner=metadata["owner"],
                name=unquote(metadata["name"]),
                container=metadata["container"],
                media=media,
                size=size,
                start_us=int(metadata["start-us"]),
                created_us=int(metadata["created-us"]),
                t0_us=_number(metadata, "t0-us"),
                duration_ms=_number(metadata, "duration-ms"),
                width=_number(metadata, "width"),
                height=_number(metadata, "height"),
                codec=metadata.get("codec"),
                imported_from=unquote(metadata["imported-from"]) if "imported-from" in metadata else None,
            )
        except KeyError as error:
            raise ValueError(f"no upload of ours: {error} is missing") from error


def make_upload_id() -> str:
    """`up-` and 16 random characters of base32: never reused."""
    return "up-" + "".join(secrets.choice(_ALPHABET) for _ in range(16))


def is_upload_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def upload_key(upload_id: str) -> str:
    return f"{UPLOADS_PREFIX}{upload_id}"


def _short(text: str) -> str:
    """Nothing rather than more than S3 takes beside the name."""
    return text if len(text) <= ORIGIN_MAX_CHARS else ""


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def _number(metadata: Mapping[str, str], name: str) -> int | None:
    return int(metadata[name]) if name in metadata else None

"""An export as a document."""

import re
import secrets
from enum import StrEnum

from pydantic import Field

from api_server.access.permission import CameraFacts
from api_server.database.revised import RevisedRecord

EXPORT_ID_PATTERN = r"^ex-[a-z2-7]{16}$"
EXPORTS_PREFIX = "exports/"
_ID = re.compile(EXPORT_ID_PATTERN)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


class ExportKind(StrEnum):
    """`zip`: the clips as they are stored, made while it is sent. `film`: one video of them, made by a worker."""

    ZIP = "zip"
    FILM = "film"


class ExportState(StrEnum):
    """`deleting`: out of sight, its object still to be erased."""

    RECEIVED = "received"
    PROCESSING = "processing"
    FINISHED = "finished"
    FAILED = "failed"
    DELETING = "deleting"


ACTIVE = (ExportState.RECEIVED, ExportState.PROCESSING)
SHOWN = (*ACTIVE, ExportState.FINISHED, ExportState.FAILED)


class ExportRecord(RevisedRecord):
    """One export. All that changes is in this one document, each step one atomic operation on `revision`.

    `around_ms`: of a film, how much of a clip is shown before and after each sighting; None: all of it. `lease_us`:
    until when a worker has promised to go on with it; past that another may take it. `attempts`: how often one has.
    """

    owner: str
    name: str
    kind: ExportKind
    clips: tuple[str, ...]
    captions: bool = True
    around_ms: int | None = None
    state: ExportState
    created_us: int
    finished_us: int | None = None
    expires_us: int
    lease_us: int = 0
    attempts: int = 0
    clips_done: int = 0
    duration_ms: int | None = None
    bytes: int = 0
    reason: str | None = None
    notes: tuple[str, ...] = Field(default=())

    @property
    def facts(self) -> CameraFacts:
        """Decided by its owner, as an upload is; its clips are decided one by one, each time."""
        return CameraFacts("", self.owner)

    @property
    def film_key(self) -> str:
        return f"{export_prefix(self.id)}film.mp4"

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE


def make_export_id() -> str:
    """`ex-` and 16 random characters of base32: never reused."""
    return "ex-" + "".join(secrets.choice(_ALPHABET) for _ in range(16))


def is_export_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def export_prefix(export_id: str) -> str:
    return f"{EXPORTS_PREFIX}{export_id}/"

"""One entry of the audit log, and the hash that binds it to the one before."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import Field

from api_server.database.record import Record

FIRST_PREVIOUS = "0" * 64
"""What the first entry names as the hash of the one before it."""
DETAIL_MAX_CHARS = 40_000
"""The ids of all clips of the largest export."""
_VERSION = "lookout-audit-v1"


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be written down.

    `actor`: a user id, empty for who is nobody yet and for what the server does by itself. `by`: `session`, the id of
    an API token, `command` or `retention`. `target`: the id of what it is about; `camera`: what that hangs on.
    """

    action: str
    actor: str = ""
    actor_name: str = ""
    by: str = ""
    address: str = ""
    target: str = ""
    camera: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


class AuditEntry(Record):
    """Immutable. `seq` counts from 1 without a gap; `id` is `seq` in sixteen digits. `hash` is over everything else."""

    seq: int = Field(ge=1)
    at_us: int
    action: str
    actor: str
    actor_name: str
    by: str
    address: str
    target: str
    camera: str
    details: dict[str, str]
    previous: str
    hash: str

    def computed_hash(self) -> str:
        """Hex SHA-256 of the entry as it should be."""
        fields = self.model_dump(mode="json", exclude={"hash"})
        text = json.dumps([_VERSION, fields], sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def entry_id(seq: int) -> str:
    return f"{seq:016d}"


def make_entry(note: Note, before: AuditEntry | None, at_us: int) -> AuditEntry:
    """The entry that follows `before` (None: it is the first)."""
    seq = before.seq + 1 if before is not None else 1
    entry = AuditEntry(
        id=entry_id(seq),
        seq=seq,
        at_us=at_us,
        action=note.action,
        actor=note.actor,
        actor_name=note.actor_name,
        by=note.by,
        address=note.address,
        target=note.target,
        camera=note.camera,
        details={name: text[:DETAIL_MAX_CHARS] for name, text in note.details.items()},
        previous=before.hash if before is not None else FIRST_PREVIOUS,
        hash="",
    )
    return entry.model_copy(update={"hash": entry.computed_hash()})

"""Checking the audit log from its first entry to its last."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api_server.audit.entry import FIRST_PREVIOUS, AuditEntry, entry_id
from api_server.audit.log import AuditLog

BATCH = 500


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry as somebody noted it, apart from the database: who can rewrite all of that could rewrite the
    whole chain, but not this."""

    seq: int
    hash: str

    def __str__(self) -> str:
        return f"{self.seq}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Head":
        """Raises ValueError."""
        seq, _, digest = text.partition(":")
        if not seq.isdigit() or len(digest) != len(FIRST_PREVIOUS):
            raise ValueError("a head looks like 12:0123abc... with 64 hexadecimal digits")
        return cls(int(seq), digest)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`head`: of the last entry that is right; None: there is none. `problem`: the first thing that is wrong."""

    count: int
    head: Head | None
    problem: str | None


def verify(log: AuditLog, noted: Head | None = None) -> Verdict:
    """Whether every entry is as it was written and none is missing, up to the newest there is, and whether the entry of
    `noted` is the one that was noted. What was cut off the end shows only against `noted`. Raises Transient."""
    try:
        newest = log.newest()
    except ValueError:
        return Verdict(0, None, "the document with the highest number is no entry")
    last = newest.seq if newest is not None else 0
    previous, checked = FIRST_PREVIOUS, 0
    for first in range(1, last + 1, BATCH):
        documents = log.read(first, min(last, first + BATCH - 1))
        for seq in range(first, min(last, first + BATCH - 1) + 1):
            problem = _problem(documents.get(seq), seq, previous)
            if problem is None and noted is not None and noted.seq == seq and documents[seq]["hash"] != noted.hash:
                problem = f"entry {seq} is not the one that was noted: the log was written anew"
            if problem is not None:
                return Verdict(checked, Head(checked, previous) if checked else None, problem)
            previous, checked = str(documents[seq]["hash"]), seq
    head = Head(checked, previous) if checked else None
    strangers = log.ids_beyond(last)
    if strangers:
        return Verdict(checked, head, f"{len(strangers)} documents are no entries, the first is {strangers[0][:40]!r}")
    if noted is not None and noted.seq > last:
        return Verdict(checked, head, f"entries {last + 1} to {noted.seq} are missing: the end was cut off")
    return Verdict(checked, head, None)


def _problem(document: Mapping[str, Any] | None, seq: int, previous: str) -> str | None:
    if document is None:
        return f"entry {seq} is missing"
    try:
        entry = AuditEntry.from_document(dict(document))
    except ValueError:
        return f"entry {seq} is not an entry"
    if entry.seq != seq or entry.id != entry_id(seq):
        return f"entry {seq} has another number"
    if set(document) != {"_id", *AuditEntry.model_fields} - {"id"}:
        return f"entry {seq} has other fields than an entry"
    if entry.previous != previous:
        return f"entry {seq} does not follow the one before it"
    if entry.computed_hash() != entry.hash:
        return f"entry {seq} was changed"
    return None

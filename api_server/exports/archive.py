"""A set of clips as one zip, made while it is sent: nothing of it is ever kept here."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from api_server.clips.records import ClipRecord
from common.storage.port import NotFound, ObjectStore

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first time that a zip can hold."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One clip of the archive: `name` of its file there, and what its manifest says beside the hash."""

    clip: ClipRecord
    name: str
    says: dict[str, Any]


class ClipArchive:
    """Iterating gives the bytes of a zip: the clips, stored as they are; `SHA256SUMS`, for `sha256sum -c`; and last the
    manifest, which says of every clip what it is and its hash, and of those that were asked for and are not there why.

    One thread. Raises Transient half way when the store goes away: the archive is then visibly cut.
    """

    def __init__(
        self, store: ObjectStore, name: str, packed: Sequence[Packed], missing: Sequence[str], made_us: int
    ) -> None:
        self._store = store
        self._name = name
        self._packed = packed
        self._missing = [{"clip": clip_id, "reason": "deleted, or not yours to see"} for clip_id in missing]
        self._made_us = made_us

    def chunks(self) -> Iterator[bytes]:
        """The archive, in pieces."""
        sink = _Sink()
        clips: list[dict[str, Any]] = []
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for one in self._packed:
                digest = hashlib.sha256()
                try:
                    body = self._store.read_range(one.clip.clip_id.video_key, 0)
                except (NotFound, ValueError):
                    self._missing.append({"clip": one.clip.id, "reason": "deleted meanwhile"})
                    continue
                try:
                    if body.total != one.clip.video_bytes:
                        # A tombstone lies where the video was.
                        self._missing.append({"clip": one.clip.id, "reason": "deleted meanwhile"})
                        continue
                    with archive.open(_entry(one.name, one.clip.t0_us), "w", force_zip64=True) as entry:
                        for chunk in body.chunks:
                            digest.update(chunk)
                            entry.write(chunk)
                            yield from sink.drain()
                finally:
                    body.close()
                clips.append({**one.says, "file": one.name, "bytes": body.total, "sha256": digest.hexdigest()})
            sums = "".join(f"{clip['sha256']}  {clip['file']}\n" for clip in clips)
            archive.writestr(_entry(SUMS, self._made_us), sums)
            manifest = {"name": self._name, "made_us": self._made_us, "clips": clips, "missing": self._missing}
            text = json.dumps(manifest, ensure_ascii=False, indent=1)
            archive.writestr(_entry(MANIFEST, self._made_us), text)
        yield from sink.drain()


def _entry(name: str, at_us: int) -> zipfile.ZipInfo:
    at = datetime.fromtimestamp(at_us / 1_000_000, UTC)
    info = zipfile.ZipInfo(name, max(_EARLIEST, (at.year, at.month, at.day, at.hour, at.minute, at.second)))
    info.external_attr = 0o644 << 16
    return info


class _Sink(io.RawIOBase):
    """What `zipfile` writes into: it cannot seek, so sizes and sums follow each file's data."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        return self._at

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._at += len(piece)
        return len(piece)

    def drain(self) -> list[bytes]:
        """What was written since."""
        pieces, self._pieces = self._pieces, []
        return pieces

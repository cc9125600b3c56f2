"""What this project needs of an object store. `s3` and `memory` implement it and obey one contract suite."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from common.errors import LookoutError


class AlreadyExists(LookoutError):
    """A create-only PUT found an object at the key (HTTP 412)."""


class NotFound(LookoutError):
    """No object at the key."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """`metadata`: lower-case names without `x-amz-meta-`."""

    key: str
    size: int
    etag: str
    modified_us: int
    content_type: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RangeBody:
    """Bytes [start, end] (inclusive) of an object of `total` bytes, in chunks. `close` it unless read to its end."""

    start: int
    end: int
    total: int
    chunks: Iterator[bytes]

    def close(self) -> None:
        close = getattr(self.chunks, "close", None)
        if close is not None:
            close()


class ObjectStore(Protocol):
    """One bucket. Safe on any thread. Every call raises Transient when the store does not answer in time."""

    def create(
        self, key: str, body: bytes | Path, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        """One `put_object` with `If-None-Match: *`, never multipart. Raises AlreadyExists, or Transient: then the
        object may or may not be there, and the same call repeated finds out."""
        ...

    def replace(
        self, key: str, body: bytes | Path, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        """Unconditional PUT: for tombstones and uploads only."""
        ...

    def head(self, key: str) -> ObjectInfo:
        """Raises NotFound."""
        ...

    def read(self, key: str) -> bytes:
        """The whole object. Raises NotFound."""
        ...

    def read_range(self, key: str, start: int, end: int | None = None) -> RangeBody:
        """Bytes from `start` to `end` inclusive (to the end of the object when None). Raises NotFound, or ValueError
        when `start` is past the end."""
        ...

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Every object below `prefix` in key order, without metadata and content type."""
        ...

    def delete(self, key: str) -> None:
        """Idempotent."""
        ...

    def presign(self, key: str, expires_s: int, download_name: str | None = None) -> str | None:
        """A GET link signed for the public endpoint, or None when the store has none that people can reach."""
        ...


def is_stored(store: ObjectStore, key: str) -> bool:
    """Whether there is an object of that key now. Raises Transient."""
    try:
        store.head(key)
    except NotFound:
        return False
    return True

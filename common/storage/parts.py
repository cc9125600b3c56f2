"""Objects that come in parts: what a large file that arrives slowly needs of a store."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from common.storage.port import ObjectStore

PART_MIN_BYTES = 5 * 2**20
"""S3 takes no smaller part, but for the last."""


class PartStore(Protocol):
    """S3's multipart uploads. Safe on any thread. Every call raises Transient when the store does not answer in time.
    Nothing is at the key before `finish`."""

    def begin(self, key: str, content_type: str, metadata: Mapping[str, str]) -> str:
        """The id of a new upload to `key`."""
        ...

    def put(self, key: str, upload: str, number: int, body: bytes) -> str:
        """Store part `number` (from 1 on), over one that is there; its tag. Raises NotFound when the upload is none
        any more; s3proxy takes the part nevertheless."""
        ...

    def finish(self, key: str, upload: str, tags: Sequence[str]) -> None:
        """Make the object of parts 1 to n. Of an upload that is finished: no change, or NotFound; of one that was let
        go: NotFound."""
        ...

    def abort(self, key: str, upload: str) -> None:
        """Let the parts go. Idempotent."""
        ...

    def presign_put(self, key: str, size: int, expires_s: int) -> str | None:
        """A link under which exactly `size` bytes can be PUT at `key`, or None when the store has no address that
        people can reach."""
        ...

    def copy(self, source: str, etag: str, key: str, content_type: str, metadata: Mapping[str, str]) -> None:
        """An object of the bucket, as it was when it had this tag, to another key, within the store. At most 5 GiB.
        Raises NotFound, and AlreadyExists when it has another tag by now."""
        ...


class PartedStore(ObjectStore, Protocol):
    """An object store that takes parts, too."""

    @property
    def parts(self) -> PartStore: ...

"""Objects that come in parts, in memory, for unit tests."""

import hashlib
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from common.storage.parts import PART_MIN_BYTES
from common.storage.port import AlreadyExists, NotFound

if TYPE_CHECKING:
    from common.storage.memory import MemoryObjectStore


@dataclass(slots=True)
class _Upload:
    key: str
    content_type: str
    metadata: Mapping[str, str]
    parts: dict[int, bytes] = field(default_factory=dict)


class MemoryParts:
    """Implements `PartStore` over a `MemoryObjectStore`."""

    def __init__(self, store: "MemoryObjectStore") -> None:
        self._store = store
        self._lock = threading.Lock()  # guards the uploads
        self._uploads: dict[str, _Upload] = {}

    def open_uploads(self) -> list[str]:
        """Keys of those that are neither finished nor let go, for assertions."""
        with self._lock:
            return [upload.key for upload in self._uploads.values()]

    def begin(self, key: str, content_type: str, metadata: Mapping[str, str]) -> str:
        self._store.begin_call("begin_parts", key)
        upload = secrets.token_hex(8)
        with self._lock:
            self._uploads[upload] = _Upload(key, content_type, metadata)
        return upload

    def put(self, key: str, upload: str, number: int, body: bytes) -> str:
        self._store.begin_call("put_part", key)
        with self._lock:
            self._known(key, upload).parts[number] = bytes(body)
        return _tag(body)

    def finish(self, key: str, upload: str, tags: Sequence[str]) -> None:
        self._store.begin_call("finish_parts", key)
        with self._lock:
            known = self._known(key, upload)
            parts = [known.parts[n] for n in range(1, len(tags) + 1)]
            if not parts or [_tag(part) for part in parts] != list(tags):
                raise ValueError("the parts are not those that were stored")
            if any(len(part) < PART_MIN_BYTES for part in parts[:-1]):
                raise ValueError("a part is too small")
            del self._uploads[upload]
        self._store.replace(key, b"".join(parts), known.content_type, known.metadata)

    def abort(self, key: str, upload: str) -> None:
        self._store.begin_call("abort_parts", key)
        with self._lock:
            self._uploads.pop(upload, None)

    def presign_put(self, key: str, size: int, expires_s: int) -> str | None:
        link = self._store.presign(key, expires_s)
        return f"{link}&size={size}" if link is not None else None

    def copy(self, source: str, etag: str, key: str, content_type: str, metadata: Mapping[str, str]) -> None:
        self._store.begin_call("copy", key)
        if self._store.head(source).etag != etag:
            raise AlreadyExists(source)
        self._store.replace(key, self._store.read(source), content_type, metadata)

    def _known(self, key: str, upload: str) -> _Upload:
        known = self._uploads.get(upload)
        if known is None or known.key != key:
            raise NotFound(key)
        return known


def _tag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()

"""An in-memory object store for unit tests: it obeys the same contract suite as the S3 adapter."""

import hashlib
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from common.clock import Clock, SystemClock
from common.storage.memory_parts import MemoryParts
from common.storage.port import AlreadyExists, NotFound, ObjectInfo, RangeBody

CHUNK_BYTES = 64 * 1024
RACE_S = 0.002
"""How long a non-atomic store is between its check and its write (s3proxy: up to 5 ms)."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object as it lies in the store."""

    data: bytes = field(repr=False)
    info: ObjectInfo


@dataclass(frozen=True, slots=True)
class _Fault:
    error: Exception
    is_applied: bool


class MemoryObjectStore:
    """Implements `PartedStore`.

    `is_atomic` False: two create-only PUTs that overlap both succeed, and the later write stays, as with s3proxy;
    `between_check_and_write` runs inside such a PUT, and by default sleeps for RACE_S. `honours_condition` False: a
    create-only PUT replaces, as with a store that ignores `If-None-Match`.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        is_atomic: bool = True,
        honours_condition: bool = True,
        public_endpoint_url: str | None = None,
    ) -> None:
        self._clock = clock or SystemClock()
        self._is_atomic = is_atomic
        self._honours_condition = honours_condition
        self._public_endpoint_url = public_endpoint_url
        self._lock = threading.Lock()  # guards objects, faults and calls: any thread may call
        self._objects: dict[str, StoredObject] = {}
        self._faults: dict[str, list[_Fault]] = {}
        self.parts = MemoryParts(self)
        self.calls: list[tuple[str, str]] = []
        """(operation, key) of every call, for assertions."""
        self.between_check_and_write: Callable[[str], None] = lambda _key: time.sleep(RACE_S)

    # Knobs of a test

    def fail_next(self, operation: str, *errors: Exception, applied: bool = False) -> None:
        """The next calls of `operation` (a method's name) raise these, one each. `applied`: the change is made
        nevertheless, as when an answer is lost on its way."""
        with self._lock:
            self._faults.setdefault(operation, []).extend(_Fault(error, applied) for error in errors)

    def objects(self) -> dict[str, StoredObject]:
        """A copy of everything stored, by key."""
        with self._lock:
            return dict(sorted(self._objects.items()))

    def drop_metadata(self, key: str) -> None:
        """Forget an object's user metadata, as a restored backup might."""
        with self._lock:
            old = self._objects[key]
            info = ObjectInfo(key, old.info.size, old.info.etag, old.info.modified_us, old.info.content_type)
            self._objects[key] = StoredObject(old.data, info)

    # The port

    def create(
        self, key: str, body: bytes | Path, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        fault = self._begin("create", key)
        made = self._made(key, body, content_type, metadata)
        with self._lock:
            exists = self._honours_condition and key in self._objects
            if not exists and self._is_atomic:
                self._objects[key] = made
        if exists:
            raise AlreadyExists(key)
        if not self._is_atomic:
            self.between_check_and_write(key)
            with self._lock:
                self._objects[key] = made
        self._end(fault)

    def replace(
        self, key: str, body: bytes | Path, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        fault = self._begin("replace", key)
        made = self._made(key, body, content_type, metadata)
        with self._lock:
            self._objects[key] = made
        self._end(fault)

    def head(self, key: str) -> ObjectInfo:
        self._begin("head", key)
        return self._get(key).info

    def read(self, key: str) -> bytes:
        self._begin("read", key)
        return self._get(key).data

    def read_range(self, key: str, start: int, end: int | None = None) -> RangeBody:
        self._begin("read_range", key)
        data = self._get(key).data
        if not 0 <= start < len(data):
            raise ValueError(f"{key} has {len(data)} bytes, asked for byte {start}")
        last = len(data) - 1 if end is None else min(end, len(data) - 1)
        if last < start:
            raise ValueError(f"a range cannot end before it starts: {start}-{end}")
        return RangeBody(start, last, len(data), _chunks(data[start : last + 1]))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        self._begin("list", prefix)
        for key, stored in self.objects().items():
            if key.startswith(prefix):
                yield ObjectInfo(key, stored.info.size, stored.info.etag, stored.info.modified_us)

    def delete(self, key: str) -> None:
        fault = self._begin("delete", key)
        with self._lock:
            self._objects.pop(key, None)
        self._end(fault)

    def presign(self, key: str, expires_s: int, download_name: str | None = None) -> str | None:
        if self._public_endpoint_url is None:
            return None
        query = {"expires": str(expires_s)} | ({"name": download_name} if download_name else {})
        return f"{self._public_endpoint_url}/{urllib.parse.quote(key)}?{urllib.parse.urlencode(query)}"

    def begin_call(self, operation: str, key: str) -> None:
        """For what is built on this: count the call, and fail it if a test said so."""
        self._begin(operation, key)

    def _begin(self, operation: str, key: str) -> _Fault | None:
        with self._lock:
            self.calls.append((operation, key))
            waiting = self._faults.get(operation)
            fault = waiting.pop(0) if waiting else None
        if fault is not None and not fault.is_applied:
            raise fault.error
        return fault

    @staticmethod
    def _end(fault: _Fault | None) -> None:
        if fault is not None:
            raise fault.error

    def _get(self, key: str) -> StoredObject:
        with self._lock:
            if key not in self._objects:
                raise NotFound(key)
            return self._objects[key]

    def _made(
        self, key: str, body: bytes | Path, content_type: str, metadata: Mapping[str, str] | None
    ) -> StoredObject:
        data = body.read_bytes() if isinstance(body, Path) else bytes(body)
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        kept = {name.lower(): value for name, value in (metadata or {}).items()}
        info = ObjectInfo(key, len(data), etag, self._clock.wall_us(), content_type, kept)
        return StoredObject(data, info)


def _chunks(data: bytes) -> Iterator[bytes]:
    for at in range(0, len(data), CHUNK_BYTES):
        yield data[at : at + CHUNK_BYTES]

"""A store whose single calls are tried again for a moment: one refusal must not undo what the calls before it did."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

from common.clock import Clock, SystemClock
from common.deadline import Deadline
from common.retry import Backoff, retry_transient
from common.storage.port import ObjectInfo, ObjectStore, RangeBody

PATIENCE_S = 1.5
"""From the beginning of a call: one that timed out, or an outage, is the caller's to wait for, who holds no thread."""
BACKOFF = Backoff(first_s=0.05, most_s=0.4)


class PatientStore:
    """Implements `ObjectStore` over another one. Blocks up to `PATIENCE_S` longer; any thread.

    Storing a clip takes seven calls and more, loading what is stored of a camera fifty. Where a store refuses three
    calls of ten (503, "slow down"), none of these would ever come to its end if it began anew after every refusal.
    A repeated `create` may find its own object: AlreadyExists then, as for every unknown outcome.
    """

    def __init__(self, store: ObjectStore, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or SystemClock()

    def create(
        self, key: str, body: bytes | Path, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        retry_transient(lambda: self._store.create(key, body, content_type, metadata), *self._patience())

    def replace(
        self, key: str, body: bytes | Path, content_type: str, metadata: Mapping[str, str] | None = None
    ) -> None:
        retry_transient(lambda: self._store.replace(key, body, content_type, metadata), *self._patience())

    def head(self, key: str) -> ObjectInfo:
        return retry_transient(lambda: self._store.head(key), *self._patience())

    def read(self, key: str) -> bytes:
        return retry_transient(lambda: self._store.read(key), *self._patience())

    def read_range(self, key: str, start: int, end: int | None = None) -> RangeBody:
        """What fails while the body is read is not tried again."""
        return retry_transient(lambda: self._store.read_range(key, start, end), *self._patience())

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """The first page is asked for patiently; what fails behind it is not tried again."""

        def begin() -> Iterator[ObjectInfo]:
            found = self._store.list(prefix)
            first = tuple(itertools.islice(found, 1))
            return itertools.chain(first, found)

        yield from retry_transient(begin, *self._patience())

    def delete(self, key: str) -> None:
        retry_transient(lambda: self._store.delete(key), *self._patience())

    def presign(self, key: str, expires_s: int, download_name: str | None = None) -> str | None:
        return self._store.presign(key, expires_s, download_name)

    def _patience(self) -> tuple[Deadline, Backoff, Clock]:
        return Deadline(PATIENCE_S, self._clock), BACKOFF, self._clock

"""Taking in a video that lies in another bucket of the store, from buckets that a setting names."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from api_server.recordings.intake import Arriving, UploadIntake, UploadRefused
from api_server.recordings.record import NAME_MAX_CHARS, Upload
from common.errors import ConfigurationError
from common.storage.port import NotFound, ObjectStore

SOURCE_MAX_CHARS = 1_100
SOURCE_PATTERN = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/.+$"
KEY_MAX_BYTES = 1_024
_SOURCE = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.+)")


@dataclass(frozen=True, slots=True)
class ObjectAddress:
    """`s3://bucket/key`"""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> "ObjectAddress":
        """Raises ValueError, also for a key that a store on a file system might take for another place."""
        match = _SOURCE.fullmatch(text)
        if match is None:
            raise ValueError("must look like s3://bucket/folder/film.mp4")
        key = match[2]
        if len(key.encode()) > KEY_MAX_BYTES or not key.isprintable():
            raise ValueError("has a key that no store takes")
        if any(part in ("", ".", "..") for part in key.split("/")):
            raise ValueError("must name one object, without empty, . or .. parts")
        return cls(match[1], key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def name(self) -> str:
        """What the recording is called when nobody says otherwise."""
        return self.key.rsplit("/", 1)[-1][-NAME_MAX_CHARS:]


class ObjectImport:
    """Safe on any thread. `buckets`: those that may be read; none: it is off."""

    def __init__(
        self, intake: UploadIntake, buckets: frozenset[str], open_bucket: Callable[[str], ObjectStore]
    ) -> None:
        self._intake = intake
        self._buckets = buckets
        self._open_bucket = open_bucket

    def take(self, owner: str, address: ObjectAddress, name: str | None, t0_us: int | None) -> Upload:
        """Copy the object into our own bucket, looked at as an upload is. Raises UploadRefused, Transient."""
        self._require_allowed(address)
        store = self._open_bucket(address.bucket)
        try:
            size = store.head(address.key).size
            if size == 0:
                raise UploadRefused(422, "not_video", "The object is empty.")
            self._intake.check_room(size)
            body = store.read_range(address.key, 0)
        except (NotFound, ValueError) as error:
            raise UploadRefused(422, "no_such_object", f"There is no object {address}.") from error
        except ConfigurationError as error:
            sentence = f"The store does not let this server read {address}."
            raise UploadRefused(422, "not_readable", sentence) from error
        try:
            if body.total != size:
                raise UploadRefused(422, "changed", "The object was changed just now. Try again.")
            arriving = Arriving(owner, name or address.name, size, t0_us, str(address))
            return self._intake.take(arriving, _Pieces(body.chunks))
        finally:
            body.close()

    def _require_allowed(self, address: ObjectAddress) -> None:
        if not self._buckets:
            sentence = "Importing is off here: LOOKOUT_IMPORT_BUCKETS names the buckets it is allowed from."
            raise UploadRefused(422, "import_off", sentence)
        if address.bucket not in self._buckets:
            allowed = ", ".join(sorted(self._buckets))
            raise UploadRefused(422, "bucket_not_allowed", f"Importing is allowed from {allowed} alone.")


class _Pieces:
    """Chunks as something to read from. One thread."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        if not self._left:
            self._left = next(self._chunks, b"")
        piece, self._left = self._left[:size], self._left[size:]
        return piece

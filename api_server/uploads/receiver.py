"""Taking the bytes of an upload in: parts go to the store as they fill, what is over is stored when a request ends."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, cast

from werkzeug.exceptions import ClientDisconnected

from api_server.recordings.container import HEAD_BYTES, read_facts
from api_server.recordings.file_facts import FileFacts
from api_server.recordings.intake import (
    CHUNK_BYTES,
    Arriving,
    UploadIntake,
    UploadRefused,
    made_upload,
    require_container,
)
from api_server.recordings.record import Upload, make_upload_id, upload_key
from api_server.recordings.store import UploadStore
from api_server.uploads.record import PART_BYTES, OpenState, OpenUpload
from api_server.uploads.store import OpenUploadStore
from common.clock import Clock
from common.errors import Transient
from common.storage.object_file import HEADER_BLOCK_BYTES, ObjectFile
from common.storage.parts import PartedStore
from common.storage.port import NotFound, ObjectStore

log = logging.getLogger(__name__)

OPEN_S = 24 * 3600
"""An upload ends when nothing came for so long."""
OPEN_MAX = 5
"""Under way at once, of one person."""
OVER_TYPE = "application/octet-stream"
_US = 1_000_000


@dataclass(slots=True)
class _Filling:
    """An upload while bytes of it come: `record` as it is stored, and what came since and before in `buffer`, which
    begins where the stored parts end."""

    record: OpenUpload
    buffer: bytearray

    @property
    def offset(self) -> int:
        return len(self.record.tags) * self.record.part_bytes + len(self.buffer)


class UploadReceiver:
    """Safe on any thread, in one process: bytes of one upload are taken by one thread at a time. In several, whoever
    stores first wins, and the other is told.

    Order, always: bytes into the store, then the record that says so, then what it replaces is deleted. So a kill at
    any moment loses what the record does not say, and that is what its sender is told to send.
    """

    def __init__(
        self,
        open_uploads: OpenUploadStore,
        uploads: UploadStore,
        intake: UploadIntake,
        store: PartedStore,
        clock: Clock,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._open = open_uploads
        self._uploads = uploads
        self._intake = intake
        self._store = store
        self._clock = clock
        self._part_bytes = part_bytes
        self._lock = threading.Lock()  # guards the set of uploads whose bytes are being taken
        self._busy: set[str] = set()

    def begin(self, arriving: Arriving) -> OpenUpload:
        """Raises UploadRefused."""
        if self._open.open_of(arriving.owner) >= OPEN_MAX:
            sentence = f"{OPEN_MAX} uploads of yours are under way. Finish or cancel one."
            raise UploadRefused(429, "too_many_uploads", sentence)
        self._intake.check_room(arriving.size, self._open.promised_bytes())
        now_us = self._clock.wall_us()
        upload = OpenUpload(
            id=make_upload_id(),
            owner=arriving.owner,
            name=arriving.name,
            size=arriving.size,
            t0_us=arriving.t0_us,
            created_us=now_us,
            expires_us=now_us + OPEN_S * _US,
            part_bytes=self._part_bytes,
        )
        self._open.add(upload)
        return upload

    def take(self, upload: OpenUpload, offset: int, length: int, body: IO[bytes]) -> OpenUpload:
        """Up to `length` bytes that begin at `offset` of the file. What came before it broke off is kept.

        Raises UploadRefused: 409 when bytes are awaited from somewhere else, 423 while others are being taken, 415 for
        what is no video (it is ended), 400 when it broke off.
        """
        with self._alone(upload.id), self._intake.place():
            record = self._require_open(upload.id)
            if offset != record.offset:
                raise UploadRefused(409, "wrong_offset", f"Byte {record.offset} is awaited, not byte {offset}.")
            if length > record.size - offset:
                raise UploadRefused(413, "too_large", f"The file has {record.size} bytes in all.")
            if record.state is OpenState.DONE:
                return record
            filling = _Filling(record, bytearray(self._tail(record)))
            is_whole = self._fill(filling, length, body)
            if filling.offset == record.size:
                return self._finished(filling)
            self._keep_tail(filling)
            if not is_whole:
                raise UploadRefused(400, "cut", f"The upload broke off; {filling.offset} bytes of it are kept.")
            return filling.record

    def end(self, upload: OpenUpload) -> None:
        """Its sender gives it up. A recording that it became stays."""
        self._open.end(upload.id)

    def _fill(self, filling: _Filling, length: int, body: IO[bytes]) -> bool:
        """Read, and store every part that fills. Whether all `length` bytes came."""
        left = length
        while left:
            try:
                chunk = body.read(min(CHUNK_BYTES, left))
            except (OSError, ClientDisconnected):
                return False
            if not chunk:
                return False
            left -= len(chunk)
            filling.buffer += chunk
            self._look(filling)
            while len(filling.buffer) >= filling.record.part_bytes and filling.offset < filling.record.size:
                self._store_part(filling)
        return True

    def _look(self, filling: _Filling) -> None:
        """At the file's first bytes, once there are enough of them. Raises UploadRefused; then it is ended."""
        record = filling.record
        if record.container is not None or (len(filling.buffer) < HEAD_BYTES and filling.offset < record.size):
            return
        try:
            container = require_container(bytes(filling.buffer[:HEAD_BYTES]))
        except UploadRefused:
            self._open.end(record.id)
            raise
        filling.record = record.model_copy(update={"container": container})

    def _store_part(self, filling: _Filling) -> None:
        record = filling.record
        if record.multipart is None:
            filling.record = record = self._with_parts(record)
        part = bytes(filling.buffer[: record.part_bytes])
        before = record
        tag = self._put(record, len(record.tags) + 1, part)
        del filling.buffer[: record.part_bytes]
        tags = (*record.tags, tag)
        filling.record = self._stored(record.model_copy(update={"tags": tags}), len(tags) * record.part_bytes)
        self._drop_tail(before)

    def _keep_tail(self, filling: _Filling) -> None:
        before = filling.record
        if filling.offset == before.offset:
            return
        after = before.model_copy(update={"offset": filling.offset})
        self._store.replace(after.tail_key, bytes(filling.buffer), OVER_TYPE)
        try:
            filling.record = self._stored(after, filling.offset)
        except UploadRefused:
            with contextlib.suppress(Transient):
                self._store.delete(after.tail_key)
            raise
        self._drop_tail(before)

    def _finished(self, filling: _Filling) -> OpenUpload:
        """The object, the recording, the record: a kill in between repeats what is left."""
        record = filling.record
        key = upload_key(record.id)
        if record.multipart is None:
            upload = recording_of(record, FileFacts())
            self._store.replace(key, bytes(filling.buffer), upload.media, upload.to_metadata())
        else:
            self._put_together(record, record.multipart, bytes(filling.buffer))
        self._uploads.add(recording_of(record, facts_of(record, self._store, key)))
        done = self._stored(record.model_copy(update={"state": OpenState.DONE}), record.size)
        self._drop_tail(record)
        log.info("uploaded", extra={"upload": record.id, "bytes": record.size, "container": record.container})
        return done

    def _put_together(self, record: OpenUpload, multipart: str, rest: bytes) -> None:
        """Of all parts and `rest` one object, unless a try before this one has."""
        key = upload_key(record.id)
        if self._is_there(key, record.size):
            return
        tags = list(record.tags)
        try:
            if rest:
                tags.append(self._store.parts.put(key, multipart, len(tags) + 1, rest))
            self._store.parts.finish(key, multipart, tags)
        except NotFound as error:
            raise gone() from error
        if not self._is_there(key, record.size):
            raise Transient(f"{key} was not put together whole")

    def _is_there(self, key: str, size: int) -> bool:
        try:
            return self._store.head(key).size == size
        except NotFound:
            return False

    def _with_parts(self, record: OpenUpload) -> OpenUpload:
        """With a multipart upload begun. The object says of itself what is known by now: not how long the film is."""
        upload = recording_of(record, FileFacts())
        begun = self._store.parts.begin(upload.key, upload.media, upload.to_metadata())
        try:
            return self._stored(record.model_copy(update={"multipart": begun}), record.offset)
        except UploadRefused:
            self._store.parts.abort(upload.key, begun)
            raise

    def _put(self, record: OpenUpload, number: int, part: bytes) -> str:
        if record.multipart is None:
            raise RuntimeError("a part before its upload")
        try:
            return self._store.parts.put(upload_key(record.id), record.multipart, number, part)
        except NotFound as error:
            raise gone() from error

    def _stored(self, record: OpenUpload, offset: int) -> OpenUpload:
        """The record with what is stored by now. Raises UploadRefused when somebody else changed it."""
        expires_us = self._clock.wall_us() + OPEN_S * _US
        stored = self._open.replace(record.model_copy(update={"offset": offset, "expires_us": expires_us}))
        if stored is None:
            raise gone()
        return stored

    def _tail(self, record: OpenUpload) -> bytes:
        if not record.tail_bytes:
            return b""
        try:
            data = self._store.read(record.tail_key)
        except NotFound as error:
            raise gone() from error
        if len(data) != record.tail_bytes:
            raise gone()
        return data

    def _drop_tail(self, record: OpenUpload) -> None:
        """Of a record that has been followed by another. What is left behind goes with the upload."""
        if record.tail_bytes:
            with contextlib.suppress(Transient):
                self._store.delete(record.tail_key)

    def _require_open(self, upload_id: str) -> OpenUpload:
        record = self._open.get(upload_id)
        if record is None or record.expires_us <= self._clock.wall_us():
            raise gone()
        return record

    @contextlib.contextmanager
    def _alone(self, upload_id: str) -> Iterator[None]:
        with self._lock:
            if upload_id in self._busy:
                raise UploadRefused(423, "in_use", "Bytes of this upload are being taken already. Ask again soon.")
            self._busy.add(upload_id)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(upload_id)


def recording_of(record: OpenUpload, facts: FileFacts) -> Upload:
    """What an upload becomes."""
    if record.container is None:
        raise RuntimeError("nobody has looked into the file")
    arriving = Arriving(record.owner, record.name, record.size, record.t0_us)
    return made_upload(record.id, arriving, record.container, facts, record.created_us)


def facts_of(record: OpenUpload, store: ObjectStore, key: str) -> FileFacts:
    """What the file that is stored at `key` says of itself."""
    with ObjectFile(store, key, record.size, HEADER_BLOCK_BYTES) as file:
        try:
            return read_facts(cast(IO[bytes], file), record.size)
        except OSError:
            return FileFacts()  # shorter than it was said to be: a worker will say so


def gone() -> UploadRefused:
    """There is nothing to go on with."""
    return UploadRefused(410, "gone", "This upload was ended or has expired. Begin anew.")

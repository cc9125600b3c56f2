"""Taking an uploaded file in: from the request into a file beside us, looked at, then into the store in one PUT."""

import contextlib
import logging
import os
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from api_server.recordings.container import HEAD_BYTES, MEDIA, container_of, read_facts
from api_server.recordings.file_facts import FileFacts
from api_server.recordings.record import Upload, make_upload_id
from api_server.recordings.store import UploadStore
from common.clock import Clock
from common.storage.port import ObjectStore

log = logging.getLogger(__name__)

CHUNK_BYTES = 256 * 1024
AT_ONCE = 4
"""Each holds a server thread for as long as it takes; the rest of them answer people."""
SUFFIX = ".upload"


class UploadRefused(Exception):
    """`status` and `code` for programs, the text a sentence for the person who uploads."""

    def __init__(self, status: int, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """`file_bytes`: of one file; S3 takes 5 GiB in one PUT. `total_bytes`: of all that are kept. `free_bytes`: what
    must stay free where a file waits on its way."""

    file_bytes: int
    total_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class Arriving:
    """What a request says of the file it brings. `t0_us`: wall time of its first picture, if the person knows.
    `imported_from`: where it lies already."""

    owner: str
    name: str
    size: int
    t0_us: int | None
    imported_from: str | None = None


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int, /) -> bytes: ...


class UploadIntake:
    """Safe on any thread, in one process. The file waits in `folder`, so that what is no video never reaches the store
    and what reaches it is whole; memory stays flat."""

    def __init__(
        self, uploads: UploadStore, store: ObjectStore, folder: Path, limits: UploadLimits, clock: Clock
    ) -> None:
        self._uploads = uploads
        self._store = store
        self._folder = folder
        self._limits = limits
        self._clock = clock
        self._places = threading.BoundedSemaphore(AT_ONCE)

    @property
    def file_bytes_max(self) -> int:
        return self._limits.file_bytes

    def clear(self) -> None:
        """At start: remove what a kill has left."""
        for path in self._folder.glob(f"*{SUFFIX}"):
            path.unlink(missing_ok=True)

    def take(self, arriving: Arriving, body: Readable) -> Upload:
        """1. Is there room? 2. The body into a file. 3. Is it a video? 4. One PUT: from here on it exists, whatever the
        database does. 5. The record. Raises UploadRefused, Transient."""
        with self.place():
            self.check_room(arriving.size)
            self._check_disk(arriving.size)
            with self._scratch() as path:
                _receive(body, path, arriving.size)
                upload = self._looked_at(arriving, path)
                self._store.replace(upload.key, path, upload.media, upload.to_metadata())
        self._uploads.add(upload)
        log.info("uploaded", extra={"upload": upload.id, "bytes": upload.size, "container": upload.container})
        return upload

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """One of the few that may hold a server thread with a file. Raises UploadRefused."""
        if not self._places.acquire(blocking=False):
            raise UploadRefused(503, "busy", f"{AT_ONCE} files are being uploaded already. Try again in a moment.")
        try:
            yield
        finally:
            self._places.release()

    def check_room(self, size: int, promised_bytes: int = 0) -> None:
        """Whether a file may come, beside what is there and what was promised room. Raises UploadRefused."""
        if size > self._limits.file_bytes:
            limit_mb = self._limits.file_bytes // 1_000_000
            raise UploadRefused(413, "too_large", f"A file may have {limit_mb:,} MB; this one has more.")
        if self._uploads.total_bytes() + promised_bytes + size > self._limits.total_bytes:
            raise UploadRefused(507, "uploads_full", "The room for uploads is full. Delete some, then try again.")

    def _check_disk(self, size: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self._folder).free - size < self._limits.free_bytes:
            raise UploadRefused(507, "disk_full", "The server's disk has no room for this file.")

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[Path]:
        path = self._folder / f"{make_upload_id()}{SUFFIX}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _looked_at(self, arriving: Arriving, path: Path) -> Upload:
        with path.open("rb") as file:
            container = require_container(file.read(HEAD_BYTES))
            facts = read_facts(file, arriving.size)
        return made_upload(make_upload_id(), arriving, container, facts, self._clock.wall_us())


def require_container(head: bytes) -> str:
    """Of a file's first bytes. Raises UploadRefused."""
    container = container_of(head)
    if container is None:
        raise UploadRefused(415, "not_video", f"This is no video file that can be taken: {', '.join(MEDIA)} can.")
    return container


def made_upload(upload_id: str, arriving: Arriving, container: str, facts: FileFacts, now_us: int) -> Upload:
    """The record of a file that is there."""
    return Upload(
        id=upload_id,
        owner=arriving.owner,
        name=arriving.name,
        container=container,
        media=MEDIA[container],
        size=arriving.size,
        start_us=arriving.t0_us if arriving.t0_us is not None else now_us,
        created_us=now_us,
        t0_us=arriving.t0_us,
        imported_from=arriving.imported_from,
        duration_ms=facts.duration_ms,
        width=facts.width,
        height=facts.height,
        codec=facts.codec,
    )


def _receive(body: Readable, path: Path, size: int) -> None:
    """Exactly `size` bytes. Raises UploadRefused when the client ends early."""
    done = 0
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while done < size:
            chunk = body.read(min(CHUNK_BYTES, size - done))
            if not chunk:
                raise UploadRefused(400, "cut", f"The upload ended after {done} of {size} bytes.")
            file.write(chunk)
            done += len(chunk)

"""What is done with a `prepare` job: an upload that browsers do not play gets an object beside it that they do."""

import contextlib
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

from common.clock import Clock
from common.contracts.playable import PrepareJob, UploadPrepared, playable_key
from common.contracts.segment_job import parse_job
from common.errors import Transient
from common.kafka.ports import LogReader, Record
from common.storage.port import AlreadyExists, NotFound, ObjectInfo, ObjectStore
from consumers.jobs.group_place import GroupPlace
from consumers.jobs.outcome import NoLongerWanted, Outcome
from consumers.jobs.tries import TRIES_MAX
from consumers.playable.file_process import FileProcess, FileProcessEnded, TookTooLong
from consumers.playable.wire import Verdict

OUTPUT_MAX_BYTES = 5 * 10**9
"""S3 takes 5 GiB in one PUT."""
OUTPUT_PER_BYTE = 4
"""An upload of few bytes must not become one of many: tables may name the same bytes again and again, and what was
encoded best becomes some three times as large."""
SLACK_BYTES = 32 * 2**20
STARTS_MAX = 2
"""How often a file is opened whose process ended without a verdict."""
NOT_NOW = "The disk of the service that does it is full for now; it is tried again."
_log = logging.getLogger(__name__)


class PlayableWorker(GroupPlace):
    """One thread. A file that cannot be worked on becomes a sentence, never a crash.

    1. An upload that is gone leaves nothing; neither does what was made of it. 2. What is stored is what is announced,
    whoever stored it. 3. A process of its own looks into the file, and writes what browsers play if that is needed.
    4. One create-only PUT. 5. Is the upload still there? Who erases it erases the upload first and then what was made,
    so one of the two sees the other. 6. The event is built from the stored object.
    """

    def __init__(
        self, store: ObjectStore, log: LogReader, group: str, folder: Path, free_bytes: int, clock: Clock
    ) -> None:
        """`free_bytes`: what stays free on the disk of `folder`."""
        super().__init__(log, group)
        self._store = store
        self._folder = folder
        self._free_bytes = free_bytes
        self._clock = clock

    def concerns(self, record: Record) -> bool:
        return _job_in(record) is not None

    def given_up(self, record: Record) -> Outcome | None:
        job = _job_in(record)
        if job is None:
            return None
        sentence = f"Making it playable ended the service that does it {TRIES_MAX} times. It is not tried again."
        return Outcome((), UploadPrepared(upload_id=job.upload_id, state="impossible", note=sentence))

    def work(self, record: Record, still_wanted: Callable[[], bool]) -> Outcome | None:
        """None: not ours, the upload is gone, or given up because the process stops. Raises Transient: try again."""
        job = _job_in(record)
        if job is None:
            return None
        try:
            event = self._done(job, still_wanted)
        except Transient:
            raise
        except NotFound:
            self._store.delete(playable_key(job.upload_id))
            return None
        except NoLongerWanted:
            return None
        except OSError:
            _log.exception("an upload waits for the disk", extra={"upload": job.upload_id})
            event = UploadPrepared(upload_id=job.upload_id, state="waiting", note=NOT_NOW)
        except Exception as error:  # noqa: BLE001 - whatever an upload does, the recorder goes on recording
            _log.exception("an upload could not be made playable", extra={"upload": job.upload_id})
            sentence = f"It could not be made playable ({type(error).__name__}); the recorder's log says why."
            event = UploadPrepared(upload_id=job.upload_id, state="impossible", note=sentence)
        return Outcome((), event)

    def _done(self, job: PrepareJob, still_wanted: Callable[[], bool]) -> UploadPrepared:
        """Raises NotFound when the upload is gone, or goes meanwhile."""
        size = self._store.head(job.object_key).size
        found = self._stored(playable_key(job.upload_id))
        event = _announced(job, found) if found is not None else self._prepare(job, size, still_wanted)
        if event.state == "made":
            self._store.head(job.object_key)
        return event

    def _prepare(self, job: PrepareJob, size: int, still_wanted: Callable[[], bool]) -> UploadPrepared:
        room_bytes = shutil.disk_usage(self._folder).free - self._free_bytes
        if room_bytes < size + SLACK_BYTES:
            return UploadPrepared(upload_id=job.upload_id, state="waiting", note=NOT_NOW)
        wanted_bytes = min(OUTPUT_MAX_BYTES, OUTPUT_PER_BYTE * size + SLACK_BYTES)
        output_bytes = min(wanted_bytes, room_bytes)
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            path = Path(scratch) / "playable"
            try:
                verdict = self._verdict(job, size, path, output_bytes, still_wanted)
            except FileProcessEnded as error:
                sentence = f"It could not be made playable: work on the file was given up, for {error}."
                return UploadPrepared(upload_id=job.upload_id, state="impossible", note=sentence)
            if verdict.state == "impossible" and verdict.problem is None and output_bytes < wanted_bytes:
                # With more room it might have been possible.
                return UploadPrepared(upload_id=job.upload_id, state="waiting", note=NOT_NOW)
            if verdict.state != "made":
                return UploadPrepared.model_validate({**verdict.model_dump(exclude=_ALONE), "upload_id": job.upload_id})
            key = playable_key(job.upload_id)
            with contextlib.suppress(AlreadyExists):
                self._store.create(key, path, verdict.media or "video/mp4", _metadata(verdict))
        return _announced(job, self._store.head(key))

    def _verdict(
        self, job: PrepareJob, size: int, path: Path, output_bytes: int, still_wanted: Callable[[], bool]
    ) -> Verdict:
        def read(start: int, end: int) -> bytes:
            try:
                return b"".join(self._store.read_range(job.object_key, start, end).chunks)
            except ValueError as error:
                raise NotFound(job.object_key) from error  # another, shorter object: not the one that was uploaded

        process = FileProcess(path.parent, self._clock)
        for _ in range(STARTS_MAX - 1):
            try:
                return process.run(size, path, output_bytes, read, still_wanted)
            except TookTooLong:
                raise
            except FileProcessEnded as error:
                _log.warning("a file is opened once more", extra={"upload": job.upload_id, "problem": error})
        return process.run(size, path, output_bytes, read, still_wanted)

    def _stored(self, key: str) -> ObjectInfo | None:
        try:
            return self._store.head(key)
        except NotFound:
            return None


_ALONE = {"type"}


def _job_in(record: Record) -> PrepareJob | None:
    try:
        job = parse_job(record.value or b"")
    except ValueError:
        return None  # whoever it is for says so
    return job if isinstance(job, PrepareJob) else None


def _metadata(verdict: Verdict) -> dict[str, str]:
    """What the object needs to say for its event to be made again. S3 takes ASCII, at most 2 KB."""
    numbers = {"duration-ms": verdict.duration_ms, "width": verdict.width, "height": verdict.height}
    said = {name: str(number) for name, number in numbers.items() if number is not None}
    texts = {"codec": verdict.codec, "note": quote(verdict.note, safe=" ,.:;()") if verdict.note else None}
    return {**said, **{name: text for name, text in texts.items() if text}}


def _announced(job: PrepareJob, info: ObjectInfo) -> UploadPrepared:
    said = info.metadata
    return UploadPrepared.model_validate(
        {
            "upload_id": job.upload_id,
            "state": "made",
            "media": info.content_type if info.content_type == "video/webm" else "video/mp4",
            "note": unquote(said["note"]) if "note" in said else None,
            "duration_ms": said.get("duration-ms"),
            "width": said.get("width"),
            "height": said.get("height"),
            "codec": said.get("codec"),
        }
    )

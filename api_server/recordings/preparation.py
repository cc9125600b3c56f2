"""Having uploads made playable: a job for each, and what a worker says of it into the database."""

import logging

from api_server.queries.attendance import Attendance
from api_server.recordings.record import Upload
from api_server.recordings.store import UploadStore
from common.clock import Clock
from common.contracts.camera_settings import RECORDER
from common.contracts.playable import PrepareJob, UploadPrepared, playable_key
from common.kafka.ports import RecordProducer
from common.storage.port import NotFound, ObjectStore

log = logging.getLogger(__name__)

AGAIN_S = 1800.0
"""As long as a worker may take. What was sent again by then is harmless: it finds what is there, and says so."""
_US = 1_000_000


class UploadPreparer:
    """One thread. Raises Transient; every step may be repeated, and by two processes at once.

    As with queries a job is sent first and noted afterwards: a crash in between sends it twice and never not at all.
    """

    def __init__(
        self, uploads: UploadStore, producer: RecordProducer, jobs_topic: str, attendance: Attendance, clock: Clock
    ) -> None:
        self._uploads = uploads
        self._producer = producer
        self._jobs_topic = jobs_topic
        self._attendance = attendance
        self._clock = clock

    def run_once(self) -> int:
        """Ask for each upload of which nobody has said whether it plays, and once more where no answer has come
        although somebody was there to give it. 0: nothing here has to be done again at once."""
        now_us = self._clock.wall_us()
        for upload in self._uploads.unprepared():
            if self._is_due(upload, now_us):
                job = PrepareJob(upload_id=upload.id, object_key=upload.key)
                self._producer.send_and_wait(self._jobs_topic, upload.id.encode(), job.to_json())
                self._uploads.learn(upload.id, {"prepare_sent_us": now_us})
        return 0

    def _is_due(self, upload: Upload, now_us: int) -> bool:
        if upload.prepare_sent_us is None:
            return True
        present_s = self._attendance.present_s(RECORDER)
        return present_s is not None and min(present_s, (now_us - upload.prepare_sent_us) / _US) > AGAIN_S


class PreparedUploads:
    """Safe on any thread, and in several processes at once: every call may be repeated. Raises Transient."""

    def __init__(self, uploads: UploadStore, store: ObjectStore) -> None:
        self._uploads = uploads
        self._store = store

    def write(self, event: UploadPrepared) -> bool:
        """Take what a worker said, if it is the first to say it; whether that was news. What was made counts for as
        much as is stored: who repeats a job announces what it finds, and that may be gone by now."""
        upload = self._uploads.known(event.upload_id)
        if upload is None:
            return False
        if event.state == "waiting":
            return self._uploads.settle(upload.id, {"playable_note": event.note})
        facts: dict[str, object] = {"playable": event.state, "playable_note": event.note}
        for name in ("duration_ms", "width", "height", "codec"):
            if getattr(upload, name) is None and getattr(event, name) is not None:
                facts[name] = getattr(event, name)
        if event.problem is not None:
            facts["problem"] = event.problem
        if event.state == "made":
            try:
                facts["playable_bytes"] = self._store.head(playable_key(upload.id)).size
            except NotFound:
                return False
            facts["playable_media"] = event.media or "video/mp4"
        log.info("an upload was prepared", extra={"upload": upload.id, "state": event.state})
        return self._uploads.settle(upload.id, facts)

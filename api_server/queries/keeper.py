"""What keeps queries going: sends their jobs, and sees to it that each one comes to an end."""

import logging
from collections.abc import Callable, Sequence

from api_server.cameras.purpose import GATES
from api_server.cameras.store import CameraStore
from api_server.queries.attendance import Attendance
from api_server.queries.events import Stop, read_stop, stop_work
from api_server.queries.progress import deleting, failed
from api_server.queries.record import ACTIVE, SHOWN, QueryFile, QueryRecord, QueryState, query_file_key
from api_server.queries.store import QueryStore
from api_server.recordings.store import UploadStore
from common.clock import Clock
from common.contracts.camera_settings import LICENSE_PLATE
from common.contracts.segment_job import JoinJob
from common.kafka.ports import RecordProducer
from common.storage.port import NotFound, ObjectStore

log = logging.getLogger(__name__)

ATTEMPTS_MAX = 3
STALLED_S = 600.0
"""A part is about 15 s of video: nothing at all in ten minutes, of any query of the analysis, is no queue."""
PLANNING_S = 1800.0
"""A plan reads every packet of its videos."""
PER_VIDEO_S = 4.0
"""Seconds of work that a second of video may take, in a part that could not be cut."""
UNATTENDED_S = 24 * 3600.0
"""Without any consumer of the analysis, or while all of them wait for a model or a server, its jobs wait, and the page
says so; after a day nobody expects it."""
LOOK_FOR_STOP_S = 10.0
_US = 1_000_000


class QueryKeeper:
    """One thread. Raises Transient; every step may be repeated, and by two processes at once.

    The database says what has been sent: a job is sent first and noted afterwards, so that a crash in between sends it
    twice, which is harmless, and never loses it (DESIGN 5, "Recorded video").
    """

    def __init__(
        self,
        queries: QueryStore,
        store: ObjectStore,
        producer: RecordProducer,
        jobs_topic: str,
        attendance: Attendance,
        clock: Clock,
    ) -> None:
        self._queries = queries
        self._store = store
        self._producer = producer
        self._jobs_topic = jobs_topic
        self._attendance = attendance
        self._clock = clock
        self._looked_s = -LOOK_FOR_STOP_S

    def run_once(self) -> int:
        """Look at every query under way:

        1. one that was cancelled in the store is cancelled here, whatever the database has lost;
        2. one whose purpose has expired is not gone on with;
        3. its plan is sent when that has not been done; its join when all parts are there;
        4. one that stands still has its jobs sent anew, and fails when that did not help.

        0: nothing here has to be done again at once.
        """
        now_us = self._clock.wall_us()
        active = self._queries.in_state(*ACTIVE)
        is_time_to_look = self._clock.monotonic_s() - self._looked_s >= LOOK_FOR_STOP_S
        for query in active:
            stop = read_stop(self._store, query.id) if is_time_to_look else None
            purpose = query.question.purpose
            if stop is not None:
                self._take_stop(query, stop, now_us)
            elif purpose is not None and purpose.expires_us <= now_us:
                self._give_up(query, f"{GATES[query.question.analysis].subject} has expired.", now_us)
            elif query.plan_sent_us is None:
                self._send_plan(query, now_us)
            elif query.has_all_parts and query.join_sent_us is None:
                self._send_join(query, now_us)
            else:
                self._see_to(query, active, now_us)
        if is_time_to_look:
            self._looked_s = self._clock.monotonic_s()
        return 0

    def _send_plan(self, query: QueryRecord, now_us: int) -> None:
        file = self._file(query)
        if file is None:
            self._give_up(query, "The query was lost with its place in the store. Ask again.", now_us)
            return
        self._producer.send_and_wait(self._jobs_topic, query.id.encode(), file.plan.to_json())
        self._queries.rewrite(query.id, lambda q: q.model_copy(update={"plan_sent_us": now_us}))

    def _send_join(self, query: QueryRecord, now_us: int) -> None:
        file = self._file(query)
        if file is None or query.parts is None:
            self._give_up(query, "The query was lost with its place in the store. Ask again.", now_us)
            return
        job = JoinJob(work=file.plan.work, parts=query.parts)
        self._producer.send_and_wait(self._jobs_topic, query.id.encode(), job.to_json())
        self._queries.rewrite(query.id, lambda q: q.model_copy(update={"join_sent_us": now_us}))

    def _see_to(self, query: QueryRecord, active: Sequence[QueryRecord], now_us: int) -> None:
        """A query that waits behind others of its analysis does not stand still; they share their workers."""
        own_us = max(query.progress_us, query.attempted_us or 0, query.plan_sent_us or 0, query.join_sent_us or 0)
        present_s = self._attendance.present_s(query.question.analysis)
        if present_s is None:
            if now_us - own_us > UNATTENDED_S * _US:
                waits_for = self._attendance.waits_for(query.question.analysis)
                nobody = f"No consumer of {query.question.analysis} has run for a day."
                self._give_up(query, f"It waited for a day. {waits_for}" if waits_for else nobody, now_us)
            return
        last_us = max(own_us, *(q.progress_us for q in active if q.question.analysis == query.question.analysis))
        if min(present_s, (now_us - last_us) / _US) <= patience_s(query):
            return
        if query.attempts >= ATTEMPTS_MAX:
            self._give_up(
                query,
                f"It stood still, although its jobs were sent anew {ATTEMPTS_MAX} times. The consumers' logs say why.",
                now_us,
            )
            return
        log.warning("a query stands still, its jobs are sent anew", extra={"query": query.id})
        # A plan sends every part anew; those that are there are announced again without being worked on.
        again = {"join_sent_us": None} if query.has_all_parts else {"plan_sent_us": None}
        change = {**again, "attempts": query.attempts + 1, "attempted_us": now_us}
        self._queries.rewrite(query.id, lambda q: q.model_copy(update=change) if q.is_active else q)

    def _file(self, query: QueryRecord) -> QueryFile | None:
        try:
            return QueryFile.model_validate_json(self._store.read(query_file_key(query.id)))
        except (NotFound, ValueError):
            log.exception("a query has no file of its own", extra={"query": query.id})
            return None

    def _give_up(self, query: QueryRecord, reason: str, now_us: int) -> None:
        log.warning("a query is given up", extra={"query": query.id, "reason": reason})
        stop_work(self._store, query.id, Stop(state=QueryState.FAILED, reason=reason))
        self._queries.rewrite(query.id, lambda q: failed(q, reason, now_us) if q.is_active else q)

    def _take_stop(self, query: QueryRecord, stop: Stop, now_us: int) -> None:
        self._queries.rewrite(query.id, lambda q: with_stop(q, stop, now_us))


def with_stop(query: QueryRecord, stop: Stop, now_us: int) -> QueryRecord:
    """The query as the object `cancelled` says that it ended."""
    if not query.is_active:
        return query
    state = stop.state if stop.state is QueryState.FAILED else QueryState.CANCELLED
    ended = failed(query, stop.reason or "It failed.", now_us)
    return ended.model_copy(update={"state": state, "reason": stop.reason})


def patience_s(query: QueryRecord) -> float:
    """How long a query may stand still before its jobs are sent anew."""
    video_s = (query.duration_ms or query.question.expected_ms or 0) / 1000
    if query.has_all_parts:
        return STALLED_S + video_s
    return STALLED_S + PER_VIDEO_S * video_s / query.parts if query.parts else PLANNING_S


class QueryRetention:
    """How long queries and uploads are kept: results as the clips of their analysis, counted from their end.

    `write_down`: is told the ids of what goes before it goes (the audit log); nothing goes when it raises Transient.
    """

    def __init__(
        self,
        queries: QueryStore,
        uploads: UploadStore,
        cameras: CameraStore,
        footage_ms: int,
        plate_ms: int,
        upload_ms: int,
        write_down: Callable[[Sequence[str]], None],
        clock: Clock,
    ) -> None:
        self._write_down = write_down
        self._queries = queries
        self._uploads = uploads
        self._cameras = cameras
        self._footage_us = footage_ms * 1000
        self._plate_us = plate_ms * 1000
        self._upload_us = upload_ms * 1000
        self._clock = clock

    def run_once(self) -> int:
        """Mark what is to go: expired queries, those of deleted cameras, expired uploads; how many."""
        now_us = self._clock.wall_us()
        there = {camera.id for camera in self._cameras.active()}
        doomed = [query for query in self._queries.in_state(*SHOWN) if self._is_over(query, there, now_us)]
        expired = self._uploads.created_before(now_us - self._upload_us)
        if doomed or expired:
            self._write_down([*(query.id for query in doomed), *expired])
        for query in doomed:
            self._queries.rewrite(query.id, deleting)
        for upload_id in expired:
            self._uploads.hide(upload_id)
        return len(doomed) + len(expired)

    def _is_over(self, query: QueryRecord, there: set[str], now_us: int) -> bool:
        if query.camera is not None and query.camera not in there:
            return True
        kept_us = self._plate_us if query.question.analysis == LICENSE_PLATE else self._footage_us
        return query.finished_us is not None and query.finished_us < now_us - kept_us

"""What is done with one record of `segment-jobs`."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from common.clock import Clock
from common.contracts.clip_event import QueryFailed, QueryPlanned
from common.contracts.playable import PrepareJob
from common.contracts.segment_job import JoinJob, PartJob, PlanJob, parse_job
from common.errors import EncoderFailure, LookoutError, Transient
from common.kafka.ports import LogReader, Record
from common.silence import Silence
from common.storage.object_file import ObjectFile
from common.storage.port import NotFound, ObjectStore
from consumers.jobs.group_place import GroupPlace
from consumers.jobs.join import Joiner
from consumers.jobs.outcome import NoLongerWanted, Outcome
from consumers.jobs.part import PartWorker
from consumers.jobs.plan import VideoFacts, plan_parts, read_facts
from consumers.jobs.query_objects import has_result, is_cancelled
from consumers.jobs.tries import TRIES_MAX
from consumers.models.offered import OfferedModels
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer

_log = logging.getLogger(__name__)


class JobWorker(GroupPlace):
    """One analysis; one thread. A query that cannot be done becomes a QueryFailed with a sentence, never a crash.
    `silence`: told of a model that does not answer, which is waited for."""

    def __init__(
        self,
        definition: AnalysisDefinition,
        analyzer: Analyzer,
        store: ObjectStore,
        log: LogReader,
        group: str,
        folder: Path,
        *,
        silence: Silence,
        clock: Clock,
        offered: OfferedModels | None = None,
    ) -> None:
        super().__init__(log, group)
        self._name = definition.name
        self._store = store
        self._parts = PartWorker(store, definition, analyzer, folder, silence=silence, clock=clock, offered=offered)
        self._joiner = Joiner(store, folder)

    def concerns(self, record: Record) -> bool:
        try:
            job = parse_job(record.value or b"")
        except ValueError:
            _log.exception("a job that cannot be read is skipped", extra={"offset": record.offset})
            return False
        return not isinstance(job, PrepareJob) and job.work.analysis == self._name

    def given_up(self, record: Record) -> Outcome | None:
        """What is left by a job that is not begun again."""
        try:
            job = parse_job(record.value or b"")
        except ValueError:
            return None
        if isinstance(job, PrepareJob) or job.work.analysis != self._name:
            return None
        return _failed(job, f"Working on this video ended the process {TRIES_MAX} times. It is not tried again.")

    def work(self, record: Record, still_wanted: Callable[[], bool]) -> Outcome | None:
        """None: not ours, cancelled, or given up because the process stops. Raises Transient: try again."""
        try:
            job = parse_job(record.value or b"")
        except ValueError:
            return None
        if isinstance(job, PrepareJob) or job.work.analysis != self._name:
            return None
        query_id = job.work.query_id
        if is_cancelled(self._store, query_id):
            return None
        try:
            outcome = self._do(job, lambda: still_wanted() and not is_cancelled(self._store, query_id))
        except Transient:
            raise
        except NoLongerWanted:
            return None
        except NotFound:
            return _failed(job, "The recording is no longer there.")
        except EncoderFailure as error:
            _log.exception("a job could not be written")
            return _failed(job, f"The result could not be encoded: {error}.")
        except LookoutError as error:
            return _failed(job, str(error))
        except Exception as error:  # noqa: BLE001 - a query must end in a state a person can read, whatever a model raises
            _log.exception("a job failed", extra={"query": job.work.query_id})
            return _failed(job, f"The analysis failed on this video ({type(error).__name__}).")
        return None if is_cancelled(self._store, query_id) else outcome

    def _do(self, job: PlanJob | PartJob | JoinJob, still_wanted: Callable[[], bool]) -> Outcome:
        if has_result(self._store, job.work.query_id):
            # Read again from the log: the parts may be gone by now, and nobody needs them.
            return Outcome((), self._joiner.announce(job.work.query_id))
        if isinstance(job, PlanJob):
            return self._plan(job)
        if isinstance(job, PartJob):
            return Outcome((), self._parts.run(job, still_wanted))
        return Outcome((), self._joiner.run(job))

    def _plan(self, job: PlanJob) -> Outcome:
        facts = [self._facts(source.object_key) for source in job.sources]
        parts = plan_parts(job, facts)
        planned = QueryPlanned(
            query_id=job.work.query_id,
            parts=len(parts),
            duration_ms=sum((p.source.pts_b_ms or 0) - p.source.pts_a_ms for p in parts),
            frame_count=sum(fact.frame_count for fact in facts),
        )
        return Outcome(tuple(parts), planned)

    def _facts(self, key: str) -> VideoFacts:
        with ObjectFile(self._store, key) as file:
            return read_facts(cast(BinaryIO, file))


def _failed(job: PlanJob | PartJob | JoinJob, reason: str) -> Outcome:
    part = job.part if isinstance(job, PartJob) else None
    return Outcome((), QueryFailed(query_id=job.work.query_id, part=part, reason=reason[:500]))

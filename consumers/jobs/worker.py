"""What is done with one record of `segment-jobs`."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from common.contracts.clip_event import PartReady, QueryFailed, QueryPlanned
from common.contracts.segment_job import JoinJob, PartJob, PlanJob, parse_job
from common.errors import EncoderFailure, LookoutError, Transient
from common.kafka.ports import LogReader, Record, TopicPartition
from common.storage.object_file import ObjectFile
from common.storage.port import NotFound, ObjectStore
from consumers.jobs.join import Joiner
from consumers.jobs.part import NoLongerWanted, PartWorker
from consumers.jobs.plan import VideoFacts, plan_parts, read_facts
from consumers.jobs.query_objects import has_result, is_cancelled
from consumers.jobs.tries import TRIES_MAX, Tries
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job leaves to be sent: jobs first, so that a plan is announced only when its parts are on their way."""

    jobs: tuple[PartJob, ...]
    event: QueryPlanned | PartReady | QueryFailed


class JobWorker:
    """One analysis; one thread. A query that cannot be done becomes a QueryFailed with a sentence, never a crash."""

    def __init__(
        self,
        definition: AnalysisDefinition,
        analyzer: Analyzer,
        store: ObjectStore,
        log: LogReader,
        group: str,
        folder: Path,
    ) -> None:
        self._name = definition.name
        self._store = store
        self._log = log
        self._group = group
        self._parts = PartWorker(store, definition, analyzer, folder)
        self._joiner = Joiner(store, folder)
        self._begun: dict[TopicPartition, Tries] = {}

    def starts(self, partitions: Sequence[TopicPartition]) -> Mapping[TopicPartition, int | None]:
        """Where to read on: the group's position, or the log's start. Raises Transient."""
        committed = self._log.committed(self._group, partitions)
        starts: dict[TopicPartition, int | None] = {}
        for partition in partitions:
            low = self._log.watermarks(partition).low
            position = committed.get(partition)
            starts[partition] = low if position is None else max(low, position.next_offset)
            tries = Tries.parse(position.metadata) if position is not None else None
            self._begun.pop(partition, None)
            if tries is not None:
                self._begun[partition] = tries
        return starts

    def tries_of(self, partition: TopicPartition, offset: int) -> int:
        """How often a job was begun by processes that ended in the middle of it."""
        tries = self._begun.get(partition)
        return tries.count if tries is not None and tries.offset == offset else 0

    def given_up(self, record: Record) -> Outcome | None:
        """What is left by a job that is not begun again."""
        try:
            job = parse_job(record.value or b"")
        except ValueError:
            return None
        if job.work.analysis != self._name:
            return None
        return _failed(job, f"Working on this video ended the process {TRIES_MAX} times. It is not tried again.")

    def work(self, record: Record, still_wanted: Callable[[], bool]) -> Outcome | None:
        """None: not ours, cancelled, or given up because the process stops. Raises Transient: try again."""
        try:
            job = parse_job(record.value or b"")
        except ValueError:
            _log.exception("a job that cannot be read is skipped", extra={"offset": record.offset})
            return None
        if job.work.analysis != self._name or is_cancelled(self._store, job.work.query_id):
            return None
        try:
            outcome = self._do(job, still_wanted)
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
        return None if is_cancelled(self._store, job.work.query_id) else outcome

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

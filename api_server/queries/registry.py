"""Asking, cancelling and deleting queries."""

import contextlib
import hashlib
import json
from dataclasses import dataclass

from api_server.cameras.camera import Camera
from api_server.cameras.purpose import PurposeMissing, check_purpose
from api_server.queries.events import Stop, stop_work
from api_server.queries.models import QueryModels
from api_server.queries.progress import cancelled, deleting
from api_server.queries.record import (
    QueryFile,
    QueryRecord,
    QueryState,
    Question,
    make_query_id,
    new_record,
    query_file_key,
)
from api_server.queries.requests import NewQueryBody
from api_server.queries.store import QueryStore
from api_server.recordings.footage import Footage
from api_server.recordings.record import Upload
from common.clock import Clock
from common.contracts.camera_settings import PURPOSE_FIELDS, Purpose, purpose_of
from common.contracts.segment_job import PARTS_MAX, AskedModel, PlanJob, Source, Work
from common.errors import Transient
from common.storage.port import ObjectStore

TRIES = 5
_MS = 1000
JSON_TYPE = "application/json"


class QueryRefused(Exception):
    """`code` is machine-readable, the text a sentence for the person who asked."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class _Input:
    """The video a question is about. `expected_ms`: its length, as far as it is known."""

    sources: tuple[Source, ...]
    expected_ms: int | None


class QueryRegistry:
    """Safe on any thread. Everything raises Transient when database or store do not answer.

    A query exists once its own object is in the store and its record in the database; its jobs are the keeper's
    business. So it is accepted while Kafka is down, and a kill at any moment leaves either no query or a whole one.
    """

    def __init__(
        self, queries: QueryStore, footage: Footage, store: ObjectStore, models: QueryModels, clock: Clock
    ) -> None:
        self._models = models
        self._queries = queries
        self._footage = footage
        self._store = store
        self._clock = clock

    def ask(self, asked_by: str, wanted: NewQueryBody, on: Camera | Upload) -> tuple[QueryRecord, bool]:
        """The query that answers `wanted`, and whether it is new: the same question has the same answer, unless the
        earlier one failed, was cancelled or deleted, was found by a model that is no longer the usual one, or `force`.

        Raises QueryRefused, PurposeMissing, PurposeRefused.
        """
        purpose = self._purpose(wanted, on)
        found = self._input(wanted, on)
        options, model = wanted.options.to_job(), self._model(wanted)
        fingerprint = fingerprint_of(found.sources, wanted.analysis, wanted.options.every_ms, options, model)
        question = Question(
            fingerprint=fingerprint,
            asked_by=asked_by,
            owner=on.owner if isinstance(on, Upload) else "",
            camera=on.id if isinstance(on, Camera) else None,
            recording=on.id if isinstance(on, Upload) else None,
            name=on.name,
            from_us=wanted.from_ms * _MS if wanted.from_ms is not None else None,
            to_us=wanted.to_ms * _MS if wanted.to_ms is not None else None,
            analysis=wanted.analysis,
            every_ms=wanted.options.every_ms,
            options=options,
            asked_model=model,
            purpose=purpose,
            created_us=self._clock.wall_us(),
            expected_ms=found.expected_ms,
        )
        for _ in range(TRIES):
            earlier = self._queries.in_slot(fingerprint)
            if earlier is not None:
                if not wanted.force and not self._is_outdated(earlier):
                    return earlier, False
                self._queries.rewrite(earlier.id, _without_slot)
            made = self._added(question, found.sources)
            if made is not None:
                return made, True
        raise Transient("the same query keeps being asked by others")

    def cancel(self, query: QueryRecord) -> QueryRecord | None:
        """First the object that stops the workers, then the record. A query that has ended stays as it ended."""
        if not query.is_active:
            return query
        stop_work(self._store, query.id, Stop(state=QueryState.CANCELLED))
        now_us = self._clock.wall_us()
        return self._queries.rewrite(query.id, lambda q: cancelled(q, now_us))

    def delete(self, query: QueryRecord) -> None:
        """Out of sight at once; the eraser does the rest."""
        self._queries.rewrite(query.id, deleting)

    def _added(self, question: Question, sources: tuple[Source, ...]) -> QueryRecord | None:
        """The object first: whoever finds the record finds it. None when the same was asked at the same moment."""
        query_id = make_query_id()
        work = Work(
            query_id=query_id,
            analysis=question.analysis,
            camera=question.camera,
            every_ms=question.every_ms,
            options=question.options,
            model=question.asked_model,
        )
        file = QueryFile(query_id=query_id, question=question, plan=PlanJob(work=work, sources=sources))
        self._store.create(query_file_key(query_id), file.to_json(), JSON_TYPE)
        record = new_record(query_id, question, question.fingerprint, question.created_us)
        if self._queries.add(record):
            return record
        with contextlib.suppress(Transient):  # the sweep finds it, and that its question has an answer
            self._store.delete(query_file_key(query_id))
        return None

    def _model(self, wanted: NewQueryBody) -> AskedModel | None:
        """What the named model stands for. Raises QueryRefused for a name that nobody offers."""
        name, analysis = wanted.options.model, wanted.analysis
        if name is None:
            return None
        model = self._models.asked(analysis, name)
        if model is None:
            names = [one.name for one in self._models.offered(analysis)]
            there = f"there are {', '.join(names)}" if names else "there is one way to search, and no name for it"
            raise QueryRefused("unknown_model", f"No model of {analysis} is called {name}; {there}.")
        return model

    def _is_outdated(self, earlier: QueryRecord) -> bool:
        """Whether an answer that named no model was found by another than all consumers use now."""
        now = self._models.in_use(earlier.question.analysis)
        is_usual = earlier.state is QueryState.FINISHED and earlier.question.asked_model is None
        return is_usual and earlier.model is not None and now is not None and earlier.model != now

    def _purpose(self, wanted: NewQueryBody, on: Camera | Upload) -> Purpose | None:
        """The gate of analyses of people (DESIGN 9): the camera's own purpose, or one that is stated with the query."""
        if wanted.analysis not in PURPOSE_FIELDS:
            return None
        purpose = purpose_of(on, wanted.analysis) if isinstance(on, Camera) else wanted.stated_purpose
        if purpose is None:
            raise PurposeMissing(wanted.analysis)
        check_purpose(wanted.analysis, purpose, self._clock.wall_us())
        return purpose

    def _input(self, wanted: NewQueryBody, on: Camera | Upload) -> _Input:
        if isinstance(on, Upload):
            if on.problem is not None:
                raise QueryRefused("unusable_recording", on.problem)
            return _Input((Source(object_key=on.key, t0_us=on.t0_us),), on.duration_ms)
        from_us, to_us = (wanted.from_ms or 0) * _MS, (wanted.to_ms or 0) * _MS
        clips = self._footage.between({on.id}, from_us, to_us, PARTS_MAX + 1)
        sources: list[Source] = []
        expected_ms = 0
        for clip in clips:
            begin_ms = max(0, (from_us - clip.t0_us) // _MS)
            end_ms = min(clip.duration_ms + 1, -(-(to_us - clip.t0_us) // _MS))
            if end_ms <= begin_ms:
                continue
            is_cut = end_ms <= clip.duration_ms
            key, last_ms = clip.clip_id.video_key, end_ms if is_cut else None
            sources.append(Source(object_key=key, t0_us=clip.t0_us, pts_a_ms=begin_ms, pts_b_ms=last_ms))
            expected_ms += end_ms - begin_ms
        if not sources:
            raise QueryRefused("nothing_recorded", "Nothing was recorded by this camera in that time.")
        if len(sources) > PARTS_MAX:
            raise QueryRefused("too_much", f"That time has more than {PARTS_MAX} clips. Ask for less.")
        return _Input(tuple(sources), expected_ms)


def fingerprint_of(
    sources: tuple[Source, ...],
    analysis: str,
    every_ms: int | None,
    options: dict[str, object],
    model: AskedModel | None = None,
) -> str:
    """The same for the same stored video, analysis, options and named model: by its digest, whatever its name."""
    said: list[object] = [[s.model_dump() for s in sources], analysis, every_ms, options]
    if model is not None:
        said.append([model.sha256 or model.name, model.version])
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _without_slot(query: QueryRecord) -> QueryRecord:
    return query if query.slot == query.id else query.model_copy(update={"slot": query.id})

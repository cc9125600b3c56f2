"""A query as a document, and as the object that survives the database."""

import re
import secrets
from enum import StrEnum
from typing import Any

from pydantic import Field

from api_server.clips.person_name import person_key, person_of
from api_server.clips.plate_text import plate_key
from api_server.database.record import Record
from api_server.database.revised import RevisedRecord
from common.contracts.base import Contract
from common.contracts.camera_settings import Purpose
from common.contracts.detection import Box, ModelInfo, Sighting
from common.contracts.segment_job import QUERIES_PREFIX, QUERY_ID_PATTERN, AskedModel, PlanJob

_ID = re.compile(QUERY_ID_PATTERN)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


class QueryState(StrEnum):
    """`deleting`: out of sight, objects still to be erased. `deleted`: kept for as long as an event of it may come."""

    RECEIVED = "received"
    PROCESSING = "processing"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETING = "deleting"
    DELETED = "deleted"


ACTIVE = (QueryState.RECEIVED, QueryState.PROCESSING)
SHOWN = (*ACTIVE, QueryState.FINISHED, QueryState.FAILED, QueryState.CANCELLED)


class Question(Contract):
    """What was asked, by whom, about what. Never changes.

    `fingerprint`: the same for the same video, analysis and options. `owner`: of an upload; empty for a camera, whose
    owner decides. `name`: of the camera or file when it was asked. [from_us, to_us): of a camera's footage.
    `expected_ms`: length of the video, as far as it is known. `asked_model`: None for the one that live frames are
    searched with.
    """

    fingerprint: str
    asked_by: str
    owner: str = ""
    camera: str | None = None
    recording: str | None = None
    name: str
    from_us: int | None = None
    to_us: int | None = None
    analysis: str
    every_ms: int | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    asked_model: AskedModel | None = None
    purpose: Purpose | None = None
    created_us: int
    expected_ms: int | None = None


class QueryRecord(RevisedRecord):
    """One query. All that changes is in this one document, so that each step is one atomic operation on `revision`.

    `slot` is unique: the fingerprint while this query is the answer to its question, else the id. `done`: the finished
    parts. `progress_us`: when an event last brought it on. `attempts`: how often its jobs were sent anew.
    `has_parts`: whether the objects its result was joined from are still there. `model`: what it was searched with, as
    its result says; before there is one, as its newest part does.
    """

    slot: str
    question: Question
    state: QueryState = QueryState.RECEIVED
    plan_sent_us: int | None = None
    join_sent_us: int | None = None
    planned_us: int | None = None
    progress_us: int
    parts: int | None = None
    done: tuple[int, ...] = ()
    frames_done: int = 0
    duration_ms: int | None = None
    frame_count: int | None = None
    model: ModelInfo | None = None
    sighting_count: int = 0
    result_bytes: int = 0
    finished_us: int | None = None
    reason: str | None = None
    attempts: int = 0
    attempted_us: int | None = None
    erased_us: int | None = None
    has_parts: bool = True
    created_us: int
    camera: str | None = None
    owner: str = ""

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    @property
    def has_all_parts(self) -> bool:
        return self.parts is not None and len(self.done) >= self.parts


class QueryFile(Contract):
    """`queries/{id}/query.json`: written before the query is accepted. Question and plan are read from here, so that
    neither a lost database nor a crash loses a query that somebody was promised."""

    v: int = 1
    query_id: str
    question: Question
    plan: PlanJob


class QuerySightingRecord(Record):
    """One sighting of a query's result. (A field named `query` would be taken for an operator by the light database.)

    Times are µs since 1970, or since the start of a video of unknown time.
    """

    query_id: str
    n: int
    kind: str
    label: str | None = None
    text: str | None = None
    text_key: str | None = None
    person_key: str | None = None
    confidence: float
    scores: dict[str, float] | None = None
    first_us: int
    last_us: int
    frames: int
    box: Box
    best_pts_ms: int
    track: int


def make_query_id() -> str:
    """`q-` and 16 random characters of base32: never reused."""
    return "q-" + "".join(secrets.choice(_ALPHABET) for _ in range(16))


def is_query_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def query_prefix(query_id: str) -> str:
    return f"{QUERIES_PREFIX}{query_id}/"


def parts_prefix(query_id: str) -> str:
    return f"{query_prefix(query_id)}parts/"


def query_file_key(query_id: str) -> str:
    return f"{query_prefix(query_id)}query.json"


def new_record(query_id: str, question: Question, slot: str, now_us: int) -> QueryRecord:
    return QueryRecord(
        id=query_id,
        slot=slot,
        question=question,
        progress_us=now_us,
        created_us=question.created_us,
        camera=question.camera,
        owner=question.owner,
    )


def sighting_record(query_id: str, analysis: str, sighting: Sighting) -> QuerySightingRecord:
    person = person_of(analysis, sighting.label)
    return QuerySightingRecord(
        id=f"{query_id}.{sighting.n:06d}",
        query_id=query_id,
        text_key=plate_key(sighting.text) if sighting.text else None,
        person_key=person_key(person) if person is not None else None,
        **sighting.model_dump(),
    )

"""Queries as people get them."""

from typing import Any

from pydantic import BaseModel, Field

from api_server.queries.attendance import Attendance
from api_server.queries.diff import Change, Seen
from api_server.queries.progress import frames_per_s, percent, remaining_s
from api_server.queries.record import QueryRecord, QuerySightingRecord, QueryState
from common.contracts.camera_settings import PURPOSE_FIELDS
from common.contracts.detection import Box, ModelInfo

_MS = 1_000
"""In µs."""


class ProgressAnswer(BaseModel):
    """`percent`: 100 only when the result is there. `frames_per_s`, `eta_s`: null until the first part is done."""

    percent: int
    parts: int | None
    parts_done: int
    frames: int
    frames_per_s: float | None
    eta_s: float | None


class StatedPurpose(BaseModel):
    """Why, and until when, the analysis is allowed."""

    text: str
    expires_us: int


class QueryAnswer(BaseModel):
    """A query. `state`: received, processing, finished, failed (`reason`), cancelled. `note`: what it waits for.

    `options.model`: the model that was named; `model`: what it was searched with, null until the first part is done.
    `name`: of its camera or file. `from_us` and `to_us`: of a camera's footage. `attempts`: how often its jobs were
    sent anew because nothing came of them. Paths of the result are null until it is there.
    """

    id: str
    state: QueryState
    analysis: str
    every_ms: int | None
    options: dict[str, Any]
    camera: str | None
    recording: str | None
    name: str
    from_us: int | None
    to_us: int | None
    emotion_purpose: StatedPurpose | None
    recognition_purpose: StatedPurpose | None
    created_us: int
    finished_us: int | None
    progress: ProgressAnswer
    reason: str | None
    note: str | None
    attempts: int
    duration_ms: int | None
    frame_count: int | None
    model: ModelInfo | None
    sighting_count: int
    video: str | None
    poster: str | None
    sidecar: str | None
    sightings: str | None
    diff: str | None
    input: str | None = Field(description="Path of the uploaded file while it is there, or of the camera's footage.")


class AskedQuery(QueryAnswer):
    """`is_new` false: the same had been asked before, and this is its answer."""

    is_new: bool


class QueryList(BaseModel):
    """`next`: the cursor of the following page, null on the last."""

    queries: list[QueryAnswer]
    next: str | None


class QuerySightingAnswer(BaseModel):
    """One sighting of a result. Times are µs since 1970, or since the video's start where nobody knows its time;
    `at_ms`: where in the result it is best."""

    id: str
    n: int
    kind: str
    label: str | None
    text: str | None
    confidence: float
    scores: dict[str, float] | None
    first_us: int
    last_us: int
    frames: int
    box: Box
    at_ms: int
    track: int


class QuerySightingList(BaseModel):
    """`next`: the cursor of the following page, null on the last."""

    sightings: list[QuerySightingAnswer]
    next: str | None


class SeenAnswer(BaseModel):
    """One thing in one of the two results. `clip` and `at_ms`: where the earlier result shows it; without a clip, where
    the query's result does."""

    kind: str
    words: str
    confidence: float
    first_us: int
    last_us: int
    clip: str | None
    at_ms: int


class ChangeAnswer(BaseModel):
    """The same thing, seen as something else."""

    before: SeenAnswer
    after: SeenAnswer


class DiffAnswer(BaseModel):
    """What the query found and the earlier result had not, and the reverse. `against`: `live`, or the id of a query.
    `before_count` and `after_count`: sightings that were compared, before those cut by clips were put together.
    `before_models`, `after_models`: what each side was searched with; empty where nothing is kept of it."""

    against: str
    before_models: list[ModelInfo]
    after_models: list[ModelInfo]
    before_count: int
    after_count: int
    same: int
    added: list[SeenAnswer]
    removed: list[SeenAnswer]
    changed: list[ChangeAnswer]


def query_fields(query: QueryRecord, attendance: Attendance, has_input: bool) -> dict[str, object]:
    """What the answer's model names. `has_input`: whether the uploaded file is still there."""
    question, path = query.question, f"/v1/queries/{query.id}"
    asked = question.asked_model
    is_done = query.state is QueryState.FINISHED
    speed, eta_s = frames_per_s(query), remaining_s(query)
    return {
        **question.model_dump(exclude={"purpose", "asked_model"}),
        **query.model_dump(exclude={"question"}),
        "options": question.options | ({"model": asked.name} if asked is not None else {}),
        **{
            field: question.purpose.model_dump() if question.purpose and question.analysis == analysis else None
            for analysis, field in PURPOSE_FIELDS.items()
        },
        "progress": ProgressAnswer(
            percent=percent(query),
            parts=query.parts,
            parts_done=len(query.done),
            frames=query.frames_done,
            frames_per_s=round(speed, 1) if speed is not None else None,
            eta_s=round(eta_s, 1) if eta_s is not None else None,
        ),
        "note": _note(query, attendance),
        "video": f"{path}/video" if is_done else None,
        "poster": f"{path}/poster" if is_done else None,
        "sidecar": f"{path}/sidecar" if is_done else None,
        "sightings": f"{path}/sightings" if is_done else None,
        "diff": f"{path}/diff" if is_done and query.camera is not None else None,
        "input": _input_path(query, has_input),
    }


def _input_path(query: QueryRecord, has_input: bool) -> str | None:
    question = query.question
    if query.camera is not None and question.from_us is not None and question.to_us is not None:
        span = f"from={question.from_us // _MS}&to={-(-question.to_us // _MS)}"
        return f"/v1/cameras/{query.camera}/footage/video?{span}"
    return f"/v1/recordings/{question.recording}/video" if has_input else None


def query_answer(query: QueryRecord, attendance: Attendance, has_input: bool) -> QueryAnswer:
    return QueryAnswer.model_validate(query_fields(query, attendance, has_input))


def sighting_of_query(record: QuerySightingRecord) -> QuerySightingAnswer:
    return QuerySightingAnswer.model_validate({**record.model_dump(), "at_ms": record.best_pts_ms})


def seen_answer(seen: Seen) -> SeenAnswer:
    return SeenAnswer(
        kind=seen.kind,
        words=seen.words,
        confidence=seen.confidence,
        first_us=seen.first_us,
        last_us=seen.last_us,
        clip=seen.clip,
        at_ms=seen.at_ms,
    )


def change_answer(change: Change) -> ChangeAnswer:
    return ChangeAnswer(before=seen_answer(change.before), after=seen_answer(change.after))


def _note(query: QueryRecord, attendance: Attendance) -> str | None:
    if not query.is_active:
        return None
    waits_for = attendance.waits_for(query.question.analysis)
    if waits_for is not None:
        return f"It waits. {waits_for}"
    if attendance.present_s(query.question.analysis) is None:
        return f"It waits: no consumer of {query.question.analysis.replace('_', ' ')} is running."
    if query.attempts:
        return f"Nothing came for a while; its jobs were sent anew ({query.attempts} times so far)."
    if query.has_all_parts:
        return "All parts are done; they are being joined."
    return None

"""The list of queries: what one person may see of them, filtered and paged."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api_server.access.permission import Action, may, may_on_any, may_on_own
from api_server.access.subject import Subject
from api_server.cameras.store import CameraStore
from api_server.clips.paging import CURSOR_MAX_CHARS, LIMIT_DEFAULT, LIMIT_MAX, Cursor
from api_server.database.port import Where
from api_server.queries.attendance import Attendance
from api_server.queries.record import SHOWN, QueryState
from api_server.queries.requests import ANALYSES
from api_server.queries.store import QueryStore
from api_server.recordings.record import UPLOAD_ID_PATTERN
from api_server.recordings.store import UploadStore
from api_server.routes.parameters import is_cursor
from api_server.routes.query_answers import QueryList, query_answer
from common.contracts.identity import CAMERA_ID_PATTERN

CursorText = Annotated[str, Field(max_length=CURSOR_MAX_CHARS), AfterValidator(is_cursor)]
VisibleState = Annotated[str, Field(pattern=f"^({'|'.join(SHOWN)})$", description=f"One of {', '.join(SHOWN)}.")]


class QueryFilters(BaseModel):
    """Filters of a list of queries."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: VisibleState | None = None
    camera: str | None = Field(None, pattern=CAMERA_ID_PATTERN)
    recording: str | None = Field(None, pattern=UPLOAD_ID_PATTERN)
    analysis: str | None = Field(None, pattern=f"^({'|'.join(ANALYSES)})$")


class QueryListQuery(QueryFilters):
    """Of `GET /v1/queries`."""

    limit: int = Field(LIMIT_DEFAULT, ge=1, le=LIMIT_MAX)
    cursor: CursorText | None = Field(None, description="`next` of the page before.")


class QueryFollowQuery(QueryFilters):
    """Of `GET /v1/queries/events`."""

    limit: int = Field(LIMIT_DEFAULT, ge=1, le=LIMIT_DEFAULT, description="The newest, so many.")


class QueryListing:
    """Safe on any thread."""

    def __init__(self, cameras: CameraStore, uploads: UploadStore, queries: QueryStore, attendance: Attendance) -> None:
        self._cameras = cameras
        self._uploads = uploads
        self._queries = queries
        self._attendance = attendance

    def page(self, subject: Subject, query: QueryListQuery) -> QueryList:
        """Raises Transient."""
        cursor = Cursor.decode(query.cursor) if query.cursor is not None else None
        states = SHOWN if query.state is None else (QueryState(query.state),)
        page = self._queries.page(self._where(subject, query), states, query.limit, cursor)
        there = {upload.id for upload in self._uploads.live()} if any(q.question.recording for q in page.items) else {}
        answers = [query_answer(q, self._attendance, q.question.recording in there) for q in page.items]
        return QueryList(queries=answers, next=page.next.encode() if page.next is not None else None)

    def _where(self, subject: Subject, query: QueryFilters) -> Where:
        """What `subject` may see: queries on cameras that are there, and on their own uploads."""
        allowed = {c.id for c in self._cameras.active() if may(subject, Action.QUERY_VIEW, c.facts)}
        of_uploads: dict[str, object] = {"camera": None}
        if not may_on_any(subject, Action.QUERY_VIEW):
            of_uploads["owner"] = subject.user_id
        on_cameras: Where = {"camera": {"$in": sorted(allowed)}}
        has_own = may_on_own(subject, Action.QUERY_VIEW)
        parts: list[Where] = [{"$or": [on_cameras, of_uploads]} if has_own else on_cameras]
        wanted = {
            "camera": query.camera,
            "question.recording": query.recording,
            "question.analysis": query.analysis,
        }
        parts += [{field: value} for field, value in wanted.items() if value is not None]
        return {"$and": parts}

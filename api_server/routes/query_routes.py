"""Queries: ask, list, show, cancel, delete, and what they found."""

from pydantic import BaseModel, ConfigDict, Field

from api_server.access.permission import Action, may
from api_server.access.rules import OnQuery, SignedIn
from api_server.cameras.camera import Camera
from api_server.cameras.purpose import Gate, PurposeMissing, PurposeRefused
from api_server.cameras.store import CameraStore
from api_server.clips.filters import SightingFilter
from api_server.clips.store import ClipStore
from api_server.http.errors import ApiError, not_found
from api_server.http.route import Call, Reply, Route
from api_server.queries.attendance import Attendance
from api_server.queries.diff import Seen, compare
from api_server.queries.record import SHOWN, QueryRecord, QueryState
from api_server.queries.registry import QueryRefused, QueryRegistry
from api_server.queries.requests import NewQueryBody
from api_server.queries.store import DIFF_MAX, QueryStore
from api_server.recordings.record import Upload
from api_server.recordings.store import UploadStore
from api_server.routes.camera_routes import purpose_missing
from api_server.routes.parameters import PageQuery
from api_server.routes.query_answers import (
    AskedQuery,
    DiffAnswer,
    QueryAnswer,
    QueryList,
    QuerySightingList,
    change_answer,
    query_answer,
    query_fields,
    seen_answer,
    sighting_of_query,
)
from api_server.routes.query_listing import QueryListing, QueryListQuery
from common.contracts.detection import ModelInfo
from common.contracts.segment_job import QUERY_ID_PATTERN

LIVE = "live"
CLIPS_MAX = 1_000
"""Of the time that is compared: looked at for the models that found what was found then."""


class DiffQuery(BaseModel):
    """`against`: `live`, what was found when it was recorded, or the id of another query on the same camera."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    against: str = Field(LIVE, pattern=f"^{LIVE}$|{QUERY_ID_PATTERN}")


class QueryViews:
    """What the query routes do. Safe on any thread."""

    def __init__(
        self,
        cameras: CameraStore,
        clips: ClipStore,
        uploads: UploadStore,
        queries: QueryStore,
        registry: QueryRegistry,
        attendance: Attendance,
        listing: QueryListing,
    ) -> None:
        self._listing = listing
        self._cameras = cameras
        self._clips = clips
        self._uploads = uploads
        self._queries = queries
        self._registry = registry
        self._attendance = attendance

    def ask(self, call: Call) -> Reply:
        wanted = call.take_body(NewQueryBody)
        on = self._subject_of(call, wanted)
        try:
            query, is_new = self._registry.ask(call.subject.user_id, wanted, on)
        except PurposeMissing as error:
            raise _purpose_missing(error.gate, on) from error
        except (PurposeRefused, QueryRefused) as error:
            raise ApiError(422, error.code, str(error)) from error
        fields = query_fields(query, self._attendance, isinstance(on, Upload))
        return Reply(
            AskedQuery.model_validate({**fields, "is_new": is_new}), 202, {"Location": f"/v1/queries/{query.id}"}
        )

    def list_all(self, call: Call) -> Reply:
        return Reply(self._listing.page(call.subject, call.take_query(QueryListQuery)))

    def show(self, call: Call) -> Reply:
        return Reply(self._answer(call.asked))

    def cancel(self, call: Call) -> Reply:
        query = self._registry.cancel(call.asked)
        if query is None or query.state not in SHOWN:
            raise not_found()
        return Reply(self._answer(query))

    def delete(self, call: Call) -> Reply:
        self._registry.delete(call.asked)
        return Reply()

    def sightings(self, call: Call) -> Reply:
        query = call.take_query(PageQuery)
        page = self._queries.sightings_page(call.asked.id, query.limit, query.position)
        found = [sighting_of_query(record) for record in page.items]
        return Reply(QuerySightingList(sightings=found, next=page.next.encode() if page.next is not None else None))

    def diff(self, call: Call) -> Reply:
        query, against = call.asked, call.take_query(DiffQuery).against
        require_result(query)
        if query.camera is None or query.question.from_us is None or query.question.to_us is None:
            raise ApiError(409, "no_earlier_result", "Only footage of a camera has an earlier result to compare with.")
        from_us, to_us = query.question.from_us, query.question.to_us
        after = [seen for seen in self._found_by(query) if from_us <= seen.last_us and seen.first_us < to_us]
        if against == LIVE:
            before = self._found_live(query, from_us, to_us)
            before_models = self._live_models(query, from_us, to_us)
        else:
            other = self._queries.get(against)
            if other is None or other.camera != query.camera:
                raise not_found()
            if other.question.analysis != query.question.analysis:
                raise ApiError(422, "other_analysis", "The other query ran another analysis.")
            require_result(other)
            before = [seen for seen in self._found_by(other) if from_us <= seen.last_us and seen.first_us < to_us]
            before_models = [other.model] if other.model is not None else []
        found = compare(before, after)
        return Reply(
            DiffAnswer(
                against=against,
                before_models=before_models,
                after_models=[query.model] if query.model is not None else [],
                before_count=len(before),
                after_count=len(after),
                same=found.same,
                added=[seen_answer(seen) for seen in found.added],
                removed=[seen_answer(seen) for seen in found.removed],
                changed=[change_answer(change) for change in found.changed],
            )
        )

    def _subject_of(self, call: Call, wanted: NewQueryBody) -> Camera | Upload:
        """The camera or upload that is asked about. Raises ApiError 404."""
        if wanted.recording is not None:
            upload = self._uploads.get(wanted.recording)
            if upload is None or not may(call.subject, Action.QUERY_ASK, upload.facts):
                raise not_found()
            return upload
        camera = self._cameras.get(wanted.camera or "")
        if camera is None or not may(call.subject, Action.QUERY_ASK, camera.facts):
            raise not_found()
        return camera

    def _answer(self, query: QueryRecord) -> QueryAnswer:
        recording = query.question.recording
        return query_answer(query, self._attendance, recording is not None and self._uploads.get(recording) is not None)

    def _found_by(self, query: QueryRecord) -> list[Seen]:
        return [
            Seen(s.kind, s.text or s.label or s.kind, s.confidence, s.first_us, s.last_us, s.box, None, s.best_pts_ms)
            for s in self._queries.sightings_of(query.id)
        ]

    def _found_live(self, query: QueryRecord, from_us: int, to_us: int) -> list[Seen]:
        wanted = SightingFilter(
            cameras={query.camera or ""},
            analysis=query.question.analysis,
            from_ms=from_us // 1000,
            to_ms=to_us // 1000,
        )
        return [
            Seen(s.kind, s.text or s.label or s.kind, s.confidence, s.first_us, s.last_us, s.box, s.clip, s.best_pts_ms)
            for s in self._clips.sightings_page(wanted, DIFF_MAX, None).items
        ]

    def _live_models(self, query: QueryRecord, from_us: int, to_us: int) -> list[ModelInfo]:
        """What the clips of that time were searched with, each once, those with sightings or not."""
        wanted = SightingFilter(
            cameras={query.camera or ""},
            analysis=query.question.analysis,
            from_ms=from_us // 1000,
            to_ms=to_us // 1000,
        )
        clips = self._clips.page(wanted, True, CLIPS_MAX, None).items
        return list({clip.model.model_dump_json(): clip.model for clip in clips if clip.model is not None}.values())


def require_result(query: QueryRecord) -> None:
    """Raises ApiError 409 while there is none."""
    if query.state is not QueryState.FINISHED:
        raise ApiError(409, "not_finished", f"The query is {query.state.value}: it has no result.")


def _purpose_missing(gate: Gate, on: Camera | Upload) -> ApiError:
    if isinstance(on, Camera):
        sentence = f"{gate.title} needs the camera's {gate.field}: state it in the camera's settings first."
        return ApiError(422, f"{gate.field}_missing", sentence)
    return purpose_missing(gate)


def query_routes(views: QueryViews) -> list[Route]:
    one, view = "/v1/queries/<query_id>", OnQuery(Action.QUERY_VIEW)
    return [
        Route(
            "POST",
            "/v1/queries",
            SignedIn(Action.QUERY_ASK),
            views.ask,
            "Run an analysis over an upload, or over a camera's footage of a time.",
            body=NewQueryBody,
            answer=AskedQuery,
            status=202,
            errors=(404, 422),
        ),
        Route(
            "GET",
            "/v1/queries",
            SignedIn(Action.QUERY_VIEW),
            views.list_all,
            "Queries, the newest first.",
            query=QueryListQuery,
            answer=QueryList,
        ),
        Route("GET", one, view, views.show, "One query and how far it is.", answer=QueryAnswer),
        Route(
            "POST",
            f"{one}/cancel",
            OnQuery(Action.QUERY_CANCEL),
            views.cancel,
            "Stop a query. One that has ended stays as it ended.",
            answer=QueryAnswer,
        ),
        Route(
            "DELETE",
            one,
            OnQuery(Action.QUERY_DELETE),
            views.delete,
            "Delete a query with its result; one that runs is stopped.",
            status=204,
        ),
        Route(
            "GET",
            f"{one}/sightings",
            view,
            views.sightings,
            "What a finished query found, in the order of its result.",
            query=PageQuery,
            answer=QuerySightingList,
        ),
        Route(
            "GET",
            f"{one}/diff",
            view,
            views.diff,
            "What a query on a camera's footage found that the earlier result had not, and the reverse.",
            query=DiffQuery,
            answer=DiffAnswer,
            errors=(409, 422),
        ),
    ]

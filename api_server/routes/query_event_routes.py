"""Following a query while it runs, and the list of queries."""

from flask import Response

from api_server.access.permission import Action
from api_server.access.rules import OnQuery, SignedIn
from api_server.cameras.store import CameraStore
from api_server.http.event_stream import MEDIA, EventStreams, Look
from api_server.http.recheck import Recheck
from api_server.http.route import Call, Route
from api_server.queries.attendance import Attendance
from api_server.queries.store import QueryStore
from api_server.recordings.store import UploadStore
from api_server.routes.query_answers import query_answer
from api_server.routes.query_listing import QueryFollowQuery, QueryListing, QueryListQuery
from api_server.routes.visible import visible_query

EVENT, LIST_EVENT = "query", "queries"


class QueryEventViews:
    """Safe on any thread."""

    def __init__(
        self,
        cameras: CameraStore,
        queries: QueryStore,
        uploads: UploadStore,
        attendance: Attendance,
        recheck: Recheck,
        streams: EventStreams,
        listing: QueryListing,
    ) -> None:
        self._listing = listing
        self._cameras = cameras
        self._queries = queries
        self._uploads = uploads
        self._attendance = attendance
        self._recheck = recheck
        self._streams = streams

    def follow(self, call: Call) -> Response:
        query_id = call.asked.id

        def look() -> Look:
            query = visible_query(self._cameras, self._queries, self._recheck.subject(call), query_id)
            recording = query.question.recording
            has_input = recording is not None and self._uploads.get(recording) is not None
            answer = query_answer(query, self._attendance, has_input)
            return Look(EVENT, answer.model_dump_json(), is_last=not query.is_active)

        return self._streams.send(call.subject.user_id, look)

    def follow_all(self, call: Call) -> Response:
        wanted = QueryListQuery.model_validate(call.take_query(QueryFollowQuery).model_dump())

        def look() -> Look:
            page = self._listing.page(self._recheck.subject(call), wanted)
            return Look(LIST_EVENT, page.model_dump_json(), is_last=False)

        return self._streams.send(call.subject.user_id, look)


def query_event_routes(views: QueryEventViews) -> list[Route]:
    """`GET /v1/queries/{query_id}/events`, `GET /v1/queries/events`."""
    return [
        Route(
            "GET",
            "/v1/queries/events",
            SignedIn(Action.QUERY_VIEW),
            views.follow_all,
            "Follow the first page of the list, by server-sent events: `queries`, as it is; `gone`, signed out.",
            query=QueryFollowQuery,
            media=MEDIA,
        ),
        Route(
            "GET",
            "/v1/queries/<query_id>/events",
            OnQuery(Action.QUERY_VIEW),
            views.follow,
            "Follow a query until it has ended, by server-sent events: `query`, as it is; `gone`, no longer yours.",
            media=MEDIA,
        ),
    ]

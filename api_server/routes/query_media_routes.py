"""The result of a query: video, poster, sidecar."""

from flask import Response

from api_server.access.permission import Action
from api_server.access.rules import OnQuery
from api_server.http.errors import not_found
from api_server.http.route import Call, Route
from api_server.queries.record import QueryRecord
from api_server.routes.media_routes import send_picture
from api_server.routes.query_routes import require_result
from api_server.routes.streaming import StoredVideo, VideoQuery, VideoSender, safe_name
from common.contracts.segment_job import result_key, result_poster_key
from common.storage.clips import VIDEO_TYPE
from common.storage.port import NotFound, ObjectInfo, ObjectStore
from common.storage.queries import read_query_sidecar


class QueryMediaViews:
    """Safe on any thread."""

    def __init__(self, store: ObjectStore, sender: VideoSender) -> None:
        self._store = store
        self._sender = sender

    def video(self, call: Call) -> Response:
        info = self._result(call.asked)
        question = call.asked.question
        name = safe_name(f"{question.name.rsplit('.', 1)[0]}_{question.analysis}", "mp4")
        video = StoredVideo(info.key, info.size, f'"{info.etag[:64]}"', name, VIDEO_TYPE)
        return self._sender.send(video, call.take_query(VideoQuery).download)

    def poster(self, call: Call) -> Response:
        require_result(call.asked)
        return send_picture(self._store, result_poster_key(call.asked.id), f'"{call.asked.id}"')

    def sidecar(self, call: Call) -> Response:
        require_result(call.asked)
        try:
            sidecar = read_query_sidecar(self._store, result_key(call.asked.id))
        except (NotFound, ValueError) as error:
            raise not_found() from error
        return Response(sidecar.to_json(), mimetype="application/json")

    def _result(self, query: QueryRecord) -> ObjectInfo:
        require_result(query)
        try:
            return self._store.head(result_key(query.id))
        except NotFound as error:
            raise not_found() from error


def query_media_routes(views: QueryMediaViews) -> list[Route]:
    one, rule = "/v1/queries/<query_id>", OnQuery(Action.QUERY_VIEW)
    return [
        Route(
            "GET",
            f"{one}/video",
            rule,
            views.video,
            "The result, whole or by Range.",
            query=VideoQuery,
            media=VIDEO_TYPE,
            errors=(409, 416),
        ),
        Route("GET", f"{one}/poster", rule, views.poster, "One picture of it.", media="image/jpeg", errors=(409,)),
        Route(
            "GET",
            f"{one}/sidecar",
            rule,
            views.sidecar,
            "Every detection of the result, its model, its sightings.",
            media="application/json",
            errors=(409,),
        ),
    ]

"""What is played and looked at: video, poster, crops, sidecar. Streamed from the store after the permission check."""

import hashlib
from datetime import UTC, datetime

from flask import Response, request

from api_server.access.permission import Action
from api_server.access.rules import OnClip
from api_server.clips.records import ClipRecord
from api_server.http.errors import not_found
from api_server.http.route import Call, Route
from api_server.routes.streaming import StoredVideo, VideoQuery, VideoSender
from common.storage.clips import VIDEO_TYPE, read_sidecar
from common.storage.port import NotFound, ObjectStore

SMALL_MAX_BYTES = 8 * 1024 * 1024
"""A poster or a crop is a JPEG of one picture; anything larger is none of ours."""
CACHED = "private, max-age=3600"


class MediaViews:
    """Safe on any thread."""

    def __init__(self, store: ObjectStore, sender: VideoSender) -> None:
        self._store = store
        self._sender = sender

    def video(self, call: Call) -> Response:
        return self._sender.send(clip_video(call.clip), call.take_query(VideoQuery).download)

    def poster(self, call: Call) -> Response:
        return send_picture(self._store, call.clip.clip_id.poster_key, _etag(call.clip, "poster"))

    def crop(self, call: Call) -> Response:
        n = int(call.path["n"])
        return send_picture(self._store, call.clip.clip_id.crop_key(n), _etag(call.clip, f"crop {n}"))

    def sidecar(self, call: Call) -> Response:
        try:
            stored = read_sidecar(self._store, call.clip.clip_id)
        except (NotFound, ValueError) as error:
            raise not_found() from error
        if stored.is_tombstone:
            raise not_found()
        return Response(stored.sidecar.to_json(), mimetype="application/json")


def send_picture(store: ObjectStore, key: str, etag: str) -> Response:
    """A stored JPEG. Raises ApiError 404."""
    headers = {"ETag": etag, "Cache-Control": CACHED}
    if request.headers.get("If-None-Match") == etag:
        return Response(status=304, headers=headers)
    try:
        data = store.read(key)
    except NotFound as error:
        raise not_found() from error
    if len(data) > SMALL_MAX_BYTES or data[:2] != b"\xff\xd8":
        raise not_found()
    return Response(data, headers=headers, mimetype="image/jpeg")


def clip_video(clip: ClipRecord) -> StoredVideo:
    return StoredVideo(clip.clip_id.video_key, clip.video_bytes, _etag(clip), file_name(clip), VIDEO_TYPE)


def file_name(clip: ClipRecord) -> str:
    """`demo-face_2026-01-31T08-00-00Z_emotion.mp4`: sorts by time, and is a file name everywhere."""
    at = datetime.fromtimestamp(clip.t0_us / 1_000_000, UTC)
    suffix = f"_{clip.remainder}" if clip.remainder else ""
    return f"{clip.camera}_{at:%Y-%m-%dT%H-%M-%SZ}_{clip.analysis}{suffix}.mp4"


def _etag(clip: ClipRecord, part: str = "video") -> str:
    """A stored object never changes under its key, but for the tombstone, which has no record that is shown."""
    return f'"{hashlib.sha256(f"{clip.id} {clip.video_bytes} {part}".encode()).hexdigest()[:24]}"'


def media_routes(views: MediaViews) -> list[Route]:
    one, rule = "/v1/clips/<clip_id>", OnClip(Action.CLIP_VIEW)
    return [
        Route(
            "GET",
            f"{one}/video",
            rule,
            views.video,
            "The video, whole or by Range.",
            query=VideoQuery,
            media=VIDEO_TYPE,
            errors=(416,),
        ),
        Route("GET", f"{one}/poster", rule, views.poster, "One picture of the clip.", media="image/jpeg"),
        Route("GET", f"{one}/crops/<int:n>", rule, views.crop, "The best crop of sighting n.", media="image/jpeg"),
        Route(
            "GET",
            f"{one}/sidecar",
            rule,
            views.sidecar,
            "What became of every frame, every detection, model and offsets.",
            media="application/json",
        ),
    ]

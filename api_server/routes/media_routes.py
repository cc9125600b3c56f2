"""What is played and looked at: video, poster, crops, sidecar. Streamed from the store after the permission check."""

import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

from flask import Response, request
from pydantic import BaseModel, ConfigDict

from api_server.access.permission import Action
from api_server.access.rules import OnClip
from api_server.clips.records import ClipRecord
from api_server.http.byte_range import ByteRange, NotSatisfiable, parse_range
from api_server.http.errors import ApiError, not_found, unavailable
from api_server.http.route import Call, Route
from common.storage.clips import VIDEO_TYPE, read_sidecar
from common.storage.port import NotFound, ObjectStore, RangeBody

PRESIGNED_S = 300
STREAMS_MAX = 24
"""Videos sent at once. A player that pauses holds a server thread until the send times out, so some threads are kept
from them (`server.THREADS`)."""
SMALL_MAX_BYTES = 8 * 1024 * 1024
"""A poster or a crop is a JPEG of one picture; anything larger is none of ours."""
CACHED = "private, max-age=3600"
REVALIDATED = "private, no-cache"
"""A deleted clip must not play on from a cache."""


class VideoQuery(BaseModel):
    """`download=1`: as a file with a name that says camera, analysis and time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    download: bool = False


class MediaViews:
    """Safe on any thread. `presigns`: whether people's browsers reach the store themselves."""

    def __init__(self, store: ObjectStore, presigns: bool) -> None:
        self._store = store
        self._presigns = presigns
        self._streams = threading.BoundedSemaphore(STREAMS_MAX)

    def video(self, call: Call) -> Response:
        clip, is_download = call.clip, call.take_query(VideoQuery).download
        name = file_name(clip)
        if self._presigns and request.method == "GET":
            url = self._store.presign(clip.clip_id.video_key, PRESIGNED_S, name if is_download else None)
            if url is not None:
                return Response(status=302, headers={"Location": url})
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": _etag(clip),
            "Cache-Control": REVALIDATED,
            "Content-Disposition": f'{"attachment" if is_download else "inline"}; filename="{name}"',
        }
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return Response(status=304, headers=headers)
        try:
            wanted = self._wanted_range(clip, headers["ETag"])
        except NotSatisfiable as error:
            of = {"Content-Range": f"bytes */{clip.video_bytes}"}
            raise ApiError(416, "range_not_satisfiable", "The video ends before this range.", of) from error
        span = wanted or ByteRange(0, clip.video_bytes - 1)
        headers["Content-Length"] = str(span.length)
        if wanted is not None:
            headers["Content-Range"] = f"bytes {span.start}-{span.end}/{clip.video_bytes}"
        status = 206 if wanted is not None else 200
        if request.method == "HEAD":
            return Response(status=status, headers=headers, mimetype=VIDEO_TYPE)
        return Response(self._stream(clip, span), status, headers, mimetype=VIDEO_TYPE, direct_passthrough=True)

    def poster(self, call: Call) -> Response:
        return self._picture(call.clip.clip_id.poster_key, _etag(call.clip, "poster"))

    def crop(self, call: Call) -> Response:
        n = int(call.path["n"])
        return self._picture(call.clip.clip_id.crop_key(n), _etag(call.clip, f"crop {n}"))

    def sidecar(self, call: Call) -> Response:
        try:
            stored = read_sidecar(self._store, call.clip.clip_id)
        except (NotFound, ValueError) as error:
            raise not_found() from error
        if stored.is_tombstone:
            raise not_found()
        return Response(stored.sidecar.to_json(), mimetype="application/json")

    @staticmethod
    def _wanted_range(clip: ClipRecord, etag: str) -> ByteRange | None:
        if request.headers.get("If-Range") not in (None, etag):
            return None
        return parse_range(request.headers.get("Range"), clip.video_bytes)

    def _stream(self, clip: ClipRecord, span: ByteRange) -> Iterator[bytes]:
        if not self._streams.acquire(blocking=False):
            raise unavailable("Too many videos are being played at once.")
        try:
            body = self._store.read_range(clip.clip_id.video_key, span.start, span.end)
        except (NotFound, ValueError) as error:
            self._streams.release()
            raise not_found() from error
        except BaseException:
            self._streams.release()
            raise
        if body.total != clip.video_bytes:
            # A tombstone lies where the clip was; the index is about to learn of it.
            body.close()
            self._streams.release()
            raise not_found()
        return _Sending(body, self._streams)

    def _picture(self, key: str, etag: str) -> Response:
        headers = {"ETag": etag, "Cache-Control": CACHED}
        if request.headers.get("If-None-Match") == etag:
            return Response(status=304, headers=headers)
        try:
            data = self._store.read(key)
        except NotFound as error:
            raise not_found() from error
        if len(data) > SMALL_MAX_BYTES or data[:2] != b"\xff\xd8":
            raise not_found()
        return Response(data, headers=headers, mimetype="image/jpeg")


class _Sending(Iterator[bytes]):
    """The chunks of one video; gives its place back when it is closed, which the server does however it ends."""

    def __init__(self, body: RangeBody, places: threading.BoundedSemaphore) -> None:
        self._body = body
        self._places = places
        self._is_open = True

    def __next__(self) -> bytes:
        return next(self._body.chunks)

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._places.release()
            self._body.close()


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

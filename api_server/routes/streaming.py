"""Sending stored videos: whole or by Range, from the store through this server, or by a link to the store."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from flask import Response, request
from pydantic import BaseModel, ConfigDict

from api_server.http.byte_range import ByteRange, NotSatisfiable, parse_range
from api_server.http.errors import ApiError, not_found, unavailable
from common.storage.port import NotFound, ObjectStore, RangeBody

PRESIGNED_S = 300
STREAMS_MAX = 24
"""Videos sent at once. A player that pauses holds a server thread until the send times out, so some threads are kept
from them (`server.THREADS`)."""
REVALIDATED = "private, no-cache"
"""A deleted video must not play on from a cache."""


class VideoQuery(BaseModel):
    """`download=1`: as a file with a name that says what it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    download: bool = False


class RangeSource(Protocol):
    """What ranges of a video are read from, if it is no object of the store. Raises NotFound, Transient."""

    def read_range(self, start: int, end: int) -> RangeBody: ...


@dataclass(frozen=True, slots=True)
class StoredVideo:
    """`size` in bytes as it is known; `name`: of the file when it is saved, ASCII. `source`: instead of the object
    `key`; there is no link to such a video."""

    key: str
    size: int
    etag: str
    name: str
    media: str
    source: RangeSource | None = None


_UNSAFE_IN_NAME = re.compile(r"[^A-Za-z0-9._~-]+")


def safe_name(name: str, ending: str) -> str:
    """`name` as a file name everywhere, with that ending once."""
    stem = _UNSAFE_IN_NAME.sub("_", name.removesuffix(f".{ending}")).strip("._")
    return f"{stem or 'video'}.{ending}"


class VideoSender:
    """One for the whole server, because it counts. Safe on any thread. `presigns`: whether people's browsers reach the
    store themselves."""

    def __init__(self, store: ObjectStore, presigns: bool) -> None:
        self._store = store
        self._presigns = presigns
        self._streams = threading.BoundedSemaphore(STREAMS_MAX)

    def send(self, video: StoredVideo, is_download: bool, is_here: bool = False) -> Response:
        """The answer to a GET or HEAD. `is_here`: by this server, in any case. Raises ApiError 404, 416, 503."""
        if self._presigns and request.method == "GET" and not is_here and video.source is None:
            url = self._store.presign(video.key, PRESIGNED_S, video.name if is_download else None)
            if url is not None:
                return Response(status=302, headers={"Location": url})
        headers = {
            "Accept-Ranges": "bytes",
            "ETag": video.etag,
            "Cache-Control": REVALIDATED,
            "Content-Disposition": f'{"attachment" if is_download else "inline"}; filename="{video.name}"',
        }
        if request.headers.get("If-None-Match") == video.etag:
            return Response(status=304, headers=headers)
        try:
            wanted = _wanted_range(video)
        except NotSatisfiable as error:
            of = {"Content-Range": f"bytes */{video.size}"}
            raise ApiError(416, "range_not_satisfiable", "The video ends before this range.", of) from error
        span = wanted or ByteRange(0, video.size - 1)
        headers["Content-Length"] = str(span.length)
        if wanted is not None:
            headers["Content-Range"] = f"bytes {span.start}-{span.end}/{video.size}"
        status = 206 if wanted is not None else 200
        if request.method == "HEAD":
            return Response(status=status, headers=headers, mimetype=video.media)
        return Response(self._stream(video, span), status, headers, mimetype=video.media, direct_passthrough=True)

    def _stream(self, video: StoredVideo, span: ByteRange) -> Iterator[bytes]:
        if not self._streams.acquire(blocking=False):
            raise unavailable("Too many videos are being played at once.")
        try:
            if video.source is not None:
                body = video.source.read_range(span.start, span.end)
            else:
                body = self._store.read_range(video.key, span.start, span.end)
        except (NotFound, ValueError) as error:
            self._streams.release()
            raise not_found() from error
        except BaseException:
            self._streams.release()
            raise
        if body.total != video.size:
            # A tombstone lies where the video was; the index is about to learn of it.
            body.close()
            self._streams.release()
            raise not_found()
        return _Sending(body, self._streams)


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


def _wanted_range(video: StoredVideo) -> ByteRange | None:
    if request.headers.get("If-Range") not in (None, video.etag):
        return None
    return parse_range(request.headers.get("Range"), video.size)

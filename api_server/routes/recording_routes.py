"""Recordings: spans of what cameras recorded, and uploads."""

from typing import Annotated, Literal

from flask import Response, request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api_server.access.permission import Action, may, may_on_any, may_on_own
from api_server.access.rules import Allowed, OnRecording, SignedIn
from api_server.cameras.store import CameraStore
from api_server.clips.paging import NEWEST, OLDEST, Cursor, Order
from api_server.database.port import Where
from api_server.http.errors import ApiError
from api_server.http.route import Call, Reply, Route
from api_server.recordings.codec import RECORDED
from api_server.recordings.container import MEDIA
from api_server.recordings.footage import Footage
from api_server.recordings.intake import Arriving, UploadIntake, UploadRefused
from api_server.recordings.record import NAME_MAX_CHARS, PlayableState, Upload
from api_server.recordings.spans import Span, spans_of
from api_server.recordings.store import UploadStore
from api_server.routes.parameters import OrderedQuery, TimeMs
from api_server.routes.streaming import StoredVideo, VideoQuery, VideoSender, safe_name
from common.clock import Clock
from common.contracts.identity import CAMERA_ID_PATTERN

DAY_MS = 24 * 3_600_000
DurationS = Annotated[int, Field(ge=0, le=366 * 86_400)]
CLIPS_MAX = 50_000
"""Clips that one list looks through: a month of one camera in minutes."""
TAKEN = (*MEDIA.values(), "application/octet-stream")


class RecordingAnswer(BaseModel):
    """A span of a camera's footage, or an upload. What a span has not: `name`, `container`, `video`, `problem`,
    `playable`.

    `start_us`: capture time; of an upload without one, when it was uploaded (`time_known` false). `end_us` and
    `duration_ms` are null where nobody has looked into the file yet. `imported_from`: the object it was copied from.
    `codec`: what it is encoded with, in one word. `problem`: why it cannot be queried. `playable`: at `video` lies what
    browsers play, the file itself (`original`) or what was made of it (`made`); nobody has looked yet (`pending`); or
    it cannot be played (`impossible`). `playable_note`: why not, or what the made one lacks, a sentence.
    """

    id: str
    source: Literal["camera", "upload"]
    camera: str | None
    name: str | None
    start_us: int
    end_us: int | None
    time_known: bool
    duration_ms: int | None
    bytes: int
    clips: int | None
    width: int | None
    height: int | None
    codec: str | None
    complete: bool | None
    container: str | None
    imported_from: str | None
    created_us: int | None
    problem: str | None
    playable: PlayableState | None
    playable_note: str | None
    video: str | None


class RecordingList(BaseModel):
    """`from_ms` and `to_ms`: the time whose spans are listed. `next`: the cursor of the following page."""

    recordings: list[RecordingAnswer]
    from_ms: int
    to_ms: int
    next: str | None


class RecordingQuery(OrderedQuery):
    """Filters of `GET /v1/recordings`. Spans are of the last 24 hours unless `from` or `to` say otherwise; uploads are
    all there unless they do. `source`: `camera` is every camera, `webcam` and `ip-camera` those of that kind. What has
    no length yet is left out when one is asked for, and comes last by length and end."""

    camera: str | None = Field(None, pattern=CAMERA_ID_PATTERN)
    source: Literal["camera", "webcam", "ip-camera", "upload"] | None = None
    from_ms: TimeMs | None = Field(None, alias="from")
    to_ms: TimeMs | None = Field(None, alias="to")
    duration_min_s: DurationS | None = Field(None, description="At least so long.")
    duration_max_s: DurationS | None = Field(None, description="At most so long.")
    sort: Order = Field(NEWEST, description="Which come first; `newest`, `oldest`: by their beginning.")

    def lets_through(self, found: RecordingAnswer) -> bool:
        """Whether it is as long as was asked for."""
        least_s, most_s = self.duration_min_s, self.duration_max_s
        if least_s is None and most_s is None:
            return True
        length_ms = found.duration_ms
        if length_ms is None:
            return False
        return (least_s or 0) * 1000 <= length_ms and (most_s is None or length_ms <= most_s * 1000)


def printable(name: str) -> str:
    """Raises ValueError for what cannot be shown."""
    name = name.strip()
    if not name or not name.isprintable():
        raise ValueError("must have at least one character, and none that cannot be shown")
    return name


class UploadQuery(BaseModel):
    """What a file is called, and when its first picture was taken (RFC 3339 or ms), if that is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=NAME_MAX_CHARS), AfterValidator(printable)]
    recorded_at: TimeMs | None = None


class RecordingViews:
    """What the recording routes do. Safe on any thread."""

    def __init__(
        self,
        cameras: CameraStore,
        footage: Footage,
        uploads: UploadStore,
        intake: UploadIntake,
        sender: VideoSender,
        clock: Clock,
    ) -> None:
        self._cameras = cameras
        self._footage = footage
        self._uploads = uploads
        self._intake = intake
        self._sender = sender
        self._clock = clock

    def list_all(self, call: Call) -> Reply:
        query = call.take_query(RecordingQuery)
        to_ms = query.to_ms if query.to_ms is not None else self._clock.wall_us() // 1000 + DAY_MS // 24
        from_ms = query.from_ms if query.from_ms is not None else max(0, to_ms - DAY_MS)
        found = [span_answer(span) for span in self._spans(call, query, from_ms, to_ms)]
        has_uploads = may_on_own(call.subject, Action.RECORDING_VIEW)
        if query.source in (None, "upload") and query.camera is None and has_uploads:
            found += [upload_answer(upload) for upload in self._uploads.listed(self._uploads_where(call, query))]
        ordered = sorted(
            (_placed(one, query.sort) for one in found if query.lets_through(one)),
            key=lambda placed: placed[:2],
            reverse=query.sort != OLDEST,
        )
        if query.position is not None:
            at = (query.position.at, query.position.id)
            ordered = [one for one in ordered if (one[:2] > at if query.sort == OLDEST else one[:2] < at)]
        shown = ordered[: query.limit]
        cursor = Cursor(*shown[-1][:2], query.sort).encode() if len(ordered) > query.limit else None
        recordings = [one for _, _, one in shown]
        return Reply(RecordingList(recordings=recordings, from_ms=from_ms, to_ms=to_ms, next=cursor))

    def show(self, call: Call) -> Reply:
        return Reply(upload_answer(call.recording))

    def video(self, call: Call) -> Response:
        upload, is_download = call.recording, call.take_query(VideoQuery).download
        return self._sender.send(_video_of(upload, is_download), is_download)

    def take(self, call: Call) -> Reply:
        asked = call.take_query(UploadQuery)
        if request.mimetype not in TAKEN:
            raise ApiError(415, "not_video", f"Send the file's bytes as one of {', '.join(TAKEN)}.")
        size = request.content_length
        if size is None:
            raise ApiError(411, "length_required", "Send the file with a Content-Length.")
        if size == 0:
            raise ApiError(400, "invalid_request", "The file is empty.")
        # Bounded by the intake, which says it in its own words.
        request.max_content_length = max(size, self._intake.file_bytes_max)
        t0_us = asked.recorded_at * 1000 if asked.recorded_at is not None else None
        try:
            upload = self._intake.take(Arriving(call.subject.user_id, asked.name, size, t0_us), request.stream)
        except UploadRefused as error:
            raise ApiError(error.status, error.code, str(error)) from error
        return Reply(upload_answer(upload), 201, {"Location": f"/v1/recordings/{upload.id}"})

    def delete(self, call: Call) -> Reply:
        self._uploads.hide(call.recording.id)
        return Reply()

    def _spans(self, call: Call, query: RecordingQuery, from_ms: int, to_ms: int) -> list[Span]:
        if query.source == "upload" or from_ms >= to_ms:
            return []
        kind = query.source if query.source in ("webcam", "ip-camera") else None
        cameras = [c for c in self._cameras.active() if kind is None or c.kind == kind]
        shown = {c.id for c in cameras if may(call.subject, Action.RECORDING_VIEW, c.facts)}
        if query.camera is not None:
            shown &= {query.camera}
        if not shown:
            return []
        clips = self._footage.between(shown, from_ms * 1000, to_ms * 1000, CLIPS_MAX + 1)
        if len(clips) > CLIPS_MAX:
            raise ApiError(422, "too_much", "Too much was recorded in that time for one list. Ask for less.")
        return spans_of(clips)

    @staticmethod
    def _uploads_where(call: Call, query: RecordingQuery) -> Where:
        where: dict[str, object] = {}
        if not may_on_any(call.subject, Action.RECORDING_VIEW):
            where["owner"] = call.subject.user_id
        bounds = {"$gte": query.from_ms, "$lt": query.to_ms}
        limits = {operator: ms * 1000 for operator, ms in bounds.items() if ms is not None}
        if limits:
            where["start_us"] = limits
        return where


def _placed(one: RecordingAnswer, order: Order) -> tuple[int, str, RecordingAnswer]:
    """By what it is sorted, and the thing itself."""
    values: dict[Order, int | None] = {
        "ended_last": one.end_us,
        "longest": one.duration_ms,
        "largest": one.bytes,
    }
    return values.get(order, one.start_us) or 0, one.id, one


def _video_of(upload: Upload, is_download: bool) -> StoredVideo:
    """What was made of it for playing, if anything was; to be saved, the file that was uploaded."""
    media = upload.playable_media
    if is_download or upload.playable is not PlayableState.MADE or media is None:
        name = safe_name(upload.name, upload.container)
        return StoredVideo(upload.key, upload.size, f'"{upload.id}"', name, upload.media)
    name = safe_name(upload.name.removesuffix(f".{upload.container}"), media.removeprefix("video/"))
    etag = f'"{upload.id}.{upload.playable_bytes}"'
    return StoredVideo(upload.playable_key, upload.playable_bytes, etag, name, media)


def span_answer(span: Span) -> RecordingAnswer:
    return RecordingAnswer(
        id=span.id,
        source="camera",
        camera=span.camera,
        name=None,
        start_us=span.start_us,
        end_us=span.end_us,
        time_known=True,
        duration_ms=span.duration_ms,
        bytes=span.bytes,
        clips=span.clips,
        width=span.width,
        height=span.height,
        codec=RECORDED,
        complete=span.is_complete,
        container=None,
        imported_from=None,
        created_us=None,
        problem=None,
        playable=None,
        playable_note=None,
        video=None,
    )


def upload_answer(upload: Upload) -> RecordingAnswer:
    has_end = upload.t0_us is not None and upload.duration_ms is not None
    return RecordingAnswer(
        id=upload.id,
        source="upload",
        camera=None,
        name=upload.name,
        start_us=upload.start_us,
        end_us=upload.start_us + (upload.duration_ms or 0) * 1000 if has_end else None,
        time_known=upload.t0_us is not None,
        duration_ms=upload.duration_ms,
        bytes=upload.size,
        clips=None,
        width=upload.width,
        height=upload.height,
        codec=upload.codec,
        complete=None,
        container=upload.container,
        imported_from=upload.imported_from,
        created_us=upload.created_us,
        problem=upload.problem,
        playable=upload.playable,
        playable_note=upload.playable_note,
        video=f"/v1/recordings/{upload.id}/video",
    )


def recording_routes(views: RecordingViews) -> list[Route]:
    one = "/v1/recordings/<recording_id>"
    view = OnRecording(Action.RECORDING_VIEW)
    return [
        Route(
            "GET",
            "/v1/recordings",
            SignedIn(Action.RECORDING_VIEW),
            views.list_all,
            "What was recorded, as continuous spans, and what was uploaded.",
            query=RecordingQuery,
            answer=RecordingList,
            errors=(422,),
        ),
        Route(
            "POST",
            "/v1/recordings",
            Allowed(Action.RECORDING_UPLOAD),
            views.take,
            "Upload a video file: its bytes are the body.",
            query=UploadQuery,
            answer=RecordingAnswer,
            status=201,
            errors=(507,),
            raw=TAKEN,
        ),
        Route("GET", one, view, views.show, "One upload.", answer=RecordingAnswer),
        Route(
            "GET",
            f"{one}/video",
            view,
            views.video,
            "What browsers play of the upload, whole or by Range; with `download=1` the file as it was uploaded.",
            query=VideoQuery,
            media="video/*",
            errors=(416,),
        ),
        Route(
            "DELETE",
            one,
            OnRecording(Action.RECORDING_DELETE),
            views.delete,
            "Delete an upload. Results of queries on it stay.",
            status=204,
        ),
    ]

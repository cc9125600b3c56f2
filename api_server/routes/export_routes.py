"""Exports: ask, list, show, fetch, delete."""

import threading
from collections.abc import Iterator

from flask import Response
from pydantic import BaseModel

from api_server.access.permission import Action, CameraFacts, may, may_on_any
from api_server.access.rules import Allowed, OnExport, SignedIn
from api_server.access.subject import Subject
from api_server.cameras.store import CameraStore
from api_server.clips.records import ClipRecord
from api_server.clips.store import ClipStore
from api_server.exports.archive import ClipArchive, Packed
from api_server.exports.record import ExportKind, ExportRecord, ExportState, make_export_id
from api_server.exports.requests import CLIPS_MAX, FILM_CLIPS_MAX, NewExportBody
from api_server.exports.store import ExportStore
from api_server.http.errors import ApiError, not_found, unavailable
from api_server.http.route import Call, Reply, Route
from api_server.recordings.footage import Footage
from api_server.routes.media_routes import file_name
from api_server.routes.parameters import PageQuery
from api_server.routes.streaming import StoredVideo, VideoSender, safe_name
from common.clock import Clock
from common.storage.clips import VIDEO_TYPE
from common.storage.port import NotFound, ObjectStore

KEPT_S = 24 * 3600
"""An export holds what its clips hold, so it does not outlive them by more than a day's work."""
ACTIVE_MAX = 5
"""Films of one person that wait or are being made."""
ARCHIVES_MAX = 4
"""Sent at once: each holds a server thread until it is through."""
ZIP_TYPE = "application/zip"
_US = 1_000_000


class ExportAnswer(BaseModel):
    """An export. `state`: received, processing, finished, failed (`reason`). `clips`: how many were asked for; of a
    film, `clips_done` are worked in, and `notes` say what is missing in it. `file`: path, once there is something."""

    id: str
    name: str
    kind: ExportKind
    state: ExportState
    clips: int
    clips_done: int
    captions: bool
    around_ms: int | None
    created_us: int
    finished_us: int | None
    expires_us: int
    duration_ms: int | None
    bytes: int | None
    reason: str | None
    note: str | None
    notes: list[str]
    file: str | None


class ExportList(BaseModel):
    """`next`: the cursor of the following page, null on the last."""

    exports: list[ExportAnswer]
    next: str | None


class ExportViews:
    """Safe on any thread."""

    def __init__(
        self,
        exports: ExportStore,
        clips: ClipStore,
        cameras: CameraStore,
        footage: Footage,
        store: ObjectStore,
        sender: VideoSender,
        clock: Clock,
    ) -> None:
        self._exports = exports
        self._clips = clips
        self._cameras = cameras
        self._footage = footage
        self._store = store
        self._sender = sender
        self._clock = clock
        self._archives = threading.BoundedSemaphore(ARCHIVES_MAX)

    def ask(self, call: Call) -> Reply:
        wanted = call.take_body(NewExportBody)
        clips = self._wanted_clips(call.subject, wanted)
        is_film = wanted.kind is ExportKind.FILM
        if is_film and self._exports.active_of(call.subject.user_id) >= ACTIVE_MAX:
            raise ApiError(429, "too_many_films", f"{ACTIVE_MAX} films of yours wait already.", {"Retry-After": "60"})
        now_us = self._clock.wall_us()
        export = ExportRecord(
            id=make_export_id(),
            owner=call.subject.user_id,
            name=wanted.name,
            kind=wanted.kind,
            clips=tuple(clip.id for clip in clips),
            captions=wanted.captions,
            around_ms=wanted.around_ms if is_film else None,
            state=ExportState.RECEIVED if is_film else ExportState.FINISHED,
            created_us=now_us,
            finished_us=None if is_film else now_us,
            expires_us=now_us + KEPT_S * _US,
        )
        self._exports.add(export)
        return Reply(export_answer(export, now_us), 202, {"Location": f"/v1/exports/{export.id}"})

    def list_all(self, call: Call) -> Reply:
        query = call.take_query(PageQuery)
        owner = None if may_on_any(call.subject, Action.EXPORT_VIEW) else call.subject.user_id
        page = self._exports.page(owner, query.limit, query.position)
        now_us = self._clock.wall_us()
        shown = [e for e in page.items if may(call.subject, Action.EXPORT_VIEW, e.facts)]
        answers = [export_answer(export, now_us) for export in shown]
        return Reply(ExportList(exports=answers, next=page.next.encode() if page.next is not None else None))

    def show(self, call: Call) -> Reply:
        return Reply(export_answer(call.export, self._clock.wall_us()))

    def file(self, call: Call) -> Response:
        export = call.export
        if export.state is not ExportState.FINISHED:
            raise ApiError(409, "not_finished", f"The export is {export.state.value}: there is no file.")
        clips = [(clip_id, self._visible(call.subject, clip_id)) for clip_id in export.clips]
        found = [clip for _, clip in clips if clip is not None]
        missing = [clip_id for clip_id, clip in clips if clip is None]
        if export.kind is ExportKind.FILM:
            return self._film(export, is_whole=not missing)
        return self._zip(export, found, missing)

    def delete(self, call: Call) -> Reply:
        self._exports.hide(call.export.id)
        return Reply()

    def _film(self, export: ExportRecord, is_whole: bool) -> Response:
        if not is_whole:
            # It shows what was deleted, or what its owner may not see any more.
            raise ApiError(409, "clips_gone", "A clip of this film was deleted or is not yours any more. Ask again.")
        try:
            info = self._store.head(export.film_key)
        except NotFound as error:
            raise not_found() from error
        name = safe_name(export.name, "mp4")
        video = StoredVideo(export.film_key, info.size, f'"{export.id}"', name, VIDEO_TYPE)
        return self._sender.send(video, is_download=True)

    def _zip(self, export: ExportRecord, found: list[ClipRecord], missing: list[str]) -> Response:
        names: dict[str, int] = {}
        packed = [Packed(clip, _unique(file_name(clip), names), _says(clip)) for clip in found]
        archive = ClipArchive(self._store, export.name, packed, missing, self._clock.wall_us())
        if not self._archives.acquire(blocking=False):
            raise unavailable(f"{ARCHIVES_MAX} archives are being fetched already. Try again in a moment.")
        headers = {
            "Content-Disposition": f'attachment; filename="{safe_name(export.name, "zip")}"',
            "Cache-Control": "no-store",
        }
        return Response(_Sending(archive.chunks(), self._archives), headers=headers, mimetype=ZIP_TYPE)

    def _wanted_clips(self, subject: Subject, wanted: NewExportBody) -> list[ClipRecord]:
        """Raises ApiError 404 for what is not there or not theirs, 422 for nothing or too much."""
        if wanted.clips:
            clips = [self._visible(subject, clip_id) for clip_id in wanted.clips]
            if any(clip is None for clip in clips):
                raise not_found()
            return [clip for clip in clips if clip is not None]
        camera = self._cameras.get(wanted.camera or "")
        if camera is None or not may(subject, Action.CLIP_VIEW, camera.facts):
            raise not_found()
        most = FILM_CLIPS_MAX if wanted.kind is ExportKind.FILM else CLIPS_MAX
        span = ((wanted.from_ms or 0) * 1000, (wanted.to_ms or 0) * 1000)
        found = self._footage.between({camera.id}, *span, most + 1)
        if not found:
            raise ApiError(422, "nothing_recorded", "Nothing was recorded by this camera in that time.")
        if len(found) > most:
            raise ApiError(422, "too_much", f"That time has more than {most} clips. Ask for less.")
        return found

    def _visible(self, subject: Subject, clip_id: str) -> ClipRecord | None:
        clip = self._clips.get(clip_id)
        if clip is None:
            return None
        camera = self._cameras.get(clip.camera)
        facts = camera.facts if camera is not None else CameraFacts(clip.camera, "")
        return clip if may(subject, Action.CLIP_VIEW, facts) else None


def export_answer(export: ExportRecord, now_us: int) -> ExportAnswer:
    return ExportAnswer.model_validate(
        {
            **export.model_dump(exclude={"clips", "bytes"}),
            "clips": len(export.clips),
            "bytes": export.bytes or None,
            "note": _note(export, now_us),
            "file": f"/v1/exports/{export.id}/file" if export.state is ExportState.FINISHED else None,
        }
    )


def _note(export: ExportRecord, now_us: int) -> str | None:
    if export.state is ExportState.RECEIVED and now_us - export.created_us > 10 * _US:
        return "It waits for the film worker, which is at another film or does not run here: see docs/api.md."
    return None


def _says(clip: ClipRecord) -> dict[str, object]:
    """What the manifest says of a clip."""
    names = {"analysis", "camera", "start_ms", "length_ms", "t0_us", "duration_ms", "frame_count", "complete"}
    return {"clip": clip.id, **clip.model_dump(mode="json", include=names)}


def _unique(name: str, taken: dict[str, int]) -> str:
    """`name`, numbered where two clips begin in the same second."""
    taken[name] = taken.get(name, 0) + 1
    stem, _, ending = name.rpartition(".")
    return name if taken[name] == 1 else f"{stem}_{taken[name]}.{ending}"


class _Sending(Iterator[bytes]):
    """The chunks of one archive; gives its place back when it is closed, which the server does however it ends."""

    def __init__(self, chunks: Iterator[bytes], places: threading.BoundedSemaphore) -> None:
        self._chunks = chunks
        self._places = places
        self._is_open = True

    def __next__(self) -> bytes:
        return next(self._chunks)

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._places.release()
            close = getattr(self._chunks, "close", None)
            if close is not None:
                close()


def export_routes(views: ExportViews) -> list[Route]:
    one = "/v1/exports/<export_id>"
    view = OnExport(Action.EXPORT_VIEW)
    return [
        Route(
            "POST",
            "/v1/exports",
            Allowed(Action.EXPORT_CREATE),
            views.ask,
            "Export clips, or what a camera recorded in a time, as a zip or as one film.",
            body=NewExportBody,
            answer=ExportAnswer,
            status=202,
            errors=(404, 422, 429),
        ),
        Route(
            "GET",
            "/v1/exports",
            SignedIn(Action.EXPORT_VIEW),
            views.list_all,
            "Exports, the newest first.",
            query=PageQuery,
            answer=ExportList,
        ),
        Route("GET", one, view, views.show, "One export and how far it is.", answer=ExportAnswer),
        Route(
            "GET",
            f"{one}/file",
            view,
            views.file,
            "The zip with its manifest, or the film.",
            media=ZIP_TYPE,
            errors=(409,),
        ),
        Route("DELETE", one, OnExport(Action.EXPORT_DELETE), views.delete, "Delete an export.", status=204),
    ]

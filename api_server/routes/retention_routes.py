"""What is kept, for how long, and what the oldest of it is."""

from pydantic import BaseModel

from api_server.access.permission import Action, may, may_on_any
from api_server.access.rules import SignedIn
from api_server.cameras.camera import Camera
from api_server.cameras.store import CameraStore
from api_server.clips.records import ClipRecord
from api_server.clips.store import ClipStore
from api_server.http.route import Call, Reply, Route
from api_server.indexer.retention import RETENTION_SLACK_MS, Footprint, Kept
from api_server.routes.parameters import LongPageQuery
from common.clock import Clock
from common.contracts.camera_settings import DEFAULT_EVERY_MS

_HOUR_MS = 3_600_000


class OldestClip(BaseModel):
    """Of one camera and analysis: how long clips are kept (`own`: its camera says so), and the oldest there is that is
    not held. `overdue`: it should be gone; the indexer is behind, or not running."""

    camera: str
    analysis: str
    hours: int
    own: bool
    oldest: str | None
    oldest_ms: int | None
    overdue: bool


class BytesStored(BaseModel):
    """What counts against `cap`, in bytes."""

    cap: int
    used: int
    clips: int
    uploads: int
    results: int
    films: int


class RetentionAnswer(BaseModel):
    """`next`: the cursor of the following lines, null on the last page. What is said of all of it stands on the first
    page, and is null on the others. `held`: clips that nothing takes away. `bytes` and `oldest_upload_us` are of
    everybody, so they are null for who may not see every camera."""

    clips: list[OldestClip]
    next: str | None
    held: int | None
    empty_hours: int
    upload_hours: int
    oldest_upload_us: int | None
    bytes: BytesStored | None


class RetentionViews:
    """Safe on any thread."""

    def __init__(self, cameras: CameraStore, clips: ClipStore, footprint: Footprint, kept: Kept, clock: Clock) -> None:
        self._cameras = cameras
        self._clips = clips
        self._footprint = footprint
        self._kept = kept
        self._clock = clock

    def show(self, call: Call) -> Reply:
        query = call.take_query(LongPageQuery)
        cameras = [c for c in self._cameras.active() if may(call.subject, Action.CAMERA_VIEW, c.facts)]
        lines = ((camera, analysis) for camera in cameras for analysis in _analyses(camera))
        shown, cursor = query.cut(lines, _place, rises=True)
        is_first = query.cursor is None
        sees_all = is_first and may_on_any(call.subject, Action.CAMERA_VIEW)
        uploads = self._footprint.uploads.live() if sees_all else []
        return Reply(
            RetentionAnswer(
                clips=[self._line(camera, analysis) for camera, analysis in shown],
                next=cursor,
                held=self._clips.held_of(*(camera.id for camera in cameras)) if is_first else None,
                empty_hours=self._kept.empty_ms // _HOUR_MS,
                upload_hours=self._kept.upload_ms // _HOUR_MS,
                oldest_upload_us=min((upload.created_us for upload in uploads), default=None),
                bytes=self._bytes() if sees_all else None,
            )
        )

    def _line(self, camera: Camera, analysis: str) -> OldestClip:
        own = camera.retention_hours.get(analysis)
        hours = own if own is not None else self._kept.analysis_ms(analysis) // _HOUR_MS
        oldest: ClipRecord | None = self._clips.oldest(camera.id, analysis)
        latest_ms = self._clock.wall_us() // 1000 - hours * _HOUR_MS - RETENTION_SLACK_MS
        return OldestClip(
            camera=camera.id,
            analysis=analysis,
            hours=hours,
            own=own is not None,
            oldest=oldest.id if oldest is not None else None,
            oldest_ms=oldest.start_ms if oldest is not None else None,
            overdue=oldest is not None and oldest.end_ms < latest_ms,
        )

    def _bytes(self) -> BytesStored:
        clips, uploads = self._clips.total_bytes(), self._footprint.uploads.total_bytes()
        results, films = self._footprint.queries.total_bytes(), self._footprint.exports.total_bytes()
        return BytesStored(
            cap=self._kept.footage_bytes,
            used=clips + uploads + results + films,
            clips=clips,
            uploads=uploads,
            results=results,
            films=films,
        )


def _analyses(camera: Camera) -> set[str]:
    """Those that are switched on, and those that a time is set for: footage of one that was switched off is kept on."""
    return {analysis.name for analysis in camera.analyses} | set(camera.retention_hours)


def _place(line: tuple[Camera, str]) -> tuple[int, str]:
    """By camera, and its analyses as elsewhere."""
    camera, analysis = line
    rank = list(DEFAULT_EVERY_MS).index(analysis) if analysis in DEFAULT_EVERY_MS else 99
    return camera.created_us, f"{camera.id} {rank:02} {analysis}"


def retention_routes(views: RetentionViews) -> list[Route]:
    return [
        Route(
            "GET",
            "/v1/retention",
            SignedIn(Action.CAMERA_VIEW),
            views.show,
            "How long clips are kept, and the oldest there is of each camera and analysis.",
            query=LongPageQuery,
            answer=RetentionAnswer,
        )
    ]

"""Searching sightings."""

from pydantic import BaseModel, Field

from api_server.access.permission import Action
from api_server.access.rules import SignedIn
from api_server.cameras.store import CameraStore
from api_server.clips.records import SightingRecord
from api_server.clips.store import ClipStore, Page
from api_server.http.route import Call, Reply, Route
from api_server.routes.parameters import ListQuery
from api_server.routes.visible import permitted_filter
from common.contracts.detection import Box


class SightingAnswer(BaseModel):
    """One tracked thing within one clip. Times are µs of the camera's claim; `at_ms`: where in the clip it is best."""

    id: str
    clip: str
    n: int
    analysis: str
    camera: str
    kind: str
    label: str | None
    text: str | None
    confidence: float
    scores: dict[str, float] | None
    first_us: int
    last_us: int
    frames: int
    box: Box
    at_ms: int
    track: int
    crop: str = Field(description="Path of its best crop.")
    video: str = Field(description="Path of the clip's video.")


class SightingList(BaseModel):
    """`next`: the cursor of the following page, null on the last."""

    sightings: list[SightingAnswer]
    next: str | None


class SightingQuery(ListQuery):
    """Filters of `GET /v1/sightings`."""


def sighting_answer(record: SightingRecord) -> SightingAnswer:
    return SightingAnswer(
        id=record.id,
        clip=record.clip,
        n=record.n,
        analysis=record.analysis,
        camera=record.camera,
        kind=record.kind,
        label=record.label,
        text=record.text,
        confidence=record.confidence,
        scores=record.scores,
        first_us=record.first_us,
        last_us=record.last_us,
        frames=record.frames,
        box=record.box,
        at_ms=record.best_pts_ms,
        track=record.track,
        crop=f"/v1/clips/{record.clip}/crops/{record.n}",
        video=f"/v1/clips/{record.clip}/video",
    )


def sighting_routes(cameras: CameraStore, clips: ClipStore) -> list[Route]:
    """`GET /v1/sightings`."""

    def search(call: Call) -> Reply:
        query = call.take_query(SightingQuery)
        wanted = permitted_filter(cameras, call.subject, Action.CLIP_VIEW, query)
        page = clips.sightings_page(wanted, query.limit, query.position) if wanted is not None else Page([], None)
        return Reply(
            SightingList(
                sightings=[sighting_answer(record) for record in page.items],
                next=page.next.encode() if page.next is not None else None,
            )
        )

    return [
        Route(
            "GET",
            "/v1/sightings",
            SignedIn(Action.CLIP_VIEW),
            search,
            "Sightings, the newest first.",
            query=SightingQuery,
            answer=SightingList,
        )
    ]

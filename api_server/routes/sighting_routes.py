"""Searching sightings."""

from dataclasses import replace

from pydantic import BaseModel, Field

from api_server.access.permission import Action
from api_server.access.rules import SignedIn
from api_server.cameras.store import CameraStore
from api_server.clips.person_name import person_of
from api_server.clips.records import SightingRecord
from api_server.clips.store import ClipStore, Page
from api_server.http.route import Call, Reply, Route
from api_server.queries.record import QueryRecord, QuerySightingRecord, QueryState
from api_server.queries.store import QueryStore
from api_server.routes.parameters import ListQuery
from api_server.routes.visible import permitted_filter, sighting_filter, visible_query
from common.contracts.detection import Box
from common.contracts.segment_job import QUERY_ID_PATTERN


class SightingAnswer(BaseModel):
    """One tracked thing within one clip, or within the result of a `query`, which has no clip and no crop, and no
    camera when it ran on an upload. Times are µs of the camera's claim (of an upload whose time nobody knows, since its
    start); `at_ms`: where in the video it is best."""

    id: str
    clip: str | None
    query: str | None
    n: int
    analysis: str
    camera: str | None
    kind: str
    label: str | None
    text: str | None
    person: str | None = Field(None, description="Who it is, of analysis `recognition`.")
    confidence: float
    scores: dict[str, float] | None
    first_us: int
    last_us: int
    frames: int
    box: Box
    at_ms: int
    track: int
    crop: str | None = Field(description="Path of its best crop.")
    video: str = Field(description="Path of the clip's, or result's, video.")


class SightingList(BaseModel):
    """`next`: the cursor of the following page, null on the last."""

    sightings: list[SightingAnswer]
    next: str | None


class SightingQuery(ListQuery):
    """Filters of `GET /v1/sightings`. `query`: what that query found, not what was found when it was recorded."""

    query: str | None = Field(None, pattern=QUERY_ID_PATTERN)


def sighting_answer(record: SightingRecord) -> SightingAnswer:
    return SightingAnswer(
        id=record.id,
        clip=record.clip,
        query=None,
        n=record.n,
        analysis=record.analysis,
        camera=record.camera,
        kind=record.kind,
        label=record.label,
        text=record.text,
        person=record.person,
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


def sighting_of_result(query: QueryRecord, record: QuerySightingRecord) -> SightingAnswer:
    return SightingAnswer.model_validate(
        {
            **record.model_dump(),
            "clip": None,
            "query": query.id,
            "analysis": query.question.analysis,
            "camera": query.camera,
            "person": person_of(query.question.analysis, record.label),
            "at_ms": record.best_pts_ms,
            "crop": None,
            "video": f"/v1/queries/{query.id}/video",
        }
    )


def sighting_routes(cameras: CameraStore, clips: ClipStore, queries: QueryStore) -> list[Route]:
    """`GET /v1/sightings`."""

    def search(call: Call) -> Reply:
        query = call.take_query(SightingQuery)
        if query.query is not None:
            return search_result(call, query)
        wanted = permitted_filter(cameras, call.subject, Action.CLIP_VIEW, query)
        page: Page[SightingRecord] = Page([], None)
        if wanted is not None:
            page = clips.sightings_page(wanted, query.limit, query.position, query.sort)
        return Reply(
            SightingList(
                sightings=[sighting_answer(record) for record in page.items],
                next=page.next.encode() if page.next is not None else None,
            )
        )

    def search_result(call: Call, query: SightingQuery) -> Reply:
        """What a query found is searched like everything else, by who may see the query."""
        asked = visible_query(cameras, queries, call.subject, query.query or "")
        is_of_it = query.camera in (None, asked.camera) and query.analysis in (None, asked.question.analysis)
        wanted = sighting_filter(query, asked.question.analysis)
        if asked.state is not QueryState.FINISHED or not is_of_it or wanted is None:
            return Reply(SightingList(sightings=[], next=None))
        # All of a result is of one analysis, and no document of it says which.
        where = replace(wanted, analysis=None).where()
        page = queries.search_page(asked.id, where, query.limit, query.position, query.sort)
        return Reply(
            SightingList(
                sightings=[sighting_of_result(asked, record) for record in page.items],
                next=page.next.encode() if page.next is not None else None,
            )
        )

    return [
        Route(
            "GET",
            "/v1/sightings",
            SignedIn(Action.CLIP_VIEW),
            search,
            "Sightings, by when they were first seen; of clips, or of one query's result.",
            query=SightingQuery,
            answer=SightingList,
            errors=(404,),
        )
    ]

"""Clips: list, show, delete. What is played is in `media_routes`."""

from typing import Literal

from pydantic import BaseModel, Field

from api_server.access.permission import Action
from api_server.access.rules import OnClip, SignedIn
from api_server.cameras.requests import Asked, Name
from api_server.cameras.store import CameraStore
from api_server.clips.holds import Holds
from api_server.clips.records import ClipRecord
from api_server.clips.store import ClipStore, Page
from api_server.http.errors import ApiError, not_found
from api_server.http.route import Call, Reply, Route
from api_server.routes.parameters import ListQuery
from api_server.routes.sighting_routes import SightingAnswer, sighting_answer
from api_server.routes.visible import permitted_filter


class ModelAnswer(BaseModel):
    """Which weights spoke."""

    name: str
    version: str
    sha256: str


class ClipAnswer(BaseModel):
    """A stored clip. `start_ms` and `length_ms` are its window in log time; `t0_us` is the capture time of its first
    frame and of presentation time 0. `complete`: no gap fell into it. `counts`: how many frames had which fate."""

    id: str
    analysis: str
    camera: str
    start_ms: int
    length_ms: int
    remainder: int
    t0_us: int
    first_captured_us: int
    last_captured_us: int
    duration_ms: int
    frame_count: int
    counts: dict[str, int]
    width: int
    height: int
    video_bytes: int
    complete: bool
    settings_version: int
    model: ModelAnswer | None
    notes: list[str]
    sighting_count: int
    indexed_us: int = Field(description="When it was first listed.")
    held_us: int | None = Field(description="Since when nothing may take it away.")
    hold_reason: str | None
    video: str
    poster: str
    sidecar: str


class ClipWithSightings(ClipAnswer):
    sightings: list[SightingAnswer]


class ClipList(BaseModel):
    """`next`: the cursor of the following page, null on the last."""

    clips: list[ClipAnswer]
    next: str | None


class HoldBody(Asked):
    """Why a clip is held: a case, a date."""

    reason: Name


class ClipQuery(ListQuery):
    """Filters of `GET /v1/clips`. `sightings=any` shows analysis clips without sightings too."""

    sightings: Literal["some", "any"] = "some"


def held() -> ApiError:
    return ApiError(409, "held", "The clip is held. Whoever may do so has to release it first.")


def clip_fields(record: ClipRecord) -> dict[str, object]:
    """Everything of the record and where its parts are; the answer's model lets through what it names."""
    path = f"/v1/clips/{record.id}"
    parts = {"video": f"{path}/video", "poster": f"{path}/poster", "sidecar": f"{path}/sidecar"}
    return record.model_dump() | parts


def clip_routes(cameras: CameraStore, clips: ClipStore, holds: Holds) -> list[Route]:
    """`GET /v1/clips`, `GET` and `DELETE /v1/clips/{clip_id}`, and its hold."""

    def list_clips(call: Call) -> Reply:
        query = call.take_query(ClipQuery)
        wanted = permitted_filter(cameras, call.subject, Action.CLIP_VIEW, query)
        shows_empty = query.sightings == "any"
        page: Page[ClipRecord] = Page([], None)
        if wanted is not None:
            page = clips.page(wanted, shows_empty, query.limit, query.position, query.sort)
        return Reply(
            ClipList(
                clips=[ClipAnswer.model_validate(clip_fields(record)) for record in page.items],
                next=page.next.encode() if page.next is not None else None,
            )
        )

    def show(call: Call) -> Reply:
        found = [sighting_answer(record) for record in clips.sightings_of(call.clip.id)]
        record = clips.get(call.clip.id) or call.clip
        return Reply(ClipWithSightings.model_validate({**clip_fields(record), "sightings": found}))

    def delete(call: Call) -> Reply:
        if holds.is_held(call.clip):
            raise held()
        if not clips.hide_window(call.clip, f"deleted by {call.subject.user_id}"):
            # Deleted by somebody else, or held, at this moment.
            left = clips.get(call.clip.id)
            if left is not None and left.held_us is not None:
                raise held()
        return Reply()

    def hold(call: Call) -> Reply:
        if not holds.hold(call.clip, call.subject.user_id, call.take_body(HoldBody).reason):
            raise not_found()
        return show(call)

    def release(call: Call) -> Reply:
        holds.release(call.clip)
        return Reply()

    one = "/v1/clips/<clip_id>"
    return [
        Route(
            "GET",
            "/v1/clips",
            SignedIn(Action.CLIP_VIEW),
            list_clips,
            "Clips, by their time. Analysis clips without sightings are left out unless asked for.",
            query=ClipQuery,
            answer=ClipList,
        ),
        Route("GET", one, OnClip(Action.CLIP_VIEW), show, "One clip and its sightings.", answer=ClipWithSightings),
        Route(
            "DELETE",
            one,
            OnClip(Action.CLIP_DELETE),
            delete,
            "Delete a clip: it is gone at once and does not come back when its log is read anew. Not while it is held.",
            status=204,
            errors=(409,),
        ),
        Route(
            "PUT",
            f"{one}/hold",
            OnClip(Action.CLIP_HOLD),
            hold,
            "Hold a clip: nothing takes it away, neither its age nor a person, until it is released.",
            body=HoldBody,
            answer=ClipWithSightings,
        ),
        Route("DELETE", f"{one}/hold", OnClip(Action.CLIP_HOLD), release, "Release a clip that is held.", status=204),
    ]

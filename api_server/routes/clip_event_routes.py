"""Following the lists of clips and sightings: that something new is in them, not what."""

from dataclasses import dataclass

from flask import Response
from pydantic import BaseModel

from api_server.access.permission import Action, may
from api_server.access.rules import SignedIn
from api_server.access.subject import Subject
from api_server.cameras.store import CameraStore
from api_server.clips.arrivals import Arrival, Arrivals
from api_server.clips.store import ClipStore
from api_server.http.event_stream import MEDIA, EventStreams, Look
from api_server.http.recheck import Recheck
from api_server.http.route import Call, Route
from common.clock import Clock

EVENT = "clips"
LOOK_EVERY_S = 0.2
"""An announced clip is looked for in the database this often, by its id."""
RECHECK_S = 1.0
"""Between two looks at whether the person still is who they were."""
PATIENCE_S = 30.0
"""For the indexer to list a clip that was announced; after that it comes with the page's own asking."""


class ArrivalsSeen(BaseModel):
    """How many clips were listed since the stream began, and the last of them."""

    count: int = 0
    newest: str | None = None


@dataclass(frozen=True, slots=True)
class _Expected:
    arrival: Arrival
    until_s: float


class _Following:
    """What one stream has told. One thread."""

    def __init__(
        self, call: Call, cameras: CameraStore, clips: ClipStore, arrivals: Arrivals, recheck: Recheck, clock: Clock
    ) -> None:
        self._call = call
        self._cameras = cameras
        self._clips = clips
        self._arrivals = arrivals
        self._recheck = recheck
        self._clock = clock
        self._at = arrivals.newest
        self._expected: list[_Expected] = []
        self._subject = call.subject
        self._checked_s = clock.monotonic_s()
        self._seen = ArrivalsSeen()

    def look(self) -> Look:
        """Raises ApiError, Transient."""
        now_s = self._clock.monotonic_s()
        fresh = self._arrivals.after(self._at)
        if fresh or now_s - self._checked_s >= RECHECK_S:
            self._subject, self._checked_s = self._recheck.subject(self._call), now_s
        if fresh:
            mine = [one for one in fresh if self._may_see(self._subject, one.camera)]
            self._expected += [_Expected(one, now_s + PATIENCE_S) for one in mine]
            self._at = fresh[-1].number
        listed = [one.arrival for one in self._expected if self._clips.get(one.arrival.clip) is not None]
        self._expected = [one for one in self._expected if one.arrival not in listed and now_s < one.until_s]
        if listed:
            self._seen = ArrivalsSeen(count=self._seen.count + len(listed), newest=listed[-1].clip)
        return Look(EVENT, self._seen.model_dump_json(), is_last=False)

    def _may_see(self, subject: Subject, camera_id: str) -> bool:
        camera = self._cameras.get(camera_id)
        return camera is not None and may(subject, Action.CLIP_VIEW, camera.facts)


class ClipEventViews:
    """Safe on any thread."""

    def __init__(
        self,
        cameras: CameraStore,
        clips: ClipStore,
        arrivals: Arrivals,
        recheck: Recheck,
        streams: EventStreams,
        clock: Clock,
    ) -> None:
        self._cameras = cameras
        self._clips = clips
        self._arrivals = arrivals
        self._recheck = recheck
        self._streams = streams
        self._clock = clock

    def follow(self, call: Call) -> Response:
        following = _Following(call, self._cameras, self._clips, self._arrivals, self._recheck, self._clock)
        return self._streams.send(call.subject.user_id, following.look, LOOK_EVERY_S)


def clip_event_routes(views: ClipEventViews) -> list[Route]:
    """`GET /v1/clips/events`."""
    return [
        Route(
            "GET",
            "/v1/clips/events",
            SignedIn(Action.CLIP_VIEW),
            views.follow,
            "Be told when a clip is listed, by server-sent events: `clips`, how many so far; `gone`, signed out.",
            media=MEDIA,
        )
    ]

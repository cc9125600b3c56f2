"""Every purpose of an analysis of people that was stated: of cameras, of queries, of single pictures."""

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel

from api_server.access.permission import Action, CameraFacts, may, may_on_any
from api_server.access.rules import SignedIn
from api_server.access.subject import Subject
from api_server.accounts.users import Users
from api_server.cameras.store import CameraStore
from api_server.http.route import Call, Reply, Route
from api_server.pictures.purposes import PurposeStore
from api_server.queries.record import SHOWN
from api_server.queries.store import QueryStore
from api_server.routes.parameters import PageQuery
from common.clock import Clock
from common.contracts.camera_settings import PURPOSE_FIELDS, Purpose, purpose_of


class PurposeLine(BaseModel):
    """`subject`: camera, query (`id`, and the `name` of what it is on) or pictures. `analysis`: emotion or recognition.
    `by`: who stated it, or owns the camera; null when the account is gone. `expired`: nothing is analysed for it any
    more."""

    subject: Literal["camera", "query", "pictures"]
    analysis: str
    id: str
    name: str
    by: str | None
    text: str
    expires_us: int
    expired: bool


class PurposeList(BaseModel):
    """`next`: the cursor of the following page, null on the last."""

    purposes: list[PurposeLine]
    next: str | None


class PurposeViews:
    """Safe on any thread."""

    def __init__(
        self, cameras: CameraStore, queries: QueryStore, purposes: PurposeStore, users: Users, clock: Clock
    ) -> None:
        self._cameras = cameras
        self._queries = queries
        self._purposes = purposes
        self._users = users
        self._clock = clock

    def list_all(self, call: Call) -> Reply:
        query, names, now_us = call.take_query(PageQuery), self._users.names(), self._clock.wall_us()
        lines = [
            PurposeLine(
                subject=subject,
                analysis=analysis,
                id=thing_id,
                name=name,
                by=names.get(user_id),
                text=purpose.text,
                expires_us=purpose.expires_us,
                expired=purpose.expires_us <= now_us,
            )
            for subject, analysis, thing_id, name, user_id, purpose in self._stated(call.subject)
        ]
        # A camera may have two, which end together.
        shown, cursor = query.cut(lines, lambda line: (line.expires_us, f"{line.id}.{line.analysis}"))
        return Reply(PurposeList(purposes=shown, next=cursor))

    def _stated(
        self, person: Subject
    ) -> Iterator[tuple[Literal["camera", "query", "pictures"], str, str, str, str, Purpose]]:
        cameras = {camera.id: camera for camera in self._cameras.active()}
        for camera in cameras.values():
            for analysis in PURPOSE_FIELDS:
                stated = purpose_of(camera, analysis)
                if stated is not None and may(person, Action.CAMERA_VIEW, camera.facts):
                    yield "camera", analysis, camera.id, camera.name, camera.owner, stated
        for query in self._queries.in_state(*SHOWN):
            stated = query.question.purpose
            on = cameras.get(query.camera or "")
            facts = on.facts if on is not None else CameraFacts("", query.owner)
            if stated is not None and may(person, Action.QUERY_VIEW, facts):
                asked = query.question
                yield "query", asked.analysis, query.id, asked.name, asked.asked_by, stated
        user_id = None if may_on_any(person, Action.CAMERA_VIEW) else person.user_id
        for one in self._purposes.listed(user_id):
            purpose = Purpose(text=one.text, expires_us=one.expires_us)
            yield "pictures", one.analysis, one.id, "single pictures", one.user, purpose


def purpose_routes(views: PurposeViews) -> list[Route]:
    return [
        Route(
            "GET",
            "/v1/purposes",
            SignedIn(Action.CAMERA_VIEW),
            views.list_all,
            "Why, and until when, emotions and known faces are looked for; those that hold longest first.",
            query=PageQuery,
            answer=PurposeList,
        )
    ]

"""Tokens for the live picture."""

from typing import Annotated

from flask import request
from pydantic import BaseModel, ConfigDict, Field

from api_server.access.permission import Action, may
from api_server.access.rules import SignedIn
from api_server.access.subject import Subject
from api_server.accounts.users import Users
from api_server.cameras.live_leases import LiveLeases
from api_server.cameras.store import CameraStore
from api_server.http.errors import ApiError, not_found
from api_server.http.headers import signalling_origin
from api_server.http.route import Call, Reply, Route
from common.clock import Clock
from common.contracts.identity import CAMERA_ID_PATTERN
from common.contracts.live_token import LIVE_TOKEN_S, LiveGrant, sign_grant

CAMERAS_MAX = 64


CameraId = Annotated[str, Field(pattern=CAMERA_ID_PATTERN)]


class LiveWish(BaseModel):
    """The body of `POST /v1/live-token`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    cameras: list[CameraId] = Field(min_length=1, max_length=CAMERAS_MAX)


class LiveToken(BaseModel):
    """`token` goes into the first WebSocket message to `url`, never into an address. `expires_s`: s since 1970."""

    token: str
    url: str
    expires_s: int


def live_routes(
    cameras: CameraStore,
    users: Users,
    leases: LiveLeases,
    signing_key: bytes | None,
    signalling_port: int,
    clock: Clock,
) -> list[Route]:
    """`POST /v1/live-token`. `signing_key` None: there is no live picture, 503."""

    def require_all(subject: Subject, wanted: tuple[str, ...]) -> None:
        for camera_id in wanted:
            camera = cameras.get(camera_id)
            if camera is None or not may(subject, Action.LIVE_WATCH, camera.facts):
                raise not_found()

    def make(call: Call) -> Reply:
        wanted = tuple(dict.fromkeys(call.take_body(LiveWish).cameras))
        require_all(call.subject, wanted)
        if signing_key is None:
            raise ApiError(503, "no_live_picture", "LOOKOUT_SIGNING_KEY is not set, so nobody can watch live.")
        expires_s = clock.wall_us() // 1_000_000 + LIVE_TOKEN_S
        leases.hand_out(call.subject.user_id, wanted, expires_s)
        # Asked anew: who withdrew a grant since this request began did not see the lease yet.
        account = users.get(call.subject.user_id)
        if account is None or not account.is_active:
            raise not_found()
        require_all(account.subject, wanted)
        token = sign_grant(LiveGrant(call.subject.user_id, wanted, expires_s), signing_key)
        url = f"{signalling_origin(request, signalling_port)}/v1/live"
        return Reply(LiveToken(token=token, url=url, expires_s=expires_s), 201)

    return [
        Route(
            "POST",
            "/v1/live-token",
            SignedIn(Action.LIVE_WATCH),
            make,
            "A token to watch cameras live for five minutes.",
            body=LiveWish,
            answer=LiveToken,
            status=201,
            errors=(404,),
        )
    ]

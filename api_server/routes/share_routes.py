"""Share links: made, listed and withdrawn by who may share the clip; played by whoever holds the link."""

from typing import Annotated

from flask import Response, render_template, request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api_server.access.permission import Action, CameraFacts, may
from api_server.access.rules import OnClip, Public
from api_server.accounts.users import Users
from api_server.audit.auditor import Auditor
from api_server.audit.entry import Note
from api_server.cameras.store import CameraStore
from api_server.clips.records import ClipRecord
from api_server.clips.store import ClipStore
from api_server.http.errors import ApiError, not_found
from api_server.http.route import Call, Reply, Route
from api_server.routes.media_routes import clip_video
from api_server.routes.parameters import LongPageQuery
from api_server.routes.streaming import VideoQuery, VideoSender
from api_server.shares.record import ShareRecord, hash_share_token, make_share_id, make_share_token
from api_server.shares.store import ShareStore
from common.clock import Clock
from common.storage.clips import VIDEO_TYPE

HOURS_MAX = 30 * 24
OPEN_MAX = 50
"""Links to one clip that work at once."""
_HOUR_US = 3600 * 1_000_000


def _printable(text: str) -> str:
    if text and not text.isprintable():
        raise ValueError("must have no character that cannot be shown")
    return text


class NewShareBody(BaseModel):
    """How long a link works, and what it is for."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    hours: int = Field(default=24, ge=1, le=HOURS_MAX)
    note: Annotated[str, Field(max_length=200), AfterValidator(_printable)] = ""


class ShareAnswer(BaseModel):
    """A link to a clip. `open`: it works now. `plays`: how often it was begun to be played."""

    id: str
    clip: str
    made_by: str | None
    note: str
    created_us: int
    expires_us: int
    withdrawn_us: int | None
    plays: int
    last_played_us: int | None
    open: bool


class ShareWithLink(ShareAnswer):
    """`path`: the link below this server's address, shown this once."""

    path: str


class ShareList(BaseModel):
    """`next`: the cursor of the following page, null on the last."""

    shares: list[ShareAnswer]
    next: str | None


class SharedClip(BaseModel):
    """What the holder of a link learns beside the video."""

    t0_us: int
    duration_ms: int
    width: int
    height: int
    expires_us: int
    video: str


class ShareViews:
    """Safe on any thread."""

    def __init__(
        self,
        shares: ShareStore,
        clips: ClipStore,
        cameras: CameraStore,
        users: Users,
        sender: VideoSender,
        auditor: Auditor,
        clock: Clock,
    ) -> None:
        self._shares = shares
        self._clips = clips
        self._cameras = cameras
        self._users = users
        self._sender = sender
        self._auditor = auditor
        self._clock = clock

    def make(self, call: Call) -> Reply:
        wanted = call.take_body(NewShareBody)
        if self._shares.open_of_clip(call.clip.id) >= OPEN_MAX:
            raise ApiError(409, "too_many_links", f"This clip has {OPEN_MAX} links already. Withdraw one first.")
        token, now_us = make_share_token(), self._clock.wall_us()
        share = ShareRecord(
            id=make_share_id(),
            token_hash=hash_share_token(token),
            clip=call.clip.id,
            camera=call.clip.camera,
            made_by=call.subject.user_id,
            note=wanted.note,
            created_us=now_us,
            expires_us=now_us + wanted.hours * _HOUR_US,
        )
        self._shares.add(share)
        fields = self._fields(share, self._users.names())
        return Reply(ShareWithLink.model_validate({**fields, "path": f"/s/{token}"}), 201)

    def list_all(self, call: Call) -> Reply:
        names, query = self._users.names(), call.take_query(LongPageQuery)
        page = self._shares.page(call.clip.id, query.limit, query.position)
        return Reply(
            ShareList(
                shares=[ShareAnswer.model_validate(self._fields(share, names)) for share in page.items],
                next=page.next.encode() if page.next is not None else None,
            )
        )

    def withdraw(self, call: Call) -> Reply:
        if not self._shares.withdraw(str(call.path["share_id"]), call.clip.id):
            raise not_found()
        return Reply()

    # For whoever holds the link

    def page(self, call: Call) -> Response:
        share, clip = self._opened(call)
        token = str(call.path["token"])
        page = render_template("shared.html", title="Shared clip", clip=clip, share=share, token=token)
        return Response(page, mimetype="text/html", headers={"X-Robots-Tag": "noindex"})

    def show(self, call: Call) -> Reply:
        share, clip = self._opened(call)
        return Reply(
            SharedClip(
                t0_us=clip.t0_us,
                duration_ms=clip.duration_ms,
                width=clip.width,
                height=clip.height,
                expires_us=share.expires_us,
                video=f"/v1/shared/{call.path['token']}/video",
            )
        )

    def video(self, call: Call) -> Response:
        share, clip = self._opened(call)
        if request.method == "GET" and request.headers.get("Range", "bytes=0-").startswith("bytes=0-"):
            self._shares.note_play(share.id)
        if request.method == "GET":
            # Before anything is sent, as every look is. Nobody is known but the link.
            self._auditor.look(
                Note(
                    action="share.play",
                    actor="",
                    actor_name="",
                    by=share.id,
                    address=request.remote_addr or "",
                    target=clip.id,
                    camera=clip.camera,
                    details={"made_by": share.made_by},
                )
            )
        # Never by a link to the store: that would go on working after this one is withdrawn.
        return self._sender.send(clip_video(clip), call.take_query(VideoQuery).download, is_here=True)

    def _opened(self, call: Call) -> tuple[ShareRecord, ClipRecord]:
        """The share and its clip, while the link works and its maker may still share the clip. Raises ApiError 404."""
        share = self._shares.by_token(str(call.path["token"]))
        clip = self._clips.get(share.clip) if share is not None else None
        maker = self._users.get(share.made_by) if share is not None else None
        if share is None or clip is None or maker is None or not maker.is_active:
            raise not_found()
        camera = self._cameras.get(clip.camera)
        facts = camera.facts if camera is not None else CameraFacts(clip.camera, "")
        if not may(maker.subject, Action.CLIP_SHARE, facts):
            raise not_found()
        return share, clip

    def _fields(self, share: ShareRecord, names: dict[str, str]) -> dict[str, object]:
        known = {"made_by": names.get(share.made_by), "open": share.is_open(self._clock.wall_us())}
        return share.model_dump() | known


def share_routes(views: ShareViews) -> list[Route]:
    one, rule = "/v1/clips/<clip_id>/shares", OnClip(Action.CLIP_SHARE)
    held = Public("the link is the permission: 256 random bits, for one clip, for a time")
    return [
        Route(
            "POST",
            one,
            rule,
            views.make,
            "Make a link that plays this clip without signing in, for a time. It is shown this once.",
            body=NewShareBody,
            answer=ShareWithLink,
            status=201,
            errors=(409,),
        ),
        Route(
            "GET",
            one,
            rule,
            views.list_all,
            "Links to this clip, the newest first.",
            query=LongPageQuery,
            answer=ShareList,
        ),
        Route("DELETE", f"{one}/<share_id>", rule, views.withdraw, "Withdraw a link: it stops working.", status=204),
        Route("GET", "/v1/shared/<token>", held, views.show, "What a link plays.", answer=SharedClip, errors=(404,)),
        Route(
            "GET",
            "/v1/shared/<token>/video",
            held,
            views.video,
            "The video of a link, whole or by Range.",
            query=VideoQuery,
            media=VIDEO_TYPE,
            errors=(404, 416),
        ),
        Route(
            "GET",
            "/s/<token>",
            held,
            views.page,
            "Page: a shared clip.",
            media="text/html",
            errors=(404,),
            is_page=True,
        ),
    ]

"""Accounts, for admins: list, invite, change, delete, grants."""

from flask import request
from pydantic import BaseModel, ConfigDict, Field

from api_server.access.permission import Action
from api_server.access.rules import Allowed, OnUser
from api_server.access.subject import Right, Role
from api_server.accounts.credentials import SignUp
from api_server.accounts.links import Link, is_open
from api_server.accounts.registry import GrantRefused, LastAdmin, NameTaken, UserChanged, UserRegistry
from api_server.accounts.users import NAME_PATTERN, User, Users, UserState
from api_server.cameras.store import CameraStore
from api_server.clips.paging import Cursor
from api_server.http.errors import ApiError, not_found
from api_server.http.etag import etag_of, wanted_version
from api_server.http.route import Call, Reply, Route
from api_server.routes.parameters import LongPageQuery, PageQuery
from common.clock import Clock
from common.contracts.identity import is_camera_id

SET_PASSWORD_PATH = "/set-password"  # noqa: S105  a path


class UserAnswer(BaseModel):
    """An account. `state`: invited (no password set yet), active, disabled. `link_expires_us`: until when a link that
    was made for it can be used; null: there is none. `grant_count`: how many cameras it is granted."""

    id: str
    name: str
    role: Role
    state: UserState
    created_us: int
    version: int
    grant_count: int
    link_expires_us: int | None
    totp: bool = Field(description="Signing in needs a code of an authenticator app.")


class UserWithLink(UserAnswer):
    """An account and a link, shown this once, under which its person sets a password. `link_path` on this server; what
    follows the # never reaches it by itself."""

    link_path: str


class UserList(BaseModel):
    """`next`: the cursor of the following page, null on the last."""

    users: list[UserAnswer]
    next: str | None


class GrantAnswer(BaseModel):
    """What one person may do with one camera. `camera_name` null: the camera is gone."""

    camera: str
    camera_name: str | None
    right: Right


class GrantList(BaseModel):
    """By the camera's id. `next`: the cursor of the following page, null on the last."""

    grants: list[GrantAnswer]
    next: str | None


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Invitation(_Body):
    """The body of `POST /v1/users`."""

    name: str = Field(pattern=NAME_PATTERN, description="Small letters and digits, or an e-mail address.")
    role: Role


class UserChange(_Body):
    """The body of `PATCH /v1/users/{user_id}`: only what is named changes."""

    role: Role | None = None
    disabled: bool | None = Field(None, strict=True)


class GrantBody(_Body):
    """The body of `PUT /v1/users/{user_id}/grants/{camera_id}`."""

    right: Right


class UserViews:
    """What the user routes do. Safe on any thread."""

    def __init__(
        self, users: Users, registry: UserRegistry, cameras: CameraStore, clock: Clock, sign_up: SignUp
    ) -> None:
        self._users = users
        self._registry = registry
        self._cameras = cameras
        self._clock = clock
        self._sign_up = sign_up

    def list_all(self, call: Call) -> Reply:
        query = call.take_query(PageQuery)
        found = self._users.page(query.limit + 1, query.position)
        shown = found[: query.limit]
        cursor = Cursor(shown[-1].created_us, shown[-1].id).encode() if len(found) > query.limit else None
        return Reply(UserList(users=[self._answer(user) for user in shown], next=cursor))

    def show(self, call: Call) -> Reply:
        return self._reply(call.user)

    def invite(self, call: Call) -> Reply:
        if self._sign_up is SignUp.CLOSED:
            raise ApiError(403, "sign_up_closed", "LOOKOUT_SIGN_UP=closed: nobody new is taken in.")
        wanted = call.take_body(Invitation)
        try:
            user, link = self._registry.invite(wanted.name, wanted.role)
        except NameTaken as error:
            raise ApiError(409, "name_taken", "Somebody has that name.") from error
        return self._reply_with_link(user, link)

    def renew_link(self, call: Call) -> Reply:
        if call.user.state is UserState.DISABLED:
            raise ApiError(409, "disabled", "The account is disabled: let it in again first.")
        made = self._registry.renew_link(call.user)
        if made is None:
            raise not_found()
        return self._reply_with_link(*made)

    def change(self, call: Call) -> Reply:
        wanted = call.take_body(UserChange)
        try:
            changed = self._registry.change(call.user, wanted.role, wanted.disabled, wanted_version(request))
        except LastAdmin as error:
            raise _last_admin() from error
        except UserChanged as error:
            raise ApiError(412, "changed", "The account was changed since you read it. Read it again.") from error
        if changed is None:
            raise not_found()
        return self._reply(changed)

    def delete(self, call: Call) -> Reply:
        try:
            is_gone = self._registry.delete(call.user)
        except LastAdmin as error:
            raise _last_admin() from error
        if not is_gone:
            raise not_found()
        return Reply()

    def end_sessions(self, call: Call) -> Reply:
        self._registry.end_sessions(call.user)
        return Reply()

    def grants(self, call: Call) -> Reply:
        names = {camera.id: camera.name for camera in self._cameras.active()}
        shown, cursor = call.take_query(LongPageQuery).cut(
            call.user.grants, lambda camera_id: (0, camera_id), rises=True
        )
        found = [GrantAnswer(camera=one, camera_name=names.get(one), right=call.user.grants[one]) for one in shown]
        return Reply(GrantList(grants=found, next=cursor))

    def grant(self, call: Call) -> Reply:
        camera_id = str(call.path["camera_id"])
        camera = self._cameras.get(camera_id) if is_camera_id(camera_id) else None
        if camera is None:
            raise not_found()
        right = call.take_body(GrantBody).right
        try:
            changed = self._registry.grant(call.user, camera.id, right)
        except GrantRefused as error:
            raise ApiError(422, "grant_refused", str(error)) from error
        if changed is None:
            raise not_found()
        return Reply(GrantAnswer(camera=camera.id, camera_name=camera.name, right=right))

    def withdraw(self, call: Call) -> Reply:
        camera_id = str(call.path["camera_id"])
        if not is_camera_id(camera_id) or not self._registry.withdraw(call.user, camera_id):
            raise not_found()
        return Reply()

    def _answer(self, user: User) -> UserAnswer:
        return UserAnswer.model_validate(self._fields(user))

    def _reply(self, user: User) -> Reply:
        return Reply(self._answer(user), headers={"ETag": etag_of(user.version)})

    def _reply_with_link(self, user: User, link: Link) -> Reply:
        answer = UserWithLink.model_validate(self._fields(user) | {"link_path": f"{SET_PASSWORD_PATH}#{link.token}"})
        return Reply(answer, 201, {"Location": f"/v1/users/{user.id}", "ETag": etag_of(user.version)})

    def _fields(self, user: User) -> dict[str, object]:
        expires_us = user.link_expires_us if is_open(user, self._clock.wall_us()) else None
        shown = {"grant_count": len(user.grants), "link_expires_us": expires_us, "totp": user.has_totp}
        return user.model_dump() | shown


def _last_admin() -> ApiError:
    return ApiError(409, "last_admin", "This is the only admin: make another one first.")


def user_routes(views: UserViews) -> list[Route]:
    one, grant = "/v1/users/<user_id>", "/v1/users/<user_id>/grants/<camera_id>"
    rule = OnUser(Action.USER_MANAGE)
    general = Allowed(Action.USER_MANAGE)
    return [
        Route("GET", "/v1/users", general, views.list_all, "All accounts.", query=PageQuery, answer=UserList),
        Route(
            "POST",
            "/v1/users",
            general,
            views.invite,
            "Invite somebody: an account, and a link under which they set a password. It is shown this once.",
            body=Invitation,
            answer=UserWithLink,
            status=201,
            errors=(409,),
        ),
        Route("GET", one, rule, views.show, "One account.", answer=UserAnswer),
        Route(
            "PATCH",
            one,
            rule,
            views.change,
            "Change a role, or shut an account out. Acts with the next request.",
            body=UserChange,
            answer=UserAnswer,
            errors=(409, 412),
        ),
        Route(
            "DELETE",
            one,
            rule,
            views.delete,
            "Delete an account. What it owned stays, for admins.",
            status=204,
            errors=(409,),
        ),
        Route(
            "POST",
            f"{one}/link",
            rule,
            views.renew_link,
            "A new link to set a password. One made before stops working.",
            answer=UserWithLink,
            status=201,
            errors=(409,),
        ),
        Route("DELETE", f"{one}/sessions", rule, views.end_sessions, "End every session of an account.", status=204),
        Route(
            "GET",
            f"{one}/grants",
            rule,
            views.grants,
            "Cameras granted to somebody.",
            query=LongPageQuery,
            answer=GrantList,
        ),
        Route(
            "PUT",
            grant,
            rule,
            views.grant,
            "Grant somebody a camera. Acts with their next request.",
            body=GrantBody,
            answer=GrantAnswer,
            errors=(422,),
        ),
        Route("DELETE", grant, rule, views.withdraw, "Take a grant back.", status=204),
    ]

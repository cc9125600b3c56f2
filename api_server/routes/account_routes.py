"""One's own account: password, sessions, API tokens. In person: no token reaches these."""

from flask import Response, request
from pydantic import BaseModel, ConfigDict, Field

from api_server.access.rules import InPerson, OnOwnSession, OnOwnToken
from api_server.access.subject import Right, Role, Scope
from api_server.accounts.api_tokens import TOKEN_DAYS_MAX, TOKENS_MAX, ApiToken, ApiTokens, TooManyTokens
from api_server.accounts.credentials import Credentials, WrongPassword
from api_server.accounts.password_rules import PasswordRefused
from api_server.accounts.passwords import PASSWORD_MAX_CHARS
from api_server.accounts.sessions import Session, Sessions, csrf_token
from api_server.audit.auditor import Auditor
from api_server.cameras.requests import Name
from api_server.http.cookies import set_session_cookie
from api_server.http.errors import ApiError
from api_server.http.route import Call, Reply, Route
from api_server.routes.parameters import LongPageQuery
from api_server.routes.session_routes import SessionAnswer, whence


class OwnGrant(BaseModel):
    """A camera of somebody else's that one may see, or operate."""

    camera: str
    right: Right


class AccountAnswer(BaseModel):
    """Who one is here. `totp`: signing in needs a code of an authenticator app. `recovery_codes`: unused ones."""

    id: str
    name: str
    role: Role
    created_us: int
    grants: list[OwnGrant]
    totp: bool
    recovery_codes: int


class OwnSession(BaseModel):
    """Where one is signed in. `current`: with this request. `agent`: what the browser calls itself."""

    id: str
    created_us: int
    used_us: int
    expires_us: int
    address: str
    agent: str
    current: bool


class OwnSessionList(BaseModel):
    """The newest first. `next`: the cursor of the following page, null on the last."""

    sessions: list[OwnSession]
    next: str | None


class TokenAnswer(BaseModel):
    """An API token. `used_us`: last used, to the minute; null: never."""

    id: str
    name: str
    scopes: list[Scope]
    created_us: int
    expires_us: int
    used_us: int | None


class TokenWithText(TokenAnswer):
    """An API token and its text, shown this once: `Authorization: Bearer <token>`."""

    token: str


class TokenList(BaseModel):
    """Those that have not expired, the newest first. `next`: the cursor of the following page, null on the last."""

    tokens: list[TokenAnswer]
    next: str | None


class PasswordBody(BaseModel):
    """The body of `PUT /v1/account/password`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    current: str = Field(min_length=1, max_length=PASSWORD_MAX_CHARS, repr=False)
    new: str = Field(min_length=1, max_length=PASSWORD_MAX_CHARS, repr=False)


class NewToken(BaseModel):
    """The body of `POST /v1/account/tokens`. `days`: until it expires."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    days: int = Field(default=90, ge=1, le=TOKEN_DAYS_MAX, strict=True)


class AccountViews:
    """Safe on any thread."""

    def __init__(self, sessions: Sessions, tokens: ApiTokens, credentials: Credentials, auditor: Auditor) -> None:
        self._sessions = sessions
        self._tokens = tokens
        self._credentials = credentials
        self._auditor = auditor

    def show(self, call: Call) -> Reply:
        account = call.account
        grants = [OwnGrant(camera=camera, right=right) for camera, right in sorted(account.grants.items())]
        factor = {"totp": account.has_totp, "recovery_codes": len(account.recovery_codes)}
        return Reply(AccountAnswer.model_validate(account.model_dump() | {"grants": grants} | factor))

    def change_password(self, call: Call) -> Response:
        wanted = call.take_body(PasswordBody)
        try:
            token = self._credentials.change(call.account, wanted.current, wanted.new, whence(request))
        except WrongPassword as error:
            raise ApiError(403, "wrong_password", "The current password is another.") from error
        except PasswordRefused as error:
            raise ApiError(422, "password_refused", str(error)) from error
        person = call.subject
        self._auditor.write("password.change", person, request)
        answer = SessionAnswer(name=person.name, role=person.role.value, csrf_token=csrf_token(token))
        response = Response(answer.model_dump_json(), mimetype="application/json")
        set_session_cookie(request, response, token)
        return response

    def sessions(self, call: Call) -> Reply:
        found = self._sessions.of(call.account)
        shown, cursor = call.take_query(LongPageQuery).cut(found, lambda session: (session.created_us, session.handle))
        return Reply(OwnSessionList(sessions=[self._session_answer(session, call) for session in shown], next=cursor))

    def end_session(self, call: Call) -> Reply:
        self._sessions.end_one(call.own_session)
        return Reply()

    def end_others(self, call: Call) -> Reply:
        self._sessions.end_all(call.account.id, but_token=call.session)
        return Reply()

    def tokens(self, call: Call) -> Reply:
        found = self._tokens.of(call.account.id)
        shown, cursor = call.take_query(LongPageQuery).cut(found, lambda token: (token.created_us, token.handle))
        return Reply(TokenList(tokens=[token_answer(token) for token in shown], next=cursor))

    def make_token(self, call: Call) -> Reply:
        wanted = call.take_body(NewToken)
        try:
            token, text = self._tokens.make(call.account, wanted.name, frozenset(wanted.scopes), wanted.days)
        except TooManyTokens as error:
            raise ApiError(
                409, "too_many_tokens", f"One person can have {TOKENS_MAX} tokens. End one first."
            ) from error
        return Reply(TokenWithText.model_validate(token_answer(token).model_dump() | {"token": text}), 201)

    def end_token(self, call: Call) -> Reply:
        self._tokens.end(call.own_token)
        return Reply()

    def _session_answer(self, session: Session, call: Call) -> OwnSession:
        shown = {"id": session.handle, "current": self._sessions.is_that(session, call.session)}
        return OwnSession.model_validate(session.model_dump() | shown)


def token_answer(token: ApiToken) -> TokenAnswer:
    scopes = [scope for scope in Scope if scope in token.scopes]
    shown = {"id": token.handle, "used_us": token.used_us or None, "scopes": scopes}
    return TokenAnswer.model_validate(token.model_dump() | shown)


def account_routes(views: AccountViews) -> list[Route]:
    own = InPerson()
    return [
        Route("GET", "/v1/account", own, views.show, "Who one is here.", answer=AccountAnswer),
        Route(
            "PUT",
            "/v1/account/password",
            own,
            views.change_password,
            "Change one's password. All other sessions end; this one gets a new cookie.",
            body=PasswordBody,
            answer=SessionAnswer,
            errors=(422, 429),
        ),
        Route(
            "GET",
            "/v1/account/sessions",
            own,
            views.sessions,
            "Where one is signed in.",
            query=LongPageQuery,
            answer=OwnSessionList,
        ),
        Route("DELETE", "/v1/account/sessions", own, views.end_others, "End all other sessions.", status=204),
        Route(
            "DELETE",
            "/v1/account/sessions/<session_id>",
            OnOwnSession(),
            views.end_session,
            "End one session.",
            status=204,
        ),
        Route(
            "GET",
            "/v1/account/tokens",
            own,
            views.tokens,
            "One's API tokens.",
            query=LongPageQuery,
            answer=TokenList,
        ),
        Route(
            "POST",
            "/v1/account/tokens",
            own,
            views.make_token,
            "Make an API token. Its text is shown this once.",
            body=NewToken,
            answer=TokenWithText,
            status=201,
            errors=(409,),
        ),
        Route(
            "DELETE",
            "/v1/account/tokens/<token_id>",
            OnOwnToken(),
            views.end_token,
            "End an API token: the next request with it is refused.",
            status=204,
        ),
    ]

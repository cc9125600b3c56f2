"""How people get an account and a password: by a link, or by signing up where that is open."""

from flask import request
from pydantic import BaseModel, ConfigDict, Field

from api_server.access.rules import Public
from api_server.accounts.credentials import Credentials, LinkRefused, SignUpRefused
from api_server.accounts.password_rules import PasswordRefused
from api_server.accounts.passwords import PASSWORD_MAX_CHARS
from api_server.accounts.registry import NameTaken
from api_server.accounts.users import NAME_PATTERN
from api_server.audit.auditor import Auditor
from api_server.http.errors import ApiError
from api_server.http.route import Call, Reply, Route


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class LinkBody(_Body):
    """The body of `POST /v1/password`: what follows the # of the link, and the password that is to be."""

    link: str = Field(min_length=1, max_length=100, repr=False)
    password: str = Field(min_length=1, max_length=PASSWORD_MAX_CHARS, repr=False)


class SignUpBody(_Body):
    """The body of `POST /v1/sign-up`."""

    name: str = Field(pattern=NAME_PATTERN)
    password: str = Field(min_length=1, max_length=PASSWORD_MAX_CHARS, repr=False)


class NameAnswer(BaseModel):
    """The name to sign in with."""

    name: str


class JoinViews:
    """Safe on any thread."""

    def __init__(self, credentials: Credentials, auditor: Auditor) -> None:
        self._credentials = credentials
        self._auditor = auditor

    def set_password(self, call: Call) -> Reply:
        wanted = call.take_body(LinkBody)
        try:
            user = self._credentials.redeem(wanted.link, wanted.password)
        except LinkRefused as error:
            raise ApiError(
                403, "link_refused", "This link was used, replaced, or is too old. Ask an admin for a new one."
            ) from error
        except PasswordRefused as error:
            raise ApiError(422, "password_refused", str(error)) from error
        self._auditor.write("password.link", user.subject, request)
        return Reply(NameAnswer(name=user.name))

    def sign_up(self, call: Call) -> Reply:
        wanted = call.take_body(SignUpBody)
        try:
            user = self._credentials.sign_up(wanted.name, wanted.password)
        except SignUpRefused as error:
            raise ApiError(403, "sign_up_closed", "New people come here by invitation: ask an admin.") from error
        except NameTaken as error:
            raise ApiError(409, "name_taken", "Somebody has that name.") from error
        except PasswordRefused as error:
            raise ApiError(422, "password_refused", str(error)) from error
        self._auditor.write("account.sign_up", user.subject, request)
        return Reply(NameAnswer(name=user.name), 201)


def join_routes(views: JoinViews) -> list[Route]:
    return [
        Route(
            "POST",
            "/v1/password",
            Public("whoever has the link proves by it who they are"),
            views.set_password,
            "Set a password by a link, which works once. Sessions and API tokens of the account end.",
            body=LinkBody,
            answer=NameAnswer,
            errors=(403, 422, 429),
        ),
        Route(
            "POST",
            "/v1/sign-up",
            Public("only where LOOKOUT_SIGN_UP=open; the account sees nothing until somebody grants it a camera"),
            views.sign_up,
            "Make oneself an account, where that is allowed.",
            body=SignUpBody,
            answer=NameAnswer,
            status=201,
            errors=(403, 409, 422, 429),
        ),
    ]

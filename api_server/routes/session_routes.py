"""Signing in and out."""

from flask import Request, Response, request
from pydantic import BaseModel, ConfigDict, Field

from api_server.access.rules import InPerson, Public
from api_server.access.subject import NOBODY
from api_server.accounts.login import CodeNeeded, CodeWrong, Login
from api_server.accounts.passwords import PASSWORD_MAX_CHARS
from api_server.accounts.second_factor import GIVEN_PATTERN, Proof
from api_server.accounts.sessions import Origin, Sessions, csrf_token
from api_server.audit.auditor import Auditor
from api_server.audit.table import LOGIN, LOGIN_FAILED, RECOVERY_CODE_USED
from api_server.http.cookies import clear_session_cookie, set_session_cookie
from api_server.http.errors import ApiError
from api_server.http.route import Call, Reply, Route


class Credentials(BaseModel):
    """The body of `POST /v1/session`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=PASSWORD_MAX_CHARS, repr=False)
    code: str | None = Field(
        None, pattern=GIVEN_PATTERN, repr=False, description="Of an authenticator app, if asked; or a recovery code."
    )


class SessionAnswer(BaseModel):
    """Who is signed in. `csrf_token`: to be sent as `X-CSRF-Token` with every POST, PATCH and DELETE."""

    name: str
    role: str
    csrf_token: str


def whence(request: Request) -> Origin:
    """The peer, for the list of sessions."""
    return Origin(request.remote_addr or "unknown", request.headers.get("User-Agent", ""))


def session_routes(login: Login, sessions: Sessions, auditor: Auditor) -> list[Route]:
    """`POST`, `GET` and `DELETE /v1/session`."""

    def sign_in(call: Call) -> Response:
        wanted = call.take_body(Credentials)
        try:
            done = login.log_in(wanted.name.strip().lower(), wanted.password, whence(request), wanted.code)
        except CodeNeeded as error:
            raise ApiError(401, "code_needed", "Enter the code of your authenticator app.") from error
        except CodeWrong as error:
            auditor.write(LOGIN_FAILED, NOBODY, request)
            sentence = "The code is wrong, too old, or was used already. Wait for the next one."
            raise ApiError(401, "wrong_code", sentence) from error
        if done is None:
            # Not the name that was typed: people type passwords there.
            auditor.write(LOGIN_FAILED, NOBODY, request)
            raise ApiError(401, "wrong_credentials", "Name or password is wrong.")
        auditor.write(LOGIN.action, done.user.subject, request)
        if done.proof is Proof.RECOVERY:
            auditor.write(RECOVERY_CODE_USED, done.user.subject, request)
        if call.session_token:
            sessions.end(call.session_token)
        answer = SessionAnswer(name=done.user.name, role=done.user.role.value, csrf_token=csrf_token(done.token))
        response = Response(answer.model_dump_json(), mimetype="application/json")
        set_session_cookie(request, response, done.token)
        return response

    def show(call: Call) -> Reply:
        person, token = call.subject, csrf_token(call.session)
        return Reply(SessionAnswer(name=person.name, role=person.role.value, csrf_token=token))

    def sign_out(call: Call) -> Response:
        sessions.end(call.session)
        response = Response(status=204)
        clear_session_cookie(request, response)
        return response

    return [
        Route(
            "POST",
            "/v1/session",
            Public("signing in is how one stops being anybody"),
            sign_in,
            "Sign in: sets the session cookie.",
            body=Credentials,
            answer=SessionAnswer,
            errors=(401, 429),
        ),
        Route("GET", "/v1/session", InPerson(), show, "Who is signed in.", answer=SessionAnswer),
        Route("DELETE", "/v1/session", InPerson(), sign_out, "Sign out: ends the session.", status=204),
    ]

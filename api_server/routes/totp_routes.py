"""One's own second factor: set up, confirm, remove."""

from flask import request
from pydantic import BaseModel, ConfigDict, Field

from api_server.access.permission import Action
from api_server.access.rules import InPerson, OnUser
from api_server.accounts.attempts import Attempts, TooManyAttempts
from api_server.accounts.second_factor import NotBegun, SecondFactor
from api_server.audit.auditor import Auditor
from api_server.http.errors import ApiError
from api_server.http.route import Call, Reply, Route
from api_server.routes.session_routes import too_many


class EnrolmentAnswer(BaseModel):
    """For the authenticator app, shown this once. It counts once a code of it was sent with PUT."""

    secret: str
    uri: str


class CodeBody(BaseModel):
    """Six digits of the app."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    code: str = Field(pattern=r"^[0-9]{6}$", repr=False)


class TotpViews:
    """Safe on any thread."""

    def __init__(self, factor: SecondFactor, attempts: Attempts, auditor: Auditor) -> None:
        self._factor = factor
        self._attempts = attempts
        self._auditor = auditor

    def begin(self, call: Call) -> Reply:
        made = self._factor.begin(call.account)
        return Reply(EnrolmentAnswer(secret=made.secret, uri=made.uri), 201)

    def confirm(self, call: Call) -> Reply:
        self._require_room(call)
        try:
            is_right = self._factor.confirm(call.account, call.take_body(CodeBody).code)
        except NotBegun as error:
            raise ApiError(409, "not_begun", "Ask for a secret first.") from error
        self._require_right(call, is_right)
        self._auditor.write("totp.confirm", call.subject, request)
        return Reply()

    def remove(self, call: Call) -> Reply:
        self._require_room(call)
        if not call.account.has_totp:
            raise ApiError(409, "not_begun", "There is no second factor.")
        self._require_right(call, self._factor.is_right(call.account, call.take_body(CodeBody).code))
        self._factor.remove(call.account.id)
        self._auditor.write("totp.remove", call.subject, request)
        return Reply()

    def remove_of_somebody(self, call: Call) -> Reply:
        self._factor.remove(call.user.id)
        return Reply()

    def _require_room(self, call: Call) -> None:
        try:
            self._attempts.require_room_for_code(call.account.id)
        except TooManyAttempts as error:
            raise too_many(error) from error

    def _require_right(self, call: Call, is_right: bool) -> None:
        if not is_right:
            self._attempts.count_wrong_code(call.account.id)
            raise ApiError(403, "wrong_code", "The code is wrong, too old, or was used already. Wait for the next one.")


def totp_routes(views: TotpViews) -> list[Route]:
    one = "/v1/account/totp"
    return [
        Route(
            "POST",
            one,
            InPerson(),
            views.begin,
            "Begin to set up a second factor: a secret for an authenticator app.",
            answer=EnrolmentAnswer,
            status=201,
        ),
        Route(
            "PUT",
            one,
            InPerson(),
            views.confirm,
            "Confirm the secret with a code of it. Signing in needs one from then on.",
            body=CodeBody,
            status=204,
            errors=(409, 429),
        ),
        Route(
            "DELETE",
            one,
            InPerson(),
            views.remove,
            "Remove the second factor, with a code of it.",
            body=CodeBody,
            status=204,
            errors=(409, 429),
        ),
        Route(
            "DELETE",
            "/v1/users/<user_id>/totp",
            OnUser(Action.USER_MANAGE),
            views.remove_of_somebody,
            "Remove somebody's second factor, when their phone is lost.",
            status=204,
        ),
    ]

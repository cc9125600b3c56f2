"""One's own second factor: set up, confirm, remove; and the recovery codes beside it."""

from flask import request
from pydantic import BaseModel, ConfigDict, Field

from api_server.access.permission import Action
from api_server.access.rules import InPerson, OnUser
from api_server.accounts.attempts import Attempts
from api_server.accounts.second_factor import GIVEN_PATTERN, NotBegun, Proof, SecondFactor
from api_server.audit.auditor import Auditor
from api_server.audit.table import RECOVERY_CODE_USED
from api_server.http.errors import ApiError
from api_server.http.route import Call, Reply, Route


class EnrolmentAnswer(BaseModel):
    """For the authenticator app, shown this once. It counts once a code of it was sent with PUT."""

    secret: str
    uri: str


class CodeBody(BaseModel):
    """Six digits of the app."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    code: str = Field(pattern=r"^[0-9]{6}$", repr=False)


class AnyCodeBody(BaseModel):
    """Six digits of the app, or a recovery code, which is used up."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    code: str = Field(pattern=GIVEN_PATTERN, repr=False)


class RecoveryCodesAnswer(BaseModel):
    """Shown this once: each signs in once in place of a code of the app. Those made before are void."""

    recovery_codes: list[str]


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
        with self._attempts.code(call.account.id):
            try:
                is_right = self._factor.confirm(call.account, call.take_body(CodeBody).code)
            except NotBegun as error:
                raise ApiError(409, "not_begun", "Ask for a secret first.") from error
        _require_right(is_right)
        self._auditor.write("totp.confirm", call.subject, request)
        return Reply(RecoveryCodesAnswer(recovery_codes=self._factor.renew_recovery_codes(call.account)))

    def renew_recovery_codes(self, call: Call) -> Reply:
        self._prove(call)
        self._auditor.write("totp.recovery_codes", call.subject, request)
        return Reply(RecoveryCodesAnswer(recovery_codes=self._factor.renew_recovery_codes(call.account)))

    def remove(self, call: Call) -> Reply:
        self._prove(call)
        self._factor.remove(call.account.id)
        self._auditor.write("totp.remove", call.subject, request)
        return Reply()

    def remove_of_somebody(self, call: Call) -> Reply:
        self._factor.remove(call.user.id)
        return Reply()

    def _prove(self, call: Call) -> None:
        with self._attempts.code(call.account.id):
            if not call.account.has_totp:
                raise ApiError(409, "not_begun", "There is no second factor.")
            proof = self._factor.proof(call.account, call.take_body(AnyCodeBody).code)
        _require_right(proof is not None)
        if proof is Proof.RECOVERY:
            self._auditor.write(RECOVERY_CODE_USED, call.subject, request)


def _require_right(is_right: bool) -> None:
    if not is_right:
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
            "Confirm the secret with a code of it. Signing in needs one from then on. Answers recovery codes.",
            body=CodeBody,
            answer=RecoveryCodesAnswer,
            errors=(409, 429),
        ),
        Route(
            "DELETE",
            one,
            InPerson(),
            views.remove,
            "Remove the second factor, with a code of it.",
            body=AnyCodeBody,
            status=204,
            errors=(409, 429),
        ),
        Route(
            "POST",
            f"{one}/recovery-codes",
            InPerson(),
            views.renew_recovery_codes,
            "Make new recovery codes, with a code of the app; those before are void.",
            body=AnyCodeBody,
            answer=RecoveryCodesAnswer,
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

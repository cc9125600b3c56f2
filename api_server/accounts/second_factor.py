"""The second factor: codes of an authenticator app (TOTP, RFC 6238: SHA-1, 30 s, six digits, as the apps expect)."""

import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import pyotp

from api_server.accounts.recovery_codes import CODE_PATTERN, RecoveryCodes
from api_server.accounts.users import NO_FACTOR, User, Users
from api_server.seal import Seal
from common.clock import Clock

KEY_FILE = "account-key"
"""In LOOKOUT_VAR_DIR: seals the secrets, which the database alone does not give away."""
STEP_S = 30
DRIFT_STEPS = 1
"""How far a phone's clock may be off, either way."""
ISSUER = "lookout"
_CODE = re.compile(r"[0-9]{6}")
GIVEN_PATTERN = rf"^(?:[0-9]{{6}}|{CODE_PATTERN})$"
"""A code of the app, or a recovery code."""


class Proof(StrEnum):
    """What a right code was."""

    APP = "app"
    RECOVERY = "recovery code"


class NotBegun(Exception):
    """There is no secret to be confirmed, or none to be removed."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What the app is told, once: the secret in base32, and the same as an address that apps open."""

    secret: str
    uri: str


class SecondFactor:
    """Safe on any thread. Everything raises Transient, and ConfigurationError when the key file cannot be had."""

    def __init__(self, users: Users, var_dir: Path, clock: Clock) -> None:
        self._users = users
        self._clock = clock
        self._seal = Seal(var_dir / KEY_FILE, "second factors")
        self._recovery = RecoveryCodes(users)

    def begin(self, user: User) -> Enrolment:
        """A new secret, which counts once a code of it was given. One that is in use stays in use until then."""
        secret = pyotp.random_base32()
        self._users.edit(user.id, {"totp_pending": self._seal.close(secret)})
        uri = pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=user.name, issuer_name=ISSUER)
        return Enrolment(secret, uri)

    def confirm(self, user: User, code: str) -> bool:
        """Whether `code` is one of the pending secret, which is in use from now on. Raises NotBegun."""
        step = self._matching_step(user.totp_pending, code)
        if user.totp_pending == "":
            raise NotBegun
        if step is None:
            return False
        fields = {"totp_secret": user.totp_pending, "totp_pending": "", "totp_step": step}
        return self._users.edit(user.id, fields) is not None

    def renew_recovery_codes(self, user: User) -> list[str]:
        """As `RecoveryCodes.renew`."""
        return self._recovery.renew(user)

    def proof(self, user: User, code: str) -> Proof | None:
        """What `code` is, if it is right; it is used up by that. None: it is wrong."""
        if self.is_right(user, code):
            return Proof.APP
        return Proof.RECOVERY if user.has_totp and self._recovery.use(user, code) else None

    def is_right(self, user: User, code: str) -> bool:
        """Whether `code` is the app's now, and was not used before: of two who send the same, one is right."""
        step = self._matching_step(user.totp_secret, code)
        return step is not None and self._users.use_step(user.id, step)

    def remove(self, user_id: str) -> None:
        self._users.edit(user_id, NO_FACTOR)

    def _matching_step(self, sealed: str, code: str) -> int | None:
        if sealed == "" or not _CODE.fullmatch(code):
            return None
        secret = self._seal.open(sealed)
        totp, now_step = pyotp.TOTP(secret, interval=STEP_S), self._clock.wall_us() // (STEP_S * 1_000_000)
        found = None
        for step in range(now_step - DRIFT_STEPS, now_step + DRIFT_STEPS + 1):
            if hmac.compare_digest(totp.generate_otp(step), code):
                found = step
        return found

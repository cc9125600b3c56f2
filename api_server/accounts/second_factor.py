"""The second factor: codes of an authenticator app (TOTP, RFC 6238: SHA-1, 30 s, six digits, as the apps expect)."""

import hmac
import re
import threading
from dataclasses import dataclass
from pathlib import Path

import pyotp
from cryptography.fernet import Fernet, InvalidToken

from api_server.accounts.secret_file import read_or_make
from api_server.accounts.users import User, Users
from common.clock import Clock
from common.errors import ConfigurationError

KEY_FILE = "account-key"
"""In LOOKOUT_VAR_DIR: seals the secrets, which the database alone does not give away."""
STEP_S = 30
DRIFT_STEPS = 1
"""How far a phone's clock may be off, either way."""
ISSUER = "lookout"
_CODE = re.compile(r"[0-9]{6}")


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
        self._key_path = var_dir / KEY_FILE
        self._clock = clock
        self._lock = threading.Lock()  # guards the key, which is read when it is first needed
        self._fernet: Fernet | None = None

    def begin(self, user: User) -> Enrolment:
        """A new secret, which counts once a code of it was given. One that is in use stays in use until then."""
        secret = pyotp.random_base32()
        self._users.edit(user.id, {"totp_pending": self._seal().encrypt(secret.encode()).decode()})
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

    def is_right(self, user: User, code: str) -> bool:
        """Whether `code` is right now, and was not used before: of two who send the same, one is right."""
        step = self._matching_step(user.totp_secret, code)
        return step is not None and self._users.use_step(user.id, step)

    def remove(self, user_id: str) -> None:
        self._users.edit(user_id, {"totp_secret": "", "totp_pending": ""})

    def _matching_step(self, sealed: str, code: str) -> int | None:
        if sealed == "" or not _CODE.fullmatch(code):
            return None
        try:
            secret = self._seal().decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise ConfigurationError(f"{self._key_path} is not the key that sealed the second factors.") from error
        totp, now_step = pyotp.TOTP(secret, interval=STEP_S), self._clock.wall_us() // (STEP_S * 1_000_000)
        found = None
        for step in range(now_step - DRIFT_STEPS, now_step + DRIFT_STEPS + 1):
            if hmac.compare_digest(totp.generate_otp(step), code):
                found = step
        return found

    def _seal(self) -> Fernet:
        with self._lock:
            if self._fernet is None:
                key = read_or_make(self._key_path, lambda: Fernet.generate_key().decode())
                try:
                    self._fernet = Fernet(key.encode())
                except ValueError as error:
                    raise ConfigurationError(f"{self._key_path} does not hold a key.") from error
            return self._fernet

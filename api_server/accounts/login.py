"""Logging in: limited per account and address, and silent about which half was wrong."""

from dataclasses import dataclass

from api_server.accounts.attempts import Attempts
from api_server.accounts.passwords import PASSWORD_MAX_CHARS, Passwords
from api_server.accounts.second_factor import Proof, SecondFactor
from api_server.accounts.sessions import Origin, Sessions
from api_server.accounts.users import User, Users


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """`token` goes into the cookie and nowhere else. `proof`: of the second factor, if the account has one."""

    user: User
    token: str
    proof: Proof | None = None


class CodeNeeded(Exception):
    """Name and password are right, and the account has a second factor."""


class CodeWrong(Exception):
    """So they are, and the code is not."""


class Login:
    """Checks names, passwords and codes, within a request. Safe on any thread."""

    def __init__(
        self, users: Users, sessions: Sessions, passwords: Passwords, attempts: Attempts, factor: SecondFactor
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._passwords = passwords
        self._attempts = attempts
        self._factor = factor

    def log_in(self, name: str, password: str, origin: Origin, code: str | None = None) -> LoggedIn | None:
        """None when name or password is wrong, or the account is not active; each takes as long. Raises
        RateLimitExceeded before anything is checked, CodeNeeded, CodeWrong, Transient."""
        with self._attempts.guess(name):
            user = self._users.named(name)
            if user is not None and not user.is_active:
                user = None
            is_right = self._passwords.is_right(user.password_hash if user else None, password[:PASSWORD_MAX_CHARS])
        if user is None or not is_right:
            return None
        proof = self._proof(user, code) if user.has_totp else None
        return LoggedIn(user, self._sessions.begin(user, origin), proof)

    def _proof(self, user: User, code: str | None) -> Proof:
        with self._attempts.code(user.id):
            if code is None:
                raise CodeNeeded
            proof = self._factor.proof(user, code)
        if proof is None:
            raise CodeWrong
        return proof

"""Passwords that people set themselves: by a link, by signing up, by changing the one they have."""

from enum import StrEnum

from api_server.access.subject import Role
from api_server.accounts.api_tokens import ApiTokens
from api_server.accounts.attempts import Attempts
from api_server.accounts.first_grants import FirstGrants
from api_server.accounts.links import hash_link, is_open
from api_server.accounts.password_rules import check_new_password
from api_server.accounts.passwords import PASSWORD_MAX_CHARS, Passwords
from api_server.accounts.registry import NameTaken
from api_server.accounts.sessions import Origin, Sessions
from api_server.accounts.users import User, Users, UserState, make_user_id
from common.clock import Clock

SIGN_UP_ROLE = Role.VIEWER
"""Whoever signs up sees nothing until somebody grants them a camera."""


class SignUp(StrEnum):
    """How new accounts come about (`LOOKOUT_SIGN_UP`)."""

    INVITATION = "invitation"
    OPEN = "open"
    CLOSED = "closed"


class LinkRefused(Exception):
    """The link was used, replaced, is too old, or never was one."""


class WrongPassword(Exception):
    """The current password is another."""


class SignUpRefused(Exception):
    """New people come by invitation, or not at all."""


class Credentials:
    """Within a request, on any thread. Everything raises Transient, and RateLimitExceeded for who was wrong too
    often."""

    def __init__(
        self,
        users: Users,
        sessions: Sessions,
        tokens: ApiTokens,
        passwords: Passwords,
        attempts: Attempts,
        clock: Clock,
        sign_up: SignUp,
        first_grants: FirstGrants,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._tokens = tokens
        self._passwords = passwords
        self._attempts = attempts
        self._clock = clock
        self._sign_up = sign_up
        self._first_grants = first_grants

    def redeem(self, link: str, password: str) -> User:
        """Set a password by a link, once. Whoever was signed in on the account, or has a token of it, is so no longer.
        Raises LinkRefused, PasswordRefused."""
        with self._attempts.guess():
            link_hash, now_us = hash_link(link), self._clock.wall_us()
            user = self._users.by_link(link_hash)
        if user is None or not is_open(user, now_us) or user.state is UserState.DISABLED:
            raise LinkRefused
        check_new_password(password, user.name)
        fields = {
            "password_hash": self._passwords.hash(password),
            "state": UserState.ACTIVE.value,
            "sessions_from_us": now_us,
            "link_hash": "",
        }
        # Atomic: of two who use the link at once, one finds it used.
        changed = self._users.edit(user.id, fields, link_hash=link_hash)
        if changed is None:
            raise LinkRefused
        self._sessions.end_all(user.id)
        self._tokens.end_all(user.id)
        return changed

    def sign_up(self, name: str, password: str) -> User:
        """A new account. Raises SignUpRefused, NameTaken, PasswordRefused."""
        if self._sign_up is not SignUp.OPEN:
            raise SignUpRefused
        check_new_password(password, name)
        with self._attempts.sign_up():
            password_hash = self._passwords.hash(password)
        user = User(
            id=make_user_id(),
            name=name,
            role=SIGN_UP_ROLE,
            password_hash=password_hash,
            created_us=self._clock.wall_us(),
            grants=dict(self._first_grants.of(SIGN_UP_ROLE)),
        )
        if not self._users.add(user):
            raise NameTaken
        return user

    def change(self, user: User, current: str, new: str, origin: Origin) -> str:
        """The token of a new session; every other session of the user ends. API tokens stay: they are listed, and ended
        one by one. Raises WrongPassword, PasswordRefused."""
        with self._attempts.guess(user.name):
            is_right = self._passwords.is_right(user.password_hash, current[:PASSWORD_MAX_CHARS])
        if not is_right:
            raise WrongPassword
        check_new_password(new, user.name)
        now_us = self._clock.wall_us()
        fields = {"password_hash": self._passwords.hash(new), "sessions_from_us": now_us, "link_hash": ""}
        self._users.edit(user.id, fields)
        self._sessions.end_all(user.id)
        return self._sessions.begin(user, origin)

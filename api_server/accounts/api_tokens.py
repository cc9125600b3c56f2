"""API tokens: for programs, in the name of the person who made them, within scopes and for a time."""

import hashlib
import re
import secrets
from dataclasses import dataclass

from api_server.access.subject import Scope, Subject
from api_server.accounts.users import User, Users
from api_server.database.port import Database
from api_server.database.record import Record
from api_server.database.schema import API_TOKENS
from common.clock import Clock

TOKEN_DAYS_MAX = 366
TOKENS_MAX = 50
"""Of one person."""
TOUCH_S = 60
"""A token's last use is written at most this often."""
_TEXT = re.compile(r"lka_[A-Za-z0-9_-]{43}")
"""Not a camera's token (`lk_`), and easy to find where it should not be."""
_US = 1_000_000
_DAY_US = 24 * 3600 * _US


class TooManyTokens(Exception):
    """The person has TOKENS_MAX."""


class ApiToken(Record):
    """`id`: hex SHA-256 of the token, which has 256 random bits and is kept by its owner alone. `handle`: its name
    where people see it. `used_us` 0: never."""

    handle: str
    user_id: str
    name: str
    scopes: frozenset[Scope]
    created_us: int
    expires_us: int
    used_us: int = 0


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who asks by a token, and whose it is."""

    subject: Subject
    user: User


class ApiTokens:
    """The collection `api_tokens`. Safe on any thread; every call raises Transient when the database is away."""

    def __init__(self, database: Database, users: Users, clock: Clock) -> None:
        self._tokens = database.collection(API_TOKENS)
        self._users = users
        self._clock = clock

    def make(self, user: User, name: str, scopes: frozenset[Scope], days: int) -> tuple[ApiToken, str]:
        """The new token, and its text, which nothing keeps. Raises TooManyTokens."""
        if len(self.of(user.id)) >= TOKENS_MAX:
            raise TooManyTokens
        text, now_us = f"lka_{secrets.token_urlsafe(32)}", self._clock.wall_us()
        token = ApiToken(
            id=_hash(text),
            handle="tok-" + secrets.token_hex(8),
            user_id=user.id,
            name=name,
            scopes=scopes,
            created_us=now_us,
            expires_us=now_us + days * _DAY_US,
        )
        self._tokens.insert(token.to_document())
        return token, text

    def resume(self, text: str) -> Bearer | None:
        """Who the token speaks for, while it has not expired and its owner's account is active."""
        document = self._tokens.get(_hash(text)) if _TEXT.fullmatch(text) else None
        if document is None:
            return None
        token, now_us = ApiToken.from_document(document), self._clock.wall_us()
        user = self._users.get(token.user_id) if now_us < token.expires_us else None
        if user is None or not user.is_active:
            return None
        if now_us - token.used_us >= TOUCH_S * _US:
            self._tokens.update({"_id": token.id}, {"$max": {"used_us": now_us}})
        return Bearer(user.subject_by_token(token.handle, token.scopes), user)

    def of(self, user_id: str) -> list[ApiToken]:
        """Those of a person, the newest first; expired ones are dropped."""
        found = self._tokens.find({"user_id": user_id}, sort=[("created_us", -1), ("_id", 1)])
        tokens = [ApiToken.from_document(document) for document in found]
        now_us = self._clock.wall_us()
        return [token for token in tokens if token.expires_us > now_us]

    def end(self, token: ApiToken) -> None:
        """Idempotent; the next request with it is refused."""
        self._tokens.delete({"_id": token.id})

    def end_all(self, user_id: str) -> int:
        return self._tokens.delete({"user_id": user_id})

    def drop_expired(self) -> int:
        return self._tokens.delete({"expires_us": {"$lte": self._clock.wall_us()}})


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

"""Sessions: an opaque random token in a cookie, its hash in the database, expiry in code."""

import hashlib
import hmac
import secrets

from api_server.accounts.users import User, Users
from api_server.database.port import Database
from api_server.database.record import Record
from api_server.database.schema import SESSIONS
from common.clock import Clock

IDLE_S = 30 * 60
ABSOLUTE_S = 12 * 3600
TOUCH_S = 60
"""A session's last use is written at most this often: a page of posters is dozens of requests."""
TOKEN_CHARS = 43
_US = 1_000_000


class Session(Record):
    """`id`: hex SHA-256 of the token, which has 256 random bits and is in the cookie alone."""

    user_id: str
    created_us: int
    used_us: int
    expires_us: int


class Sessions:
    """The collection `sessions`. Safe on any thread."""

    def __init__(self, database: Database, users: Users, clock: Clock) -> None:
        self._sessions = database.collection(SESSIONS)
        self._users = users
        self._clock = clock

    def begin(self, user: User) -> str:
        """A new session's token."""
        token = secrets.token_urlsafe(32)
        now_us = self._clock.wall_us()
        session = Session(
            id=_hash(token), user_id=user.id, created_us=now_us, used_us=now_us, expires_us=now_us + ABSOLUTE_S * _US
        )
        self._sessions.insert(session.to_document())
        return token

    def resume(self, token: str) -> User | None:
        """The user of a session that is neither expired nor ended; its idle time starts anew."""
        if len(token) != TOKEN_CHARS or not token.isascii():
            return None
        document = self._sessions.get(_hash(token))
        if document is None:
            return None
        session, now_us = Session.from_document(document), self._clock.wall_us()
        user = self._users.get(session.user_id) if self._is_running(session, now_us) else None
        if user is None or session.created_us < user.sessions_from_us:
            return None
        if now_us - session.used_us >= TOUCH_S * _US:
            self._sessions.update({"_id": session.id}, {"$max": {"used_us": now_us}})
        return user

    def end(self, token: str) -> None:
        """Idempotent."""
        self._sessions.delete({"_id": _hash(token)})

    def drop_expired(self) -> int:
        """Forget sessions nobody can resume any more; how many."""
        now_us = self._clock.wall_us()
        idle = self._sessions.delete({"used_us": {"$lt": now_us - (IDLE_S + TOUCH_S) * _US}})
        return idle + self._sessions.delete({"expires_us": {"$lt": now_us}})

    @staticmethod
    def _is_running(session: Session, now_us: int) -> bool:
        # A session whose times lie in the future is as good as none: the clock was set back, or it was forged.
        is_recent = -TOUCH_S * _US <= now_us - session.used_us < (IDLE_S + TOUCH_S) * _US
        return is_recent and now_us < session.expires_us


def csrf_token(session_token: str) -> str:
    """What unsafe requests of this session must carry in a header. It says nothing of the session's own token."""
    return hmac.new(session_token.encode(), b"lookout-csrf-v1", hashlib.sha256).hexdigest()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

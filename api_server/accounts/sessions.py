"""Sessions: an opaque random token in a cookie, its hash in the database, expiry in code."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

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
AGENT_MAX_CHARS = 200
_US = 1_000_000


@dataclass(frozen=True, slots=True)
class Origin:
    """Whence a session was begun, for its owner to know it by. `agent`: what the browser calls itself."""

    address: str = ""
    agent: str = ""


class Session(Record):
    """`id`: hex SHA-256 of the token, which has 256 random bits and is in the cookie alone. `handle`: its name where
    people see it."""

    user_id: str
    created_us: int
    used_us: int
    expires_us: int
    handle: str = ""
    address: str = ""
    agent: str = ""


class Sessions:
    """The collection `sessions`. Safe on any thread."""

    def __init__(self, database: Database, users: Users, clock: Clock) -> None:
        self._sessions = database.collection(SESSIONS)
        self._users = users
        self._clock = clock

    def begin(self, user: User, origin: Origin = Origin()) -> str:
        """A new session's token."""
        token = secrets.token_urlsafe(32)
        now_us = self._clock.wall_us()
        session = Session(
            id=_hash(token),
            user_id=user.id,
            created_us=now_us,
            used_us=now_us,
            expires_us=now_us + ABSOLUTE_S * _US,
            handle="ses-" + secrets.token_hex(8),
            address=origin.address[:64],
            agent=origin.agent[:AGENT_MAX_CHARS],
        )
        self._sessions.insert(session.to_document())
        return token

    def resume(self, token: str) -> User | None:
        """The user of a session that is neither expired nor ended; its idle time starts anew."""
        session, now_us = self._running(token), self._clock.wall_us()
        user = self._users.get(session.user_id) if session is not None else None
        if session is None or user is None or not _is_of(session, user):
            return None
        if now_us - session.used_us >= TOUCH_S * _US:
            self._sessions.update({"_id": session.id}, {"$max": {"used_us": now_us}})
        return user

    def user_of(self, token: str) -> User | None:
        """As `resume`, but the idle time goes on."""
        session = self._running(token)
        user = self._users.get(session.user_id) if session is not None else None
        return user if session is not None and user is not None and _is_of(session, user) else None

    def end(self, token: str) -> None:
        """Idempotent."""
        self._sessions.delete({"_id": _hash(token)})

    def of(self, user: User) -> list[Session]:
        """Those of `user` that run."""
        now_us = self._clock.wall_us()
        found = [Session.from_document(document) for document in self._sessions.find({"user_id": user.id})]
        return [session for session in found if self._is_running(session, now_us) and _is_of(session, user)]

    def is_that(self, session: Session, token: str) -> bool:
        """Whether `session` is the one of `token`."""
        return hmac.compare_digest(session.id, _hash(token))

    def end_all(self, user_id: str, but_token: str | None = None) -> int:
        """End every session of a user, but for the one of `but_token`; how many."""
        where: dict[str, object] = {"user_id": user_id}
        if but_token is not None:
            where["_id"] = {"$ne": _hash(but_token)}
        return self._sessions.delete(where)

    def end_one(self, session: Session) -> None:
        self._sessions.delete({"_id": session.id})

    def drop_expired(self) -> int:
        """Forget sessions nobody can resume any more; how many."""
        now_us = self._clock.wall_us()
        idle = self._sessions.delete({"used_us": {"$lt": now_us - (IDLE_S + TOUCH_S) * _US}})
        return idle + self._sessions.delete({"expires_us": {"$lt": now_us}})

    def _running(self, token: str) -> Session | None:
        if len(token) != TOKEN_CHARS or not token.isascii():
            return None
        document = self._sessions.get(_hash(token))
        session = Session.from_document(document) if document is not None else None
        return session if session is not None and self._is_running(session, self._clock.wall_us()) else None

    @staticmethod
    def _is_running(session: Session, now_us: int) -> bool:
        # A session whose times lie in the future is as good as none: the clock was set back, or it was forged.
        is_recent = -TOUCH_S * _US <= now_us - session.used_us < (IDLE_S + TOUCH_S) * _US
        return is_recent and now_us < session.expires_us


def _is_of(session: Session, user: User) -> bool:
    return user.is_active and session.created_us >= user.sessions_from_us


def csrf_token(session_token: str) -> str:
    """What unsafe requests of this session must carry in a header. It says nothing of the session's own token."""
    return hmac.new(session_token.encode(), b"lookout-csrf-v1", hashlib.sha256).hexdigest()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

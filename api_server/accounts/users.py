"""User accounts as documents."""

import re
import secrets
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field

from api_server.access.subject import Right, Role, Scope, Subject
from api_server.clips.paging import Cursor
from api_server.database.port import Collection, Database
from api_server.database.record import Record
from api_server.database.schema import USERS

NAME_PATTERN = r"^[a-z0-9][a-z0-9._@-]{0,63}$"
_USER_ID = re.compile(r"usr-[a-z0-9]{1,32}")
NEVER_US = 0
NO_FACTOR: Mapping[str, Any] = {"totp_secret": "", "totp_pending": "", "recovery_codes": {}}
"""The fields of an account without a second factor."""


class UserState(StrEnum):
    """`invited`: has not set a password yet. Only an active account can sign in or use a token."""

    INVITED = "invited"
    ACTIVE = "active"
    DISABLED = "disabled"


class User(Record):
    """`sessions_from_us`: sessions begun before are void, whoever still holds their document.

    `grants`: camera id to right; in this document, because it is read with every request and changed atomically.
    `link_hash`: of the one link under which a password can be set, until `link_expires_us`; empty: there is none.
    `totp_secret`: of the second factor, sealed; empty: there is none. `totp_pending`: one that was not confirmed yet.
    `totp_step`: the newest 30 s whose code was used. `recovery_codes`: hashes of those that are unused. `version`
    counts what was changed.
    """

    name: str
    role: Role
    password_hash: str
    created_us: int
    sessions_from_us: int = 0
    state: UserState = UserState.ACTIVE
    grants: dict[str, Right] = Field(default_factory=dict)
    version: int = Field(default=1, ge=1)
    link_hash: str = ""
    link_expires_us: int = NEVER_US
    totp_secret: str = ""
    totp_pending: str = ""
    totp_step: int = 0
    recovery_codes: dict[str, bool] = Field(default_factory=dict)

    @property
    def subject(self) -> Subject:
        return Subject(self.id, self.name, self.role, self.grants)

    def subject_by_token(self, token_id: str, scopes: frozenset[Scope]) -> Subject:
        return Subject(self.id, self.name, self.role, self.grants, scopes, token_id)

    @property
    def has_totp(self) -> bool:
        return self.totp_secret != ""

    @property
    def is_active(self) -> bool:
        return self.state is UserState.ACTIVE


class Users:
    """The collection `users`; names are unique and lower case. Every change is one atomic operation. Safe on any
    thread; every call raises Transient when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._users: Collection = database.collection(USERS)

    def add(self, user: User) -> bool:
        """Whether it was added; False when the name is taken."""
        return self._users.insert(user.to_document())

    def get(self, user_id: str) -> User | None:
        document = self._users.get(user_id)
        return User.from_document(document) if document is not None else None

    def named(self, name: str) -> User | None:
        found = self._users.find({"name": name}, limit=1)
        return User.from_document(found[0]) if found else None

    def by_link(self, link_hash: str) -> User | None:
        """Whose link it is, expired or not."""
        found = self._users.find({"link_hash": link_hash}, limit=1) if link_hash else []
        return User.from_document(found[0]) if found else None

    def first_admin(self) -> User | None:
        """The admin made first, if there is one."""
        found = self._users.find({"role": Role.ADMIN.value}, sort=[("created_us", 1)], limit=1)
        return User.from_document(found[0]) if found else None

    def has_other_admin(self, user_id: str) -> bool:
        """Whether somebody else is an active admin."""
        where = {"role": Role.ADMIN.value, "state": {"$nin": [UserState.INVITED.value, UserState.DISABLED.value]}}
        return any(document["_id"] != user_id for document in self._users.find(where))

    def names(self) -> dict[str, str]:
        """User id to name, of all users."""
        return {document["_id"]: document["name"] for document in self._users.find({})}

    def page(self, limit: int, after: Cursor | None) -> list[User]:
        """Those made after `after`, the oldest first; at most `limit`."""
        where: Mapping[str, Any] = {}
        if after is not None:
            where = {"$or": [{"created_us": {"$gt": after.at}}, {"created_us": after.at, "_id": {"$gt": after.id}}]}
        return [
            User.from_document(document)
            for document in self._users.find(where, sort=[("created_us", 1), ("_id", 1)], limit=limit)
        ]

    def edit(
        self,
        user_id: str,
        fields: Mapping[str, Any],
        *,
        from_version: int | None = None,
        link_hash: str | None = None,
        unset: tuple[str, ...] = (),
    ) -> User | None:
        """Set `fields` (dots reach into `grants`) and count the version; the user afterwards. None: gone, or not at
        `from_version`, or no longer with the link `link_hash`."""
        where: dict[str, Any] = {"_id": user_id}
        if from_version is not None:
            where["version"] = from_version
        if link_hash is not None:
            where["link_hash"] = link_hash
        change: dict[str, Mapping[str, Any]] = {"$inc": {"version": 1}}
        if fields:
            change["$set"] = fields
        if unset:
            change["$unset"] = dict.fromkeys(unset, "")
        document = self._users.update_and_get(where, change)
        return User.from_document(document) if document is not None else None

    def set_password(self, user_id: str, password_hash: str, now_us: int) -> None:
        """Make the account usable with this password alone: every session of the user is over, and a link void."""
        fields = {
            "password_hash": password_hash,
            "sessions_from_us": now_us,
            "state": UserState.ACTIVE.value,
            "link_hash": "",
        }
        self.edit(user_id, fields)

    def use_step(self, user_id: str, step: int) -> bool:
        """Whether the code of that step was still unused."""
        return self._users.update({"_id": user_id, "totp_step": {"$lt": step}}, {"$set": {"totp_step": step}})

    def use_recovery_code(self, user_id: str, code_hash: str) -> bool:
        """Whether that code was still unused."""
        name = f"recovery_codes.{code_hash}"
        return self._users.update({"_id": user_id, name: True}, {"$unset": {name: ""}, "$inc": {"version": 1}})

    def delete(self, user_id: str) -> bool:
        """Whether there was one. Ids are never used again."""
        return self._users.delete({"_id": user_id}) > 0


def is_user_id(text: str) -> bool:
    return _USER_ID.fullmatch(text) is not None


def make_user_id() -> str:
    return "usr-" + secrets.token_hex(8)

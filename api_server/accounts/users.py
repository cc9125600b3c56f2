"""User accounts as documents."""

import secrets

from api_server.access.subject import Role, Subject
from api_server.database.port import Collection, Database
from api_server.database.record import Record
from api_server.database.schema import USERS

NAME_PATTERN = r"^[a-z0-9][a-z0-9._@-]{0,63}$"


class User(Record):
    """`sessions_from_us`: sessions begun before are void, whoever still holds their document."""

    name: str
    role: Role
    password_hash: str
    created_us: int
    sessions_from_us: int = 0

    @property
    def subject(self) -> Subject:
        return Subject(self.id, self.name, self.role)


class Users:
    """The collection `users`; names are unique and lower case."""

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

    def first_admin(self) -> User | None:
        """The admin made first, if there is one."""
        found = self._users.find({"role": Role.ADMIN.value}, sort=[("created_us", 1)], limit=1)
        return User.from_document(found[0]) if found else None

    def names(self) -> dict[str, str]:
        """User id to name, of all users."""
        return {document["_id"]: document["name"] for document in self._users.find({})}

    def set_password(self, user_id: str, password_hash: str, now_us: int) -> None:
        """And end every session of the user."""
        change = {"$set": {"password_hash": password_hash, "sessions_from_us": now_us}}
        self._users.update({"_id": user_id}, change)


def make_user_id() -> str:
    return "usr-" + secrets.token_hex(8)

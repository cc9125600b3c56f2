"""The collection `purposes`: why emotions were looked for in single pictures. Cameras and queries hold their own."""

import hashlib

from api_server.database.port import Database
from api_server.database.record import Record
from api_server.database.schema import PURPOSES


class StatedPurpose(Record):
    """The same words of the same person until the same day are one. `user`: a user id."""

    user: str
    text: str
    expires_us: int
    stated_us: int


class PurposeStore:
    """Safe on any thread. Raises Transient."""

    def __init__(self, database: Database) -> None:
        self._purposes = database.collection(PURPOSES)

    def state(self, user: str, text: str, expires_us: int, now_us: int) -> None:
        """Write down a purpose that passed the gate; before the picture is looked at."""
        name = hashlib.sha256(f"{user}\n{expires_us}\n{text}".encode()).hexdigest()[:32]
        stated = StatedPurpose(id=f"pp-{name}", user=user, text=text, expires_us=expires_us, stated_us=now_us)
        self._purposes.insert(stated.to_document())

    def listed(self, user: str | None) -> list[StatedPurpose]:
        """Of one person, or of all; the newest first."""
        where = {} if user is None else {"user": user}
        found = self._purposes.find(where, sort=[("stated_us", -1), ("_id", -1)])
        return [StatedPurpose.from_document(document) for document in found]

"""The collection `purposes`: why people were looked at in single pictures. Cameras and queries hold their own."""

import hashlib

from api_server.database.port import Database
from api_server.database.record import Record
from api_server.database.schema import PURPOSES
from common.contracts.camera_settings import EMOTION, Purpose


class StatedPurpose(Record):
    """The same words of the same person until the same day are one. `user`: a user id."""

    user: str
    analysis: str = EMOTION
    text: str
    expires_us: int
    stated_us: int


class PurposeStore:
    """Safe on any thread. Raises Transient."""

    def __init__(self, database: Database) -> None:
        self._purposes = database.collection(PURPOSES)

    def state(self, user: str, analysis: str, purpose: Purpose, now_us: int) -> None:
        """Write down a purpose that passed the gate; before the picture is looked at."""
        said = f"{user}\n{purpose.expires_us}\n{purpose.text}" + ("" if analysis == EMOTION else f"\n{analysis}")
        stated = StatedPurpose(
            id=f"pp-{hashlib.sha256(said.encode()).hexdigest()[:32]}",
            user=user,
            analysis=analysis,
            text=purpose.text,
            expires_us=purpose.expires_us,
            stated_us=now_us,
        )
        self._purposes.insert(stated.to_document())

    def listed(self, user: str | None) -> list[StatedPurpose]:
        """Of one person, or of all; the newest first."""
        where = {} if user is None else {"user": user}
        found = self._purposes.find(where, sort=[("stated_us", -1), ("_id", -1)])
        return [StatedPurpose.from_document(document) for document in found]

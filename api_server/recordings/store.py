"""The collection `uploads`."""

from collections.abc import Mapping
from typing import Any

from api_server.database.port import Database, Where
from api_server.database.schema import UPLOADS
from api_server.recordings.record import SETTLED, PlayableState, Upload, UploadState

LISTED_MAX = 2_000
"""Uploads that one list looks through, the newest first."""
_SETTLED = [state.value for state in SETTLED]
_MADE = {"playable": PlayableState.MADE.value}


class UploadStore:
    """Safe on any thread. Every call raises Transient when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._uploads = database.collection(UPLOADS)

    def add(self, upload: Upload) -> bool:
        """Whether it was added; False when its id is taken."""
        return self._uploads.insert(upload.to_document())

    def known(self, upload_id: str) -> Upload | None:
        """In any state."""
        document = self._uploads.get(upload_id)
        return Upload.from_document(document) if document is not None else None

    def get(self, upload_id: str) -> Upload | None:
        """One that people see."""
        upload = self.known(upload_id)
        return upload if upload is not None and upload.state is UploadState.LIVE else None

    def listed(self, where: Where) -> list[Upload]:
        """Those that people see, the newest first."""
        live = {"$and": [where, {"state": UploadState.LIVE.value}]}
        found = self._uploads.find(live, sort=[("start_us", -1), ("_id", -1)], limit=LISTED_MAX)
        return [Upload.from_document(document) for document in found]

    def total_bytes(self) -> int:
        """Of all and of what was made of them, those that are being erased too."""
        return self._uploads.total("size", {}) + self._uploads.total("playable_bytes", _MADE)

    def hide(self, upload_id: str) -> None:
        """Take it out of sight; the eraser does the rest."""
        self._uploads.update({"_id": upload_id}, {"$set": {"state": UploadState.DELETING.value}})

    def learn(self, upload_id: str, facts: Mapping[str, Any]) -> None:
        """Write down what a worker found: `duration_ms`, or `problem`."""
        self._uploads.update({"_id": upload_id}, {"$set": dict(facts)})

    def unprepared(self) -> list[Upload]:
        """Those that people see and of which no worker has said whether they can be played, the oldest first."""
        where = {"state": UploadState.LIVE.value, "playable": {"$nin": _SETTLED}}
        found = self._uploads.find(where, sort=[("created_us", 1), ("_id", 1)])
        return [Upload.from_document(document) for document in found]

    def settle(self, upload_id: str, facts: Mapping[str, Any]) -> bool:
        """Write down what a worker said, unless one has before; whether that was news."""
        return self._uploads.update({"_id": upload_id, "playable": {"$nin": _SETTLED}}, {"$set": dict(facts)})

    def unsettle(self, upload_id: str) -> None:
        """What was made of it is gone: it is to be made again."""
        anew = {"playable": PlayableState.PENDING.value, "playable_bytes": 0, "prepare_sent_us": None}
        self._uploads.update({"_id": upload_id}, {"$set": anew})

    def ids(self) -> set[str]:
        """Of all that are known, in any state."""
        return {document["_id"] for document in self._uploads.find({})}

    def deleting(self) -> list[Upload]:
        return [Upload.from_document(d) for d in self._uploads.find({"state": UploadState.DELETING.value})]

    def live(self) -> list[Upload]:
        return [Upload.from_document(d) for d in self._uploads.find({"state": UploadState.LIVE.value})]

    def created_before(self, before_us: int) -> list[str]:
        """Ids of those that people see and that are older."""
        where = {"state": UploadState.LIVE.value, "created_us": {"$lt": before_us}}
        return [document["_id"] for document in self._uploads.find(where)]

    def remove(self, upload_id: str) -> None:
        self._uploads.delete({"_id": upload_id})

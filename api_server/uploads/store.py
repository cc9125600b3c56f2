"""The collection `open_uploads`."""

from api_server.database.port import Database
from api_server.database.revised import rewrite
from api_server.database.schema import OPEN_UPLOADS
from api_server.uploads.record import OpenState, OpenUpload


class OpenUploadStore:
    """Safe on any thread. Every call raises Transient when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._uploads = database.collection(OPEN_UPLOADS)

    def add(self, upload: OpenUpload) -> bool:
        return self._uploads.insert(upload.to_document())

    def known(self, upload_id: str) -> OpenUpload | None:
        """In any state."""
        document = self._uploads.get(upload_id)
        return OpenUpload.from_document(document) if document is not None else None

    def get(self, upload_id: str) -> OpenUpload | None:
        """One that its owner sees."""
        upload = self.known(upload_id)
        return upload if upload is not None and upload.state is not OpenState.ENDED else None

    def open_of(self, owner: str) -> int:
        """How many of a person's are under way."""
        return self._uploads.count({"owner": owner, "state": OpenState.OPEN.value})

    def promised_bytes(self) -> int:
        """What all that are under way will have."""
        return self._uploads.total("size", {"state": OpenState.OPEN.value})

    def replace(self, changed: OpenUpload) -> OpenUpload | None:
        """Store a change of the revision that `changed` still has; None when somebody else changed it first."""
        newer = changed.model_copy(update={"revision": changed.revision + 1})
        fields = newer.to_document()
        del fields["_id"]
        was_there = self._uploads.update({"_id": changed.id, "revision": changed.revision}, {"$set": fields})
        return newer if was_there else None

    def end(self, upload_id: str) -> None:
        """Give it up, whatever it is; the sweep erases what is stored."""
        rewrite(
            self._uploads,
            lambda: self.known(upload_id),
            lambda u: u if u.state is OpenState.ENDED else u.model_copy(update={"state": OpenState.ENDED}),
        )

    def over(self, now_us: int) -> list[OpenUpload]:
        """Those that were given up, and those past their time."""
        ended, late = {"state": OpenState.ENDED.value}, {"expires_us": {"$lte": now_us}}
        return [OpenUpload.from_document(document) for document in self._uploads.find({"$or": [ended, late]})]

    def ids(self) -> set[str]:
        return {document["_id"] for document in self._uploads.find({})}

    def remove(self, upload_id: str) -> None:
        self._uploads.delete({"_id": upload_id})

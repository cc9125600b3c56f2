"""The collection `cameras`. Every change is one atomic operation that names the version it starts from."""

from api_server.cameras.camera import Camera, CameraState
from api_server.database.port import Database
from api_server.database.schema import CAMERAS


class CameraStore:
    """Safe on any thread. Every call raises Transient when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._cameras = database.collection(CAMERAS)

    def add(self, camera: Camera) -> bool:
        """Whether it was added; False when its id is or was in use."""
        return self._cameras.insert(camera.to_document())

    def known(self, camera_id: str) -> Camera | None:
        """A camera that exists or was deleted."""
        document = self._cameras.get(camera_id)
        return Camera.from_document(document) if document is not None else None

    def get(self, camera_id: str) -> Camera | None:
        """A camera that exists."""
        camera = self.known(camera_id)
        return camera if camera is not None and camera.state is CameraState.ACTIVE else None

    def active(self) -> list[Camera]:
        """Every camera that exists, by creation."""
        where = {"state": CameraState.ACTIVE.value}
        return [Camera.from_document(d) for d in self._cameras.find(where, sort=[("created_us", 1), ("_id", 1)])]

    def with_several_tokens(self) -> list[Camera]:
        """Those that exist and whose newest token has another beside it."""
        found = self._cameras.find({"state": CameraState.ACTIVE.value})
        return [Camera.from_document(document) for document in found if len(document["token_hashes"]) > 1]

    def all_known(self) -> list[Camera]:
        return [Camera.from_document(d) for d in self._cameras.find({})]

    def replace(self, camera: Camera, from_version: int) -> bool:
        """Store `camera` over version `from_version`; False when somebody else changed it since. What is published is
        the publisher's to say, with `mark_published`."""
        fields = camera.to_document()
        del fields["_id"], fields["published_version"]
        return self._cameras.update({"_id": camera.id, "version": from_version}, {"$set": fields})

    def mark_published(self, camera_id: str, version: int) -> None:
        self._cameras.update({"_id": camera_id}, {"$max": {"published_version": version}})

    def unpublished(self) -> list[str]:
        """Ids of cameras whose newest version has not been acknowledged by the topic."""
        return [d["_id"] for d in self._cameras.find({}) if d["published_version"] != d["version"]]

    def erasing(self) -> list[Camera]:
        """Cameras whose clips are still to be erased."""
        return [Camera.from_document(d) for d in self._cameras.find({"is_erasing": True})]

    def finish_erasing(self, camera: Camera) -> None:
        """The job of this deletion is done; one ordered since is not."""
        where = {"_id": camera.id, "erased_before_ms": camera.erased_before_ms}
        self._cameras.update(where, {"$set": {"is_erasing": False}})

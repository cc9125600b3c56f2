"""Uploads that go straight to the store, where people reach it: a link to PUT under, then a look at what came."""

from api_server.recordings.container import HEAD_BYTES
from api_server.recordings.intake import UploadRefused, require_container
from api_server.recordings.record import Upload
from api_server.recordings.store import UploadStore
from api_server.uploads.receiver import facts_of, gone, recording_of
from api_server.uploads.record import OpenState, OpenUpload
from api_server.uploads.store import OpenUploadStore
from common.clock import Clock
from common.storage.parts import PartedStore
from common.storage.port import AlreadyExists, NotFound, ObjectInfo

LINK_S = 3600


class DirectUploads:
    """Safe on any thread. The link leads to a place of its own: what is no video never lies among the uploads, and what
    is changed after the look does not either."""

    def __init__(self, open_uploads: OpenUploadStore, uploads: UploadStore, store: PartedStore, clock: Clock) -> None:
        self._open = open_uploads
        self._uploads = uploads
        self._store = store
        self._clock = clock

    def link(self, upload: OpenUpload) -> str:
        """Where the whole file can be PUT, for LINK_S. Raises UploadRefused."""
        self._require_open(upload)
        link = self._store.parts.presign_put(_key(upload), upload.size, LINK_S)
        if link is None:
            sentence = (
                "The store has no address for people here (S3_PUBLIC_ENDPOINT_URL). Send the bytes to this server."
            )
            raise UploadRefused(422, "no_public_store", sentence)
        return link

    def finish(self, upload: OpenUpload) -> Upload:
        """What was PUT becomes the recording. Raises UploadRefused; repeating it is harmless."""
        known = self._uploads.get(upload.id)
        if known is not None:
            return known
        self._require_open(upload)
        info = self._stored(upload)
        record = upload.model_copy(update={"container": self._container(info)})
        target = recording_of(record, facts_of(record, self._store, info.key))
        try:
            self._store.parts.copy(info.key, info.etag, target.key, target.media, target.to_metadata())
        except AlreadyExists as error:
            raise UploadRefused(409, "changed", "The file was changed while it was looked at. Finish again.") from error
        self._uploads.add(target)
        done = record.model_copy(update={"state": OpenState.DONE, "offset": record.size})
        if self._open.replace(done) is None and self._uploads.get(upload.id) is None:
            raise gone()
        self._store.delete(info.key)
        return target

    def _stored(self, upload: OpenUpload) -> ObjectInfo:
        try:
            info = self._store.head(_key(upload))
        except NotFound as error:
            raise UploadRefused(409, "not_there", "Nothing was sent to the link yet.") from error
        if info.size != upload.size:
            sentence = f"{info.size} bytes were sent to the link, not {upload.size}."
            raise UploadRefused(409, "wrong_size", sentence)
        return info

    def _container(self, info: ObjectInfo) -> str:
        try:
            return require_container(b"".join(self._store.read_range(info.key, 0, HEAD_BYTES - 1).chunks))
        except UploadRefused:
            self._store.delete(info.key)
            raise

    def _require_open(self, upload: OpenUpload) -> None:
        if upload.state is not OpenState.OPEN or upload.expires_us <= self._clock.wall_us():
            raise gone()


def _key(upload: OpenUpload) -> str:
    return f"{upload.prefix}direct"

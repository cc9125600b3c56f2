"""What lies beside a stored clip: crops, poster and sidecar as files, create-only, derived from the stored object."""

import contextlib
from collections.abc import Mapping

from common.contracts.clip import ClipId
from common.errors import Transient
from common.storage.clips import StoredSidecar
from common.storage.port import AlreadyExists, NotFound, ObjectStore
from consumers.pipeline.pictures import JPEG_TYPE
from consumers.pipeline.sealed_clip import SpooledClip
from consumers.pipeline.spool import Spool, SpoolSlot
from consumers.pipeline.stored_video import DerivedPictures, UnreadableClip, derive_pictures

SIDECAR_TYPE = "application/json"


class DerivedFiles:
    """Any thread. Every call may be repeated: what is there stays as it is.

    The order is crops, poster, `.json`: where the last is, all are, and nothing is decoded a second time.
    """

    def __init__(self, store: ObjectStore, spool: Spool) -> None:
        self._store = store
        self._spool = spool

    def put_own(self, clip: SpooledClip) -> None:
        """For a clip that is stored as we made it. Raises Transient."""
        try:
            poster = clip.poster.read_bytes() if clip.poster is not None else b""
            crops = {n: path.read_bytes() for n, path in clip.crops.items()}
        except OSError as error:
            raise UnreadableClip(f"the pictures of our own sealed clip are gone: {error}") from error
        self._put(clip.sidecar.clip_id, clip.sidecar.to_json(), DerivedPictures(poster, crops))

    def put_from_stored(self, stored: StoredSidecar) -> None:
        """For a clip that somebody else stored, whose own worker may have died right after: fetched and decoded, unless
        its files are complete. Raises Transient."""
        clip_id = stored.sidecar.clip_id
        with contextlib.suppress(NotFound):
            self._store.head(clip_id.sidecar_key)
            return
        slot = self._spool.reserve(is_for_upload=True)
        try:
            self._fetch(clip_id.video_key, stored.size, slot)
            pictures = derive_pictures(slot.video, stored.sidecar)
        except UnreadableClip:
            pictures = DerivedPictures(b"", {})  # a clip without poster is still announced: its sidecar is whole
        finally:
            slot.remove()
        self._put(clip_id, stored.sidecar.to_json(), pictures)

    def _fetch(self, key: str, size: int, slot: SpoolSlot) -> None:
        slot.set_bytes(size)
        try:
            body = self._store.read_range(key, 0)
        except NotFound as error:
            raise Transient(f"{key} was there a moment ago") from error
        try:
            with slot.video.open("wb") as file:
                for chunk in body.chunks:
                    file.write(chunk)
        except OSError as error:
            raise Transient(f"{key} could not be fetched into the spool: {error}") from error
        finally:
            body.close()

    def _put(self, clip_id: ClipId, sidecar: bytes, pictures: DerivedPictures) -> None:
        files: Mapping[str, bytes] = {clip_id.crop_key(n): jpeg for n, jpeg in sorted(pictures.crops.items())}
        for key, jpeg in files.items():
            self._create(key, jpeg, JPEG_TYPE)
        if pictures.poster:
            self._create(clip_id.poster_key, pictures.poster, JPEG_TYPE)
        self._create(clip_id.sidecar_key, sidecar, SIDECAR_TYPE)

    def _create(self, key: str, body: bytes, content_type: str) -> None:
        with contextlib.suppress(AlreadyExists):
            self._store.create(key, body, content_type)

"""What was made of uploads compared with the store, which is right."""

import logging

from api_server.recordings.record import UPLOADS_PREFIX, PlayableState
from api_server.recordings.store import UploadStore
from api_server.strays import erase_strays
from common.clock import Clock
from common.contracts.playable import PLAYABLE_PREFIX
from common.storage.port import ObjectStore, is_stored

log = logging.getLogger(__name__)


class PlayableSweep:
    """One thread. Raises Transient; every step may be repeated."""

    def __init__(self, uploads: UploadStore, store: ObjectStore, clock: Clock) -> None:
        self._uploads = uploads
        self._store = store
        self._clock = clock

    def run_once(self) -> int:
        """1. What belongs to no upload goes: a worker stored it while its upload was deleted. 2. What is missing is
        asked for again. How many were put right."""
        return erase_strays(self._store, PLAYABLE_PREFIX, self._owners, self._clock) + self._ask_for_missing()

    def _owners(self) -> set[str]:
        """Those of a database that was lost are still in the store."""
        stored = {info.key.removeprefix(UPLOADS_PREFIX) for info in self._store.list(UPLOADS_PREFIX)}
        return stored | self._uploads.ids()

    def _ask_for_missing(self) -> int:
        stored = {info.key for info in self._store.list(PLAYABLE_PREFIX)}
        mended = 0
        for upload in self._uploads.live():
            is_made = upload.playable is PlayableState.MADE
            if is_made and upload.playable_key not in stored and not is_stored(self._store, upload.playable_key):
                log.warning("what was made of an upload is gone, it is made again", extra={"upload": upload.id})
                self._uploads.unsettle(upload.id)
                mended += 1
        return mended

"""What was given up, or never came to its end, is erased."""

from api_server.recordings.record import upload_key
from api_server.strays import erase_strays
from api_server.uploads.record import OPEN_PREFIX, OpenState
from api_server.uploads.store import OpenUploadStore
from common.clock import Clock
from common.storage.parts import PartedStore


class OpenUploadSweep:
    """One thread. Every step may be repeated, and by two processes at once. Raises Transient."""

    def __init__(self, open_uploads: OpenUploadStore, store: PartedStore, clock: Clock) -> None:
        self._open = open_uploads
        self._store = store
        self._clock = clock

    def run_once(self) -> int:
        """Mark what is past its time, then erase: the parts, what was over, the record last. How many."""
        over = self._open.over(self._clock.wall_us())
        for upload in over:
            if upload.state is OpenState.OPEN:
                # Whoever is still sending finds it changed, and stores no more.
                self._open.end(upload.id)
            if upload.multipart is not None and upload.state is not OpenState.DONE:
                self._store.parts.abort(upload_key(upload.id), upload.multipart)
            self._erase(upload.prefix)
            self._open.remove(upload.id)
        return len(over)

    def sweep(self) -> int:
        """Objects of uploads that nobody knows: of a database that was lost."""
        return erase_strays(self._store, OPEN_PREFIX, self._open.ids, self._clock)

    def _erase(self, prefix: str) -> None:
        for key in [info.key for info in self._store.list(prefix)]:
            self._store.delete(key)

"""Exports come to an end by themselves: after a day, and with the clips they were made of."""

from api_server.clips.store import ClipStore
from api_server.exports.record import EXPORTS_PREFIX, ExportKind, ExportState, export_prefix
from api_server.exports.store import ExportStore
from api_server.strays import erase_strays
from common.clock import Clock
from common.storage.port import ObjectStore


class ExportEraser:
    """One thread. Every step may be repeated, and by two processes at once. Raises Transient."""

    def __init__(self, exports: ExportStore, clips: ClipStore, store: ObjectStore, clock: Clock) -> None:
        self._exports = exports
        self._clips = clips
        self._store = store
        self._clock = clock

    def expire(self) -> int:
        """Mark what is past its time, and films that show a clip which has been deleted; how many."""
        now_us = self._clock.wall_us()
        marked = 0
        for export in self._exports.in_state(ExportState.FINISHED, ExportState.FAILED):
            is_film = export.kind is ExportKind.FILM and export.state is ExportState.FINISHED
            if export.expires_us <= now_us or (is_film and any(self._clips.get(c) is None for c in export.clips)):
                self._exports.hide(export.id)
                marked += 1
        return marked

    def run_once(self) -> int:
        """Erase what is marked: objects first, the record last. 0: nothing has to be done again at once."""
        for export in self._exports.in_state(ExportState.DELETING):
            for key in [info.key for info in self._store.list(export_prefix(export.id))]:
                self._store.delete(key)
            self._exports.remove(export.id)
        return 0

    def sweep(self) -> int:
        """Objects of exports that nobody knows: of a worker that was slow, or of a database that was lost."""
        return erase_strays(self._store, EXPORTS_PREFIX, self._exports.ids, self._clock)

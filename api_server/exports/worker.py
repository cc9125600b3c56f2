"""Takes films that are waited for, one at a time, and makes them."""

import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from api_server.cameras.store import CameraStore
from api_server.clips.records import ClipRecord
from api_server.clips.store import ClipStore
from api_server.exports.film import Film, FilmFailed, FilmMaker, Scene, Shown
from api_server.exports.record import ACTIVE, ExportKind, ExportRecord, ExportState
from api_server.exports.store import ExportStore
from api_server.routes.media_routes import file_name
from common.clock import Clock
from common.storage.port import NotFound, ObjectStore

log = logging.getLogger(__name__)

LEASE_S = 900
"""Longer than one clip takes: five minutes of video, cut and encoded anew."""
ATTEMPTS_MAX = 3
FILM_TYPE = "video/mp4"
_US = 1_000_000


class FilmWorker:
    """One thread; several processes may run beside each other. Raises Transient; a film that was begun is then taken up
    again when its lease is over, here or elsewhere. A kill at any moment loses nothing but the work."""

    def __init__(
        self,
        exports: ExportStore,
        clips: ClipStore,
        cameras: CameraStore,
        store: ObjectStore,
        folder: Path,
        clock: Clock,
        is_stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._exports = exports
        self._clips = clips
        self._cameras = cameras
        self._store = store
        self._folder = folder
        self._clock = clock
        self._is_stopping = is_stopping

    def run_once(self) -> int:
        """Make the oldest film that nobody is at; how many were (0 or 1)."""
        for export in self._exports.in_state(*ACTIVE):
            if export.kind is ExportKind.FILM and self._claim(export):
                self._make(export)
                return 1
        return 0

    def _claim(self, export: ExportRecord) -> bool:
        """Whether this worker has it now."""
        now_us = self._clock.wall_us()
        taken: list[bool] = []

        def claimed(known: ExportRecord) -> ExportRecord:
            taken.clear()
            if not known.is_active or known.lease_us > now_us:
                return known
            if known.attempts >= ATTEMPTS_MAX:
                return _failed(known, f"It was begun {ATTEMPTS_MAX} times and never came to an end.", now_us)
            taken.append(True)
            return known.model_copy(
                update={
                    "state": ExportState.PROCESSING,
                    "lease_us": now_us + LEASE_S * _US,
                    "attempts": known.attempts + 1,
                    "clips_done": 0,
                }
            )

        self._exports.rewrite(export.id, claimed)
        return bool(taken)

    def _make(self, export: ExportRecord) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{export.id}-", dir=self._folder))
        try:
            film = self._filmed(export, folder)
            if film is None:
                return
            self._store.replace(export.film_key, film.path, FILM_TYPE)
            self._finish(export, film)
        except FilmFailed as error:
            log.warning("a film failed", extra={"export": export.id, "error": str(error)})
            reason, now_us = str(error), self._clock.wall_us()
            self._exports.rewrite(export.id, lambda e: _failed(e, reason, now_us))
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _filmed(self, export: ExportRecord, folder: Path) -> Film | None:
        """None: it is not wanted any more."""
        around_s = export.around_ms / 1000 if export.around_ms is not None else None
        maker = FilmMaker(folder, export.captions, around_s)
        for number, clip_id in enumerate(export.clips, 1):
            clip = self._clips.get(clip_id)
            scene = self._fetched(clip, folder) if clip is not None else None
            if scene is not None:
                maker.add(scene)
                scene.path.unlink(missing_ok=True)
            if self._is_stopping():
                self._exports.rewrite(export.id, _given_back)
                return None
            if not self._goes_on(export.id, number):
                return None
        return maker.finish()

    def _fetched(self, clip: ClipRecord, folder: Path) -> Scene | None:
        try:
            body = self._store.read_range(clip.clip_id.video_key, 0)
        except (NotFound, ValueError):
            return None
        path = folder / file_name(clip)
        try:
            if body.total != clip.video_bytes:
                return None
            with path.open("wb") as file:
                for chunk in body.chunks:
                    file.write(chunk)
        finally:
            body.close()
        camera = self._cameras.get(clip.camera)
        shown = tuple(
            Shown(
                s.text or s.label or s.kind,
                max(0.0, (s.first_us - clip.t0_us) / _US),
                max(0.0, (s.last_us - clip.t0_us) / _US),
            )
            for s in self._clips.sightings_of(clip.id)
        )
        return Scene(path, camera.name if camera is not None else clip.camera, clip.t0_us, shown)

    def _goes_on(self, export_id: str, done: int) -> bool:
        lease_us = self._clock.wall_us() + LEASE_S * _US
        known = self._exports.rewrite(
            export_id,
            lambda e: e.model_copy(update={"clips_done": done, "lease_us": lease_us}) if e.is_active else e,
        )
        return known is not None and known.is_active

    def _finish(self, export: ExportRecord, film: Film) -> None:
        """The object is there; who has deleted the export meanwhile has its object deleted again."""
        size, now_us = film.path.stat().st_size, self._clock.wall_us()
        done = {
            "state": ExportState.FINISHED,
            "bytes": size,
            "duration_ms": film.duration_ms,
            "notes": film.notes,
            "finished_us": now_us,
            "lease_us": 0,
        }
        known = self._exports.rewrite(export.id, lambda e: e.model_copy(update=done) if e.is_active else e)
        if known is None or known.state is not ExportState.FINISHED:
            self._store.delete(export.film_key)


def _given_back(export: ExportRecord) -> ExportRecord:
    """As if it had not been begun: a worker that is stopped is no failed attempt."""
    if not export.is_active:
        return export
    change = {"state": ExportState.RECEIVED, "lease_us": 0, "attempts": max(0, export.attempts - 1), "clips_done": 0}
    return export.model_copy(update=change)


def _failed(export: ExportRecord, reason: str, now_us: int) -> ExportRecord:
    if not export.is_active:
        return export
    return export.model_copy(
        update={"state": ExportState.FAILED, "reason": reason, "finished_us": now_us, "lease_us": 0}
    )

"""Stores sealed clips exactly once, whoever else tries (DESIGN 5, rules 6, 7, 11 and 17)."""

import logging
from collections.abc import Iterator, Sequence

from common.clock import Clock, SystemClock
from common.contracts.clip import CLIPS_PREFIX, ClipId, day_prefix
from common.contracts.clip_event import ClipReady, clip_ready
from common.contracts.frame import CLIP_MS_MAX
from common.contracts.identity import is_camera_id
from common.contracts.sidecar import Sidecar
from common.contracts.work import StoredClip
from common.errors import EncoderFailure, LookoutError, Transient
from common.metrics import Metrics
from common.storage.clips import read_sidecar
from common.storage.port import NotFound, ObjectStore
from consumers.pipeline.clip_put import Claimed, ClipPut
from consumers.pipeline.coverage import Remainder, remainder_of
from consumers.pipeline.derived_files import DerivedFiles
from consumers.pipeline.remainder_clip import cut_remainder
from consumers.pipeline.sealed_clip import SealedClip, SpooledClip
from consumers.pipeline.spool import Spool
from consumers.pipeline.stage_time import timed

CREATED, COVERED, CONFLICT = "created", "covered", "conflict"
REMAINDERS_MAX = 99
"""So many clips of one window never come from faults; something is wrong that repeating makes worse."""
DAY_MS = 86_400_000
BUCKET_MS = 1_000_000
"""Object names begin with 13 digits of milliseconds: all but the last six name a stretch of 1,000 s."""
_log = logging.getLogger(__name__)


class VideoClipStore:
    """Implements the runtime's `ClipStore`. Any thread; blocks. Every call may be repeated after any failure."""

    def __init__(
        self,
        store: ObjectStore,
        spool: Spool,
        is_atomic: bool,
        clock: Clock | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._store = store
        self._spool = spool
        self._put = ClipPut(store, is_atomic, clock or SystemClock())
        self._derived = DerivedFiles(store, spool)
        self._metrics = metrics or Metrics()

    def store(self, clip: SealedClip) -> StoredClip:
        """1. put; 2. compare with what is stored; 3. put what nobody has under the next number; 4. derived files and
        events from what is stored. Raises Transient; UnreadableClip when our own sealed file is gone or broken."""
        if not isinstance(clip, SpooledClip):
            raise TypeError(f"not a clip of this pipeline: {type(clip).__name__}")
        with timed(self._metrics, "put"):
            claimed = self._put.claim(clip)
        if claimed.is_ours:
            return self._announce(CREATED, [claimed], {0: clip})
        found = [claimed]
        if remainder_of(clip.sidecar, _sidecars(found)).is_empty:
            return self._announce(COVERED, found, {})
        return self._store_remainder(clip, found)

    def load_sidecars(self, analysis: str, camera: str, from_ms: int, to_ms: int) -> Sequence[Sidecar]:
        """See the runtime's port. One ranged GET a clip; what is no clip, or goes meanwhile, is left out."""
        sidecars = []
        for clip_id in self._list_windows(analysis, camera, from_ms, to_ms):
            try:
                sidecars.append(read_sidecar(self._store, clip_id).sidecar)
            except NotFound:
                continue  # deleted since it was listed
            except ValueError as error:
                _log.error("an object that is no clip lies at a clip's key", extra={"clip": clip_id, "problem": error})
        return sidecars

    def list_cameras(self, analysis: str) -> Sequence[str]:
        """See the runtime's port. Lists every object of the analysis."""
        prefix = f"{CLIPS_PREFIX}{analysis}/"
        cameras = {info.key.removeprefix(prefix).partition("/")[0] for info in self._store.list(prefix)}
        return sorted(camera for camera in cameras if is_camera_id(camera))

    def _store_remainder(self, clip: SpooledClip, found: list[Claimed]) -> StoredClip:
        """Rule 7: the next number is tried only after all lower ones are read, each of them subtracted."""
        self._metrics.count("lookout_conflicts_total")
        ours = clip.sidecar
        _log.error(
            "CONFLICT: the stored clip does not account for all of ours",
            extra={"clip": str(ours.clip_id), "first_offset": ours.first_offset, "last_offset": ours.last_offset},
        )
        own: dict[int, SpooledClip] = {}
        try:
            for number in range(1, REMAINDERS_MAX + 1):
                remainder = remainder_of(ours, _sidecars(found))
                if not remainder.frames:
                    return self._announce(CONFLICT, found, own)
                claimed = self._put.find(ours.clip_id.with_remainder(number))
                if claimed is None:
                    own[number] = self._cut(clip, remainder, number)
                    claimed = self._put.claim(own[number])
                found.append(claimed)
            raise LookoutError(f"{ours.clip_id} has {REMAINDERS_MAX} remainders and still does not hold our frames")
        finally:
            for cut in own.values():
                cut.discard()

    def _cut(self, clip: SpooledClip, remainder: Remainder, number: int) -> SpooledClip:
        try:
            return cut_remainder(clip, remainder, number, self._spool)
        except EncoderFailure as error:
            # The partition is long past this window: restarting it helps nothing, room on the disk does.
            raise Transient(f"the remainder of {clip.sidecar.clip_id} cannot be written: {error}") from error

    def _announce(self, outcome: str, found: Sequence[Claimed], own: dict[int, SpooledClip]) -> StoredClip:
        """Derived files, then the events, of everything stored that is not a tombstone."""
        events: list[ClipReady] = []
        for number, claimed in enumerate(found):
            stored = claimed.stored
            if stored is None or stored.is_tombstone:
                continue
            with timed(self._metrics, "derive"):
                if claimed.is_ours and number in own:
                    self._derived.put_own(own[number])
                else:
                    self._derived.put_from_stored(stored)
            events.append(clip_ready(stored.sidecar, stored.size))
        return StoredClip(outcome, tuple(events))

    def _list_windows(self, analysis: str, camera: str, from_ms: int, to_ms: int) -> Iterator[ClipId]:
        for prefix in _prefixes(analysis, camera, from_ms - CLIP_MS_MAX, to_ms):
            for info in self._store.list(prefix):
                try:
                    clip_id = ClipId.parse_key(info.key)
                except ValueError:
                    continue  # a derived file
                if clip_id.window.start_ms < to_ms and clip_id.window.end_ms > from_ms:
                    yield clip_id


def _sidecars(found: Sequence[Claimed]) -> list[Sidecar]:
    return [claimed.stored.sidecar for claimed in found if claimed.stored is not None]


def _prefixes(analysis: str, camera: str, from_ms: int, to_ms: int) -> Iterator[str]:
    """Key prefixes under which every window lies that starts in [from_ms, to_ms), each window once.

    Up to a day: by stretches of 1,000 s, so that a camera's whole day is not listed. Else, and for times of other than
    13 digits, by days.
    """
    from_ms = max(0, from_ms)
    has_buckets = from_ms >= 10**12 and to_ms < 10**13 and to_ms - from_ms <= DAY_MS
    step_ms = BUCKET_MS if has_buckets else DAY_MS
    seen: set[str] = set()
    for number in range(from_ms // step_ms, max(from_ms, to_ms - 1) // step_ms + 1):
        start_ms = number * step_ms
        # A stretch of 1,000 s may lie on two days.
        for moment_ms in (start_ms, start_ms + step_ms - 1):
            prefix = day_prefix(analysis, camera, moment_ms) + (str(number) if has_buckets else "")
            if prefix not in seen:
                seen.add(prefix)
                yield prefix

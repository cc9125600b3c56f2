"""One create-only PUT, and what lies there afterwards (DESIGN 5, rules 6 and 17)."""

import logging
from dataclasses import dataclass

from common.clock import Clock
from common.contracts.clip import ClipId
from common.contracts.object_metadata import ClipMetadata
from common.errors import Transient
from common.storage.clips import VIDEO_TYPE, StoredSidecar, read_sidecar
from common.storage.port import AlreadyExists, NotFound, ObjectStore
from consumers.pipeline.sealed_clip import SpooledClip

SETTLE_S = 1.0
"""A store whose create-only PUT is not atomic may let a writer through that began milliseconds later; after this long
only one object is left."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Claimed:
    """What lies at the key after our PUT. `is_ours`: byte for byte our sidecar. `stored` None: something that is no
    clip lies there; it accounts for nothing."""

    is_ours: bool
    stored: StoredSidecar | None


class ClipPut:
    """Any thread. `is_atomic`: what the probe of the store found at start."""

    def __init__(self, store: ObjectStore, is_atomic: bool, clock: Clock) -> None:
        self._store = store
        self._is_atomic = is_atomic
        self._clock = clock

    def claim(self, clip: SpooledClip) -> Claimed:
        """Put the clip, create-only; read what is stored unless the answer leaves no doubt. Raises Transient: then the
        object may or may not be there, and the same call repeated finds out."""
        clip_id = clip.sidecar.clip_id
        metadata = ClipMetadata.of(clip.sidecar, clip.sidecar_at).to_metadata()
        try:
            self._store.create(clip_id.video_key, clip.video, VIDEO_TYPE, metadata)
            is_created = True
        except AlreadyExists:
            is_created = False
        if not self._is_atomic:
            self._clock.sleep(SETTLE_S)
        elif is_created:
            return Claimed(True, StoredSidecar(clip.sidecar, clip.size_bytes, clip.sidecar_at))
        found = self.find(clip_id)
        if found is None:
            raise Transient(f"{clip_id.video_key} was there a moment ago")
        is_ours = found.stored is not None and found.stored.sidecar.to_json() == clip.sidecar.to_json()
        return Claimed(is_ours, found.stored)

    def find(self, clip_id: ClipId) -> Claimed | None:
        """What is stored under an id, or None when nothing is. Raises Transient."""
        try:
            return Claimed(False, read_sidecar(self._store, clip_id))
        except NotFound:
            return None
        except ValueError as error:
            _log.error("an object that is no clip lies at a clip's key", extra={"clip": str(clip_id), "problem": error})
            return Claimed(False, None)

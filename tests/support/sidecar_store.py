"""Clips without video in a real object store: the object is the sidecar's box. For the runtime's tests."""

import contextlib
from collections.abc import Sequence

from common.contracts.clip import CLIPS_PREFIX, ClipId, camera_prefix
from common.contracts.clip_event import clip_ready
from common.contracts.object_metadata import ClipMetadata
from common.contracts.sidecar import Sidecar
from common.contracts.sidecar_box import pack_box
from common.contracts.work import StoredClip
from common.storage.clips import read_sidecar
from common.storage.port import AlreadyExists, ObjectStore
from consumers.runtime.ports import SealedClip


class SidecarStore:
    """Implements the runtime's `ClipStore`. A conflict has no reason here and raises AssertionError."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def store(self, clip: SealedClip) -> StoredClip:
        ours = clip.sidecar
        box = pack_box(ours)
        metadata = ClipMetadata.of(ours, sidecar_at=0).to_metadata()
        outcome = "created"
        try:
            self._store.create(ours.clip_id.video_key, box, "video/mp4", metadata)
        except AlreadyExists:
            outcome = "covered"
        stored = read_sidecar(self._store, ours.clip_id)
        missing = {e.offset for e in ours.entries} - stored.sidecar.covered_offsets(ours.origin)
        assert not missing, f"conflict at {ours.clip_id}: {sorted(missing)}"
        return StoredClip(outcome, (clip_ready(stored.sidecar, stored.size),))

    def load_sidecars(self, analysis: str, camera: str, from_ms: int, to_ms: int) -> Sequence[Sidecar]:
        return [
            read_sidecar(self._store, clip_id).sidecar
            for clip_id in self.list_clips(camera_prefix(analysis, camera))
            if clip_id.window.start_ms < to_ms and clip_id.window.end_ms > from_ms
        ]

    def list_cameras(self, analysis: str) -> Sequence[str]:
        return sorted({clip_id.camera for clip_id in self.list_clips(f"{CLIPS_PREFIX}{analysis}/")})

    def list_clips(self, prefix: str = CLIPS_PREFIX) -> list[ClipId]:
        clips = []
        for info in self._store.list(prefix):
            # s3proxy lists a PUT under way under a name of its own, the key and a random end.
            with contextlib.suppress(ValueError):
                clips.append(ClipId.parse_key(info.key))
        return clips

    def sidecars(self) -> list[Sidecar]:
        """Everything that is stored."""
        return [read_sidecar(self._store, clip_id).sidecar for clip_id in self.list_clips()]

"""Reading and tombstoning stored clips: what the pipeline and the API server both do with the sidecar in the object."""

from dataclasses import dataclass

from common.contracts.clip import ClipId
from common.contracts.object_metadata import ClipMetadata
from common.contracts.sidecar import FrameEntry, Sidecar
from common.contracts.sidecar_box import find_box, pack_box, unpack_box
from common.storage.port import ObjectStore

VIDEO_TYPE = "video/mp4"
TOMBSTONE_TYPE = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class StoredSidecar:
    """A sidecar as read from the store. `size`: bytes of the whole object; `sidecar_at`: where its box begins."""

    sidecar: Sidecar
    size: int
    sidecar_at: int

    @property
    def is_tombstone(self) -> bool:
        return self.sidecar.tombstone is not None


def read_sidecar(store: ObjectStore, clip_id: ClipId) -> StoredSidecar:
    """HEAD and one ranged GET; the whole object only if a store dropped its metadata.

    Raises NotFound, Transient, ValueError.
    """
    info = store.head(clip_id.video_key)
    try:
        at = ClipMetadata.from_metadata(info.metadata).sidecar_at
        body = store.read_range(clip_id.video_key, at)
        sidecar = unpack_box(b"".join(body.chunks))
    except ValueError:
        data = store.read(clip_id.video_key)
        at = find_box(data)
        sidecar = unpack_box(data[at:])
    return StoredSidecar(sidecar, info.size, at)


def tombstone_of(sidecar: Sidecar, reason: str) -> Sidecar:
    """The same offsets and identities, and nothing else: it covers, and nothing is derived or announced from it."""
    kept = tuple(
        FrameEntry(offset=e.offset, log_ms=e.log_ms, fate=e.fate, session=e.session, seq=e.seq) for e in sidecar.entries
    )
    return sidecar.model_copy(
        update={"entries": kept, "detections": (), "sightings": (), "notes": (), "frame_count": 0, "tombstone": reason}
    )


def put_tombstone(store: ObjectStore, sidecar: Sidecar, reason: str) -> None:
    """Replace a stored clip by its tombstone (DESIGN 5, rule 12). The caller deletes the derived files, afterwards."""
    tombstone = tombstone_of(sidecar, reason)
    metadata = ClipMetadata.of(tombstone, sidecar_at=0).to_metadata()
    store.replace(sidecar.clip_id.video_key, pack_box(tombstone), TOMBSTONE_TYPE, metadata)

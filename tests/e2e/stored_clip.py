"""A clip as it lies in the store: its file and the sidecar inside it."""

from dataclasses import dataclass, field

from common.contracts.sidecar import Sidecar
from common.contracts.sidecar_box import find_box, unpack_box


@dataclass(frozen=True, slots=True)
class StoredClip:
    """`data`: the whole MP4 file."""

    clip: str
    data: bytes = field(repr=False)
    sidecar: Sidecar = field(repr=False)

    @classmethod
    def of(cls, clip: str, data: bytes) -> "StoredClip":
        """Raises ValueError when there is no sidecar in the file, or it is another clip's."""
        sidecar = unpack_box(data[find_box(data) :])
        if str(sidecar.clip_id) != clip:
            raise ValueError(f"{clip} holds the sidecar of {sidecar.clip_id}")
        return cls(clip, data, sidecar)

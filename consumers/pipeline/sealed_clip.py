"""A finished clip in the spool."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from common.contracts.sidecar import Sidecar
from common.contracts.sidecar_box import pack_box
from common.errors import EncoderFailure
from consumers.pipeline.spool import SpoolSlot


class SealedClip(Protocol):
    """What the runtime sees of a finished clip."""

    @property
    def sidecar(self) -> Sidecar: ...

    @property
    def size_bytes(self) -> int: ...

    def discard(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SpooledClip:
    """Implements the runtime's `SealedClip`. `sidecar_at`: where the sidecar box begins in the file.

    `poster` and `crops` (by sighting number) are JPEG files beside it.
    """

    slot: SpoolSlot
    sidecar: Sidecar
    sidecar_at: int
    size_bytes: int
    poster: Path | None
    crops: dict[int, Path]

    @property
    def video(self) -> Path:
        return self.slot.video

    def discard(self) -> None:
        self.slot.remove()


def seal(
    slot: SpoolSlot, video_bytes: int, sidecar: Sidecar, poster: bytes | None, crops: dict[int, bytes]
) -> SpooledClip:
    """Append the sidecar to the finished file of `video_bytes` and write its pictures. Raises EncoderFailure."""
    box = pack_box(sidecar)
    try:
        with slot.video.open("ab") as file:
            file.write(box)
        poster_path = slot.path(".jpg") if poster is not None else None
        if poster is not None and poster_path is not None:
            poster_path.write_bytes(poster)
        crop_paths = {n: slot.path(f".{n}.jpg") for n in crops}
        for n, path in crop_paths.items():
            path.write_bytes(crops[n])
        size = slot.video.stat().st_size
    except OSError as error:
        raise EncoderFailure(f"the clip could not be sealed: {error}") from error
    if size != video_bytes + len(box):
        raise EncoderFailure(f"the sealed clip has {size} bytes instead of {video_bytes + len(box)}")
    slot.set_bytes(size + len(poster or b"") + sum(map(len, crops.values())))
    return SpooledClip(slot, sidecar, video_bytes, size, poster_path, crop_paths)

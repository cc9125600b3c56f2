"""User metadata of a stored clip: enough to find the sidecar with one ranged GET (DESIGN 4, Objects)."""

from collections.abc import Mapping
from dataclasses import dataclass

from common.contracts.sidecar import Sidecar


@dataclass(frozen=True, slots=True)
class ClipMetadata:
    """`sidecar_at`: offset in bytes where the sidecar box begins; it reaches to the end of the object."""

    topic_id: str
    partition: int
    first_offset: int
    last_offset: int
    frame_count: int
    sidecar_at: int
    is_tombstone: bool = False

    @classmethod
    def of(cls, sidecar: Sidecar, sidecar_at: int) -> "ClipMetadata":
        return cls(
            topic_id=sidecar.origin.topic_id,
            partition=sidecar.origin.partition,
            first_offset=sidecar.first_offset,
            last_offset=sidecar.last_offset,
            frame_count=sidecar.frame_count,
            sidecar_at=sidecar_at,
            is_tombstone=sidecar.tombstone is not None,
        )

    def to_metadata(self) -> dict[str, str]:
        return {
            "topic-id": self.topic_id,
            "partition": str(self.partition),
            "first-offset": str(self.first_offset),
            "last-offset": str(self.last_offset),
            "frame-count": str(self.frame_count),
            "sidecar-at": str(self.sidecar_at),
            "tombstone": "1" if self.is_tombstone else "0",
        }

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str]) -> "ClipMetadata":
        """Raises ValueError when it is not a clip of ours."""
        try:
            return cls(
                topic_id=metadata["topic-id"],
                partition=int(metadata["partition"]),
                first_offset=int(metadata["first-offset"]),
                last_offset=int(metadata["last-offset"]),
                frame_count=int(metadata["frame-count"]),
                sidecar_at=int(metadata["sidecar-at"]),
                is_tombstone=metadata.get("tombstone") == "1",
            )
        except (KeyError, ValueError) as error:
            raise ValueError(f"not a clip's metadata: {error}") from error

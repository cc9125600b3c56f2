"""The top-level boxes of an MP4 file (ISO/IEC 14496-12, 4.2): enough to know that a file is whole."""

import struct
from dataclasses import dataclass
from pathlib import Path

BOXES_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Mp4Box:
    """`kind`: four characters. `start` and `size` in bytes, header included."""

    kind: str
    start: int
    size: int

    @property
    def end(self) -> int:
        return self.start + self.size


def read_boxes(path: Path) -> list[Mp4Box]:
    """Every top-level box, in order. Raises ValueError when they do not tile the file."""
    total = path.stat().st_size
    boxes: list[Mp4Box] = []
    at = 0
    with path.open("rb") as file:
        while at < total:
            file.seek(at)
            head = file.read(16)
            if len(head) < 8 or len(boxes) >= BOXES_MAX:
                raise ValueError(f"box {len(boxes)} at byte {at} of {total} is cut")
            (size,) = struct.unpack_from(">I", head)
            if size == 1 and len(head) == 16:
                (size,) = struct.unpack_from(">Q", head, 8)
            if size < 8 or at + size > total:
                raise ValueError(f"box {len(boxes)} at byte {at} claims {size} bytes, the file has {total}")
            boxes.append(Mp4Box(head[4:8].decode("latin-1"), at, size))
            at += size
    return boxes


def check_streamable(path: Path) -> None:
    """Raise ValueError unless the file is whole and its index stands before its pictures."""
    kinds = [box.kind for box in read_boxes(path)]
    if "moov" not in kinds or "mdat" not in kinds or kinds.index("moov") > kinds.index("mdat"):
        raise ValueError(f"boxes are {', '.join(kinds)}: the index does not stand before the pictures")

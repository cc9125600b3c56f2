"""The layout of a clip's file: what lies where (ISO/IEC 14496-12, 4.2)."""

import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mp4Box:
    """One top-level box: four letters, offset and size in bytes."""

    kind: str
    at: int
    size: int


def top_boxes(data: bytes) -> list[Mp4Box]:
    """Every top-level box in order. ValueError when the boxes do not tile the file."""
    boxes, at = [], 0
    while at < len(data):
        if at + 8 > len(data):
            raise ValueError(f"{len(data) - at} bytes are left over at {at}")
        size, kind = struct.unpack_from(">I4s", data, at)
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
        if size < 8 or at + size > len(data):
            raise ValueError(f"box {kind!r} at {at} claims {size} bytes")
        boxes.append(Mp4Box(kind.decode("latin-1"), at, size))
        at += size
    return boxes


def layout_problems(data: bytes) -> list[str]:
    """What is wrong with a clip's layout: it must play before it is read whole, and end with its sidecar."""
    try:
        kinds = [box.kind for box in top_boxes(data)]
    except ValueError as error:
        return [f"no MP4 file: {error}"]
    problems = []
    if "moov" not in kinds or "mdat" not in kinds:
        return [f"moov or mdat is missing: {kinds}"]
    if kinds.index("moov") > kinds.index("mdat"):
        problems.append("moov lies behind mdat: the file is not made for streaming")
    if kinds[-1] != "uuid":
        problems.append(f"the file ends with {kinds[-1]} and not with the sidecar")
    return problems

"""The tables of a clip's MP4: which picture lies where and is shown when. Nothing is decoded.

ISO/IEC 14496-12 (`mdhd`, `elst`, `stsd`, `stts`, `ctts`, `stss`, `stsc`, `stsz`, `stco`, `co64`) and 14496-15 (`avc1`).
"""

import io
import struct
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from api_server.recordings.container import Box, boxes

SAMPLES_MAX = 100_000
"""Of one clip: five minutes at 300 frames/s."""
_ENTRY_HEAD = 78
"""Bytes of a visual sample entry before the boxes in it."""
_CODEC_BOXES = (b"avcC", b"colr", b"pasp")
"""What a decoder is told. `btrt`, the bit rate, differs from clip to clip and binds nobody."""


class NotJoinable(ValueError):
    """The file is not as our recorder writes it. The text says how."""


@dataclass(frozen=True, slots=True)
class PictureFormat:
    """`entry`: the sample entry (`avc1`) without what differs from clip to clip; equal entries decode alike."""

    width: int
    height: int
    entry: bytes


@dataclass(frozen=True, slots=True)
class Movie:
    """One video track. Picture n is shown `times_ms[n]` after presentation time 0 and has `sizes[n]` bytes; the first
    lies at byte `data_at` of the file, each right behind the one before. `keys`: those that need no other."""

    format: PictureFormat
    times_ms: Sequence[int]
    sizes: Sequence[int]
    keys: Sequence[int]
    data_at: int
    last_ms: int


def read_movie(moov: bytes) -> Movie:
    """Of the content of a `moov`. Raises NotJoinable."""
    try:
        return _read(moov)
    except (struct.error, KeyError, IndexError) as error:
        raise NotJoinable(f"its tables cannot be read ({type(error).__name__})") from error
    except NotJoinable:
        raise
    except ValueError as error:
        raise NotJoinable(str(error)) from error


def _read(moov: bytes) -> Movie:
    file = io.BytesIO(moov)
    tracks = [box for box in boxes(file, 0, len(moov)) if box.kind == b"trak"]
    if len(tracks) != 1:
        raise NotJoinable(f"it has {len(tracks)} tracks")
    track = _inside(file, tracks[0])
    media = _inside(file, track[b"mdia"])
    tables = _inside(file, _inside(file, media[b"minf"])[b"stbl"])
    content = {kind: moov[box.start : box.end] for kind, box in tables.items()}
    scale = _time_scale(_bytes(moov, media[b"mdhd"]))
    sizes = _sizes(content[b"stsz"])
    deltas = _deltas(content[b"stts"], len(sizes))
    if b"ctts" in content and any(_numbers(content[b"ctts"], 8)[1::2]):
        raise NotJoinable("its pictures are not stored in the order they are shown")
    shift = _shift(_bytes(moov, _inside(file, track[b"edts"])[b"elst"])) if b"edts" in track else 0
    times, at = [], -shift
    for delta in deltas:
        times.append(round(at * 1000 / scale))
        at += delta
    if times != sorted(set(times)):
        raise NotJoinable("its pictures do not follow one another")
    keys = [n - 1 for n in _numbers(content[b"stss"], 8)] if b"stss" in content else list(range(len(sizes)))
    if not keys or keys[0] != 0 or keys[-1] >= len(sizes):
        raise NotJoinable("it does not begin with a key frame")
    return Movie(
        format=_format(content[b"stsd"]),
        times_ms=times,
        sizes=sizes,
        keys=keys,
        data_at=_data_at(content, sizes),
        last_ms=max(1, round(deltas[-1] * 1000 / scale)),
    )


def _inside(file: io.BytesIO, box: Box) -> dict[bytes, Box]:
    return {inner.kind: inner for inner in boxes(file, box.start, box.end)}


def _bytes(moov: bytes, box: Box) -> bytes:
    return moov[box.start : box.end]


def _numbers(content: bytes, at: int) -> "array[int]":
    """32-bit numbers from byte `at` to the end."""
    found = array("I")
    found.frombytes(content[at : at + (len(content) - at) // 4 * 4])
    if sys.byteorder == "little":
        found.byteswap()
    return found


def _time_scale(mdhd: bytes) -> int:
    scale = struct.unpack_from(">I", mdhd, 20 if mdhd[0] == 1 else 12)[0]
    if not scale:
        raise NotJoinable("it has no time scale")
    return int(scale)


def _sizes(stsz: bytes) -> "array[int]":
    same, count = struct.unpack_from(">II", stsz, 4)
    if not 0 < count <= SAMPLES_MAX:
        raise NotJoinable(f"it has {count} pictures")
    sizes = array("I", [same]) * count if same else _numbers(stsz, 12)[:count]
    if len(sizes) != count:
        raise NotJoinable("its tables are cut")
    return sizes


def _deltas(stts: bytes, count: int) -> list[int]:
    runs = _numbers(stts, 8)
    if sum(runs[0::2]) != count:
        raise NotJoinable("its tables do not agree")
    return [delta for n, delta in zip(runs[0::2], runs[1::2], strict=True) for _ in range(n)]


def _shift(elst: bytes) -> int:
    """The media time that is shown first. Of one plain edit, which is all that our recorder writes."""
    count = struct.unpack_from(">I", elst, 4)[0]
    start = struct.unpack_from(">q" if elst[0] == 1 else ">i", elst, 16 if elst[0] == 1 else 12)[0]
    if count != 1 or start < 0:
        raise NotJoinable("it is edited")
    return int(start)


def _data_at(content: dict[bytes, bytes], sizes: "array[int]") -> int:
    """Where the first picture lies. Raises NotJoinable when the others do not follow it without a break."""
    if b"co64" in content:
        chunks = [int(at) for (at,) in struct.iter_unpack(">Q", content[b"co64"][8:])]
    else:
        chunks = [int(at) for at in _numbers(content[b"stco"], 8)]
    table = _numbers(content[b"stsc"], 8)
    runs = list(zip(table[0::3], table[1::3], strict=True))
    sample, at = 0, chunks[0]
    for n, (first, per_chunk) in enumerate(runs):
        last = runs[n + 1][0] if n + 1 < len(runs) else len(chunks) + 1
        for chunk in chunks[first - 1 : last - 1]:
            if chunk != at:
                raise NotJoinable("its pictures do not lie in one piece")
            at += sum(sizes[sample : sample + per_chunk])
            sample += per_chunk
    if sample != len(sizes):
        raise NotJoinable("its tables do not agree")
    return chunks[0]


def _format(stsd: bytes) -> PictureFormat:
    count, size, kind = struct.unpack_from(">II4s", stsd, 4)
    if count != 1 or kind != b"avc1" or 8 + size > len(stsd):
        raise NotJoinable("it is no H.264 of one format")
    head = stsd[16 : 16 + _ENTRY_HEAD]
    width, height = struct.unpack_from(">HH", head, 24)
    inner = boxes(io.BytesIO(stsd), 16 + _ENTRY_HEAD, 8 + size)
    kept = {box.kind: stsd[box.start - 8 : box.end] for box in inner if box.kind in _CODEC_BOXES}
    if b"avcC" not in kept:
        raise NotJoinable("its decoder is not described")
    body = head + b"".join(kept[kind] for kind in _CODEC_BOXES if kind in kept)
    return PictureFormat(width, height, struct.pack(">I4s", 8 + len(body), b"avc1") + body)

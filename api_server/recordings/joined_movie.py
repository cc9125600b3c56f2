"""The index of a joined MP4: everything that stands before its pictures. The pictures themselves stay where they are.

ISO/IEC 14496-12. One track, one chunk for each clip, `moov` first, so that a player begins at once.
"""

import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from api_server.recordings.movie import PictureFormat

TIME_SCALE = 1000
"""Milliseconds, as the recorder counts; 32 bits of it last 49 days."""
_EPOCH_S = 2_082_844_800
"""From 1904, where MP4 counts from, to 1970."""
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED = 0x55C4
"""The language `und`."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Pictures of one clip, `data_bytes` in all. `times_ms`: since the joined file's first picture; they grow, across
    chunks too. `keys`: numbers within the chunk."""

    times_ms: Sequence[int]
    sizes: Sequence[int]
    keys: Sequence[int]
    data_bytes: int


def make_index(chunks: Sequence[Chunk], form: PictureFormat, last_ms: int, lead_ms: int, t0_us: int) -> bytes:
    """`ftyp`, `moov` and the head of `mdat`; the chunks' bytes follow, one behind the other.

    `last_ms`: how long the last picture is shown; `lead_ms`: what a decoder needs before the first picture that is to
    be seen; `t0_us`: wall time of that one.
    """
    data_bytes = sum(chunk.data_bytes for chunk in chunks)
    kind = _box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
    data_head = struct.pack(">I4sQ", 1, b"mdat", 16 + data_bytes)
    total_ms = chunks[-1].times_ms[-1] + last_ms
    tables = _tables(chunks, form, total_ms)
    empty = _movie(tables, b"\0" * 8 * len(chunks), len(chunks), form, total_ms, lead_ms, t0_us)
    at = len(kind) + len(empty) + len(data_head)
    offsets = []
    for chunk in chunks:
        offsets.append(at)
        at += chunk.data_bytes
    places = struct.pack(f">{len(offsets)}Q", *offsets)
    return kind + _movie(tables, places, len(chunks), form, total_ms, lead_ms, t0_us) + data_head


def _movie(
    tables: bytes, places: bytes, count: int, form: PictureFormat, total_ms: int, lead_ms: int, t0_us: int
) -> bytes:
    made_s = t0_us // 1_000_000 + _EPOCH_S
    made_s = made_s if made_s < 2**32 else 0
    shown_ms = total_ms - lead_ms
    head = struct.pack(">IIII", made_s, made_s, TIME_SCALE, shown_ms)
    head += struct.pack(">IH10x", 0x10000, 0x100) + _MATRIX + b"\0" * 24 + struct.pack(">I", 2)
    place = struct.pack(">IIIII", made_s, made_s, 1, 0, shown_ms) + b"\0" * 16 + _MATRIX
    place += struct.pack(">II", form.width << 16, form.height << 16)
    edit = struct.pack(">IIiHH", 1, shown_ms, lead_ms, 1, 0)
    media = struct.pack(">IIIIHH", made_s, made_s, TIME_SCALE, total_ms, _UNDETERMINED, 0)
    here = _full(b"dref", 0, struct.pack(">I", 1), _full(b"url ", 1))
    table = _box(b"stbl", tables, _full(b"co64", 0, struct.pack(">I", count), places))
    information = _box(b"minf", _full(b"vmhd", 1, b"\0" * 8), _box(b"dinf", here), table)
    handler = _full(b"hdlr", 0, b"\0" * 4, b"vide", b"\0" * 12, b"video\0")
    track = _box(
        b"trak",
        _full(b"tkhd", 3, place),
        _box(b"edts", _full(b"elst", 0, edit)),
        _box(b"mdia", _full(b"mdhd", 0, media), handler, information),
    )
    return _box(b"moov", _full(b"mvhd", 0, head), track)


def _tables(chunks: Sequence[Chunk], form: PictureFormat, total_ms: int) -> bytes:
    """All of `stbl` but for where the chunks lie."""
    times = [time_ms for chunk in chunks for time_ms in chunk.times_ms]
    deltas = [after - before for before, after in zip(times, [*times[1:], total_ms], strict=True)]
    runs = [(len(list(same)), delta) for delta, same in groupby(deltas)]
    keys, first = array("I"), 1
    for chunk in chunks:
        keys.extend(first + key for key in chunk.keys)
        first += len(chunk.sizes)
    per_chunk = [(n + 1, len(chunk.sizes), 1) for n, chunk in enumerate(chunks)]
    sizes = [size for chunk in chunks for size in chunk.sizes]
    return b"".join(
        (
            _full(b"stsd", 0, struct.pack(">I", 1), form.entry),
            _full(b"stts", 0, struct.pack(">I", len(runs)), *(struct.pack(">II", *run) for run in runs)),
            _full(b"stss", 0, struct.pack(">I", len(keys)), struct.pack(f">{len(keys)}I", *keys)),
            _full(b"stsc", 0, struct.pack(">I", len(per_chunk)), *(struct.pack(">III", *one) for one in per_chunk)),
            _full(b"stsz", 0, struct.pack(">II", 0, len(sizes)), struct.pack(f">{len(sizes)}I", *sizes)),
        )
    )


def _box(kind: bytes, *parts: bytes) -> bytes:
    return struct.pack(">I4s", 8 + sum(map(len, parts)), kind) + b"".join(parts)


def _full(kind: bytes, flags: int, *parts: bytes) -> bytes:
    """A box with version 0 and flags."""
    return _box(kind, struct.pack(">I", flags), *parts)

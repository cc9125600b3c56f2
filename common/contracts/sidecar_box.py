"""The sidecar as the last box of an MP4 file: a `uuid` box (ISO/IEC 14496-12, 4.2).

Payload: UTF-8 JSON, or its zlib stream when the JSON is over 64 KiB. JSON starts with `{`, zlib with 0x78.
"""

import struct
import uuid
import zlib

from common.contracts.base import Contract
from common.contracts.sidecar import Sidecar

SIDECAR_UUID = uuid.UUID("9a0d5f3e-1c64-4b7e-8f21-6c6f6f6b6f75")
DEFLATE_OVER_BYTES = 64 * 1024
SIDECAR_MAX_BYTES = 64 * 1024 * 1024
_HEAD = struct.Struct(">I4s16s")


def pack_box(sidecar: Contract) -> bytes:
    """The complete box, to be appended to a finished MP4 file."""
    payload = sidecar.to_json()
    if len(payload) > DEFLATE_OVER_BYTES:
        payload = zlib.compress(payload, 6)
    return _HEAD.pack(_HEAD.size + len(payload), b"uuid", SIDECAR_UUID.bytes) + payload


def unpack_box(box: bytes) -> Sidecar:
    """Read a clip's box. Raises ValueError when it is none, is cut, or grows past 64 MiB."""
    return Sidecar.model_validate_json(unpack_json(box))


def unpack_json(box: bytes) -> bytes:
    """The JSON in a box made by `pack_box`. Raises ValueError as `unpack_box` does."""
    if len(box) < _HEAD.size:
        raise ValueError("sidecar box is cut")
    size, kind, identity = _HEAD.unpack_from(box)
    if kind != b"uuid" or identity != SIDECAR_UUID.bytes or size != len(box):
        raise ValueError("not a sidecar box")
    payload = box[_HEAD.size :]
    if payload[:1] == b"{":
        return payload
    inflater = zlib.decompressobj()
    try:
        payload = inflater.decompress(payload, SIDECAR_MAX_BYTES)
    except zlib.error as error:
        raise ValueError("sidecar does not inflate") from error
    if not inflater.eof:
        raise ValueError("sidecar is cut or too large")
    return payload


def find_box(data: bytes) -> int:
    """Offset of the sidecar box in a whole MP4 file, found by walking its top-level boxes. Raises ValueError."""
    at = 0
    while at + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
        if size < 8:
            break
        if kind == b"uuid" and data[at + 8 : at + 24] == SIDECAR_UUID.bytes:
            return at
        at += size
    raise ValueError("no sidecar box")

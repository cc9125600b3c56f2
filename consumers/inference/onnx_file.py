"""Reads the notes and edits the weights inside an ONNX file's bytes, without the onnx package (16 MB for this alone).

An ONNX file is a protobuf message (`onnx.proto`, ONNX IR specification): ModelProto.graph = 7, .metadata_props = 14
(key = 1, value = 2), GraphProto.initializer = 5, .input = 11, .output = 12, .value_info = 13, TensorProto.dims = 1,
.data_type = 2, .raw_data = 9, ValueInfoProto.type = 2, TypeProto.tensor_type = 1, its .shape = 2, its .dim = 1. Only
weights and stated sizes are changed; all else is copied as it is.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

GRAPH, METADATA, INITIALIZER = 7, 14, 5
INPUT, OUTPUT, VALUE_INFO = 11, 12, 13
TYPE, TENSOR_TYPE, SHAPE, DIM = 2, 1, 2, 1
KEY, VALUE = 1, 2
DIMS, DATA_TYPE, RAW_DATA = 1, 2, 9
FLOAT = 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_SMALLEST_NORMAL = np.float32(np.finfo(np.float32).tiny)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of a message: `start` to `end` with its tag, `body` where its payload begins."""

    number: int
    wire: int
    start: int
    body: int
    end: int
    value: int


def read_metadata(content: bytes) -> dict[str, str]:
    """The model's own notes. Raises ValueError for what is no ONNX file."""
    notes = {}
    for entry in _fields(content, 0, len(content)):
        if entry.number == METADATA:
            parts = {f.number: content[f.body : f.end].decode() for f in _fields(content, entry.body, entry.end)}
            notes[parts.get(KEY, "")] = parts.get(VALUE, "")
    return notes


def zero_subnormals(content: bytes) -> bytes:
    """The same model with every subnormal float32 weight made zero. Raises ValueError for what is no ONNX file."""
    changed = bytearray(content)
    for tensor in _initializers(content):
        raw = _raw_floats(content, tensor)
        if raw is None:
            continue
        weights = np.frombuffer(changed, np.float32, (raw.end - raw.body) // 4, raw.body)
        weights[(np.abs(weights) < _SMALLEST_NORMAL) & (weights != 0)] = 0.0
    return bytes(changed)


def select_columns(content: bytes, count: int, columns: Sequence[int]) -> bytes:
    """The same model with only `columns` of every float initializer whose last dimension is `count`.

    Used on the last layer of a classifier: what is left out is neither computed nor normalised over. Raises ValueError
    when no initializer has that dimension.
    """
    graph = next(f for f in _fields(content, 0, len(content)) if f.number == GRAPH)
    parts: list[bytes] = []
    found = False
    for field in _fields(content, graph.body, graph.end):
        part = content[field.start : field.end]
        if field.number == INITIALIZER:
            narrowed = _narrowed(content, field, count, columns)
            if narrowed is not None:
                found, part = True, _tagged(INITIALIZER, narrowed)
        parts.append(part)
    if not found:
        raise ValueError(f"no initializer ends in a dimension of {count}")
    return content[: graph.start] + _tagged(GRAPH, b"".join(parts)) + content[graph.end :]


def with_free_sides(content: bytes) -> bytes:
    """The same model for pictures of any height and width: the last two dimensions of its input (n x c x h x w) are
    left open, and what the file says of the sizes that follow from them is left out.

    For networks whose layers take any size and whose file was written for one. Raises ValueError when no input has four
    dimensions.
    """
    graph = next(f for f in _fields(content, 0, len(content)) if f.number == GRAPH)
    parts: list[bytes] = []
    found = False
    for field in _fields(content, graph.body, graph.end):
        part = content[field.start : field.end]
        if field.number == VALUE_INFO:
            continue
        if field.number in (INPUT, OUTPUT):
            shape = _edited(part, (field.number, TYPE, TENSOR_TYPE), _without_sides if field.number == INPUT else _bare)
            found |= field.number == INPUT and shape != part
            part = shape
        parts.append(part)
    if not found:
        raise ValueError("no input has four dimensions")
    return content[: graph.start] + _tagged(GRAPH, b"".join(parts)) + content[graph.end :]


def _edited(message: bytes, path: Sequence[int], edit: Callable[[bytes], bytes]) -> bytes:
    """`message` with the submessage at `path` (field numbers, outermost first) replaced by what `edit` makes of it."""
    if not path:
        return edit(message)
    parts = []
    for field in _fields(message, 0, len(message)):
        is_meant = field.number == path[0] and field.wire == _BYTES
        inner = _edited(message[field.body : field.end], path[1:], edit) if is_meant else b""
        parts.append(_tagged(path[0], inner) if is_meant else message[field.start : field.end])
    return b"".join(parts)


def _bare(tensor_type: bytes) -> bytes:
    """Without its shape."""
    fields = _fields(tensor_type, 0, len(tensor_type))
    return b"".join(tensor_type[field.start : field.end] for field in fields if field.number != SHAPE)


def _without_sides(tensor_type: bytes) -> bytes:
    """The last two of four dimensions without a size."""
    return _edited(tensor_type, (SHAPE,), _with_two_open)


def _with_two_open(shape: bytes) -> bytes:
    dims = [shape[field.start : field.end] for field in _fields(shape, 0, len(shape)) if field.number == DIM]
    return b"".join([*dims[:2], _tagged(DIM, b""), _tagged(DIM, b"")]) if len(dims) == 4 else shape


def _narrowed(content: bytes, tensor: _Field, count: int, columns: Sequence[int]) -> bytes | None:
    fields = list(_fields(content, tensor.body, tensor.end))
    dims = _dims(content, fields)
    raw = _raw_floats(content, tensor)
    if raw is None or not dims or dims[-1] != count:
        return None
    weights: NDArray[np.float32] = np.frombuffer(content, np.float32, (raw.end - raw.body) // 4, raw.body)
    kept = np.ascontiguousarray(weights.reshape(dims)[..., list(columns)])
    parts = [_varint(DIMS << 3 | _VARINT) + _varint(dim) for dim in kept.shape]
    parts += [content[f.start : f.end] for f in fields if f.number not in (DIMS, RAW_DATA)]
    parts.append(_tagged(RAW_DATA, kept.tobytes()))
    return b"".join(parts)


def _initializers(content: bytes) -> Iterator[_Field]:
    for field in _fields(content, 0, len(content)):
        if field.number == GRAPH and field.wire == _BYTES:
            yield from (f for f in _fields(content, field.body, field.end) if f.number == INITIALIZER)


def _raw_floats(content: bytes, tensor: _Field) -> _Field | None:
    fields = list(_fields(content, tensor.body, tensor.end))
    kinds = [f.value for f in fields if f.number == DATA_TYPE]
    raws = [f for f in fields if f.number == RAW_DATA]
    return raws[0] if kinds == [FLOAT] and raws else None


def _dims(content: bytes, fields: Sequence[_Field]) -> list[int]:
    dims: list[int] = []
    for field in fields:
        if field.number != DIMS:
            continue
        if field.wire == _VARINT:
            dims.append(field.value)
            continue
        at = field.body  # packed
        while at < field.end:
            value, at = _read_varint(content, at, field.end)
            dims.append(value)
    return dims


def _fields(content: bytes, at: int, end: int) -> Iterator[_Field]:
    while at < end:
        start = at
        tag, at = _read_varint(content, at, end)
        wire, value = tag & 7, 0
        body = at
        if wire == _VARINT:
            value, at = _read_varint(content, at, end)
        elif wire == _BYTES:
            length, body = _read_varint(content, at, end)
            at = body + length
        elif wire in (_FIXED64, _FIXED32):
            at += 8 if wire == _FIXED64 else 4
        else:
            raise ValueError("not an ONNX file: unknown wire type")
        if at > end:
            raise ValueError("not an ONNX file: a field is cut")
        yield _Field(tag >> 3, wire, start, body, at, value)


def _read_varint(content: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 70:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("not an ONNX file: a number is cut")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _tagged(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(payload)) + payload

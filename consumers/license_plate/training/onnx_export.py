"""Writes the locator as an ONNX file, byte by byte: a protobuf message (`onnx.proto`, IR version 8, opset 13).

The weights are stored as half floats, which halves the file; a Cast in front of each use makes them floats again once,
when the session folds constants.
"""

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from consumers.license_plate.training.architecture import DILATIONS, STRIDES

IR_VERSION, OPSET = 8, 13
FLOAT, HALF = 1, 10
INT, INTS = 2, 7
"""AttributeProto.type."""
PRODUCER = "lookout"


def to_onnx(layers: Sequence[dict[str, NDArray[np.float32]]]) -> bytes:
    """`layers`: of the module `architecture`. Input `picture` n x 1 x h x w, 0 to 1; output `cells`, see there."""
    nodes: list[bytes] = []
    constants = [_tensor("half", np.array(0.5, np.float32))]
    nodes.append(_node("Sub", ["picture", "half"], ["v0"]))
    last = len(layers) - 1
    for place, layer in enumerate(layers):
        for name in ("kernel", "bias"):
            constants.append(_tensor(f"{name}{place}h", layer[name].astype(np.float16)))
            nodes.append(_node("Cast", [f"{name}{place}h"], [f"{name}{place}"], _int("to", FLOAT)))
        step, wide = (STRIDES[place], DILATIONS[place]) if place < last else (1, 1)
        size = layer["kernel"].shape[2]
        reach = wide * (size // 2)
        settings = _ints("kernel_shape", [size, size]) + _ints("strides", [step, step])
        settings += _ints("dilations", [wide, wide]) + _ints("pads", [reach] * 4)
        out = "cells" if place == last else f"c{place}"
        nodes.append(_node("Conv", [f"v{place}", f"kernel{place}", f"bias{place}"], [out], settings))
        if place == last:
            break
        before = out
        if step == 1:
            nodes.append(_node("Add", [out, f"v{place}"], [f"a{place}"]))
            before = f"a{place}"
        nodes.append(_node("Relu", [before], [f"v{place + 1}"]))
    graph = b"".join(_bytes(1, node) for node in nodes) + _bytes(2, b"plate_locator")
    graph += b"".join(_bytes(5, constant) for constant in constants)
    graph += _bytes(11, _value("picture", 1)) + _bytes(12, _value("cells", int(layers[-1]["kernel"].shape[0])))
    model = _number(1, IR_VERSION) + _bytes(2, PRODUCER.encode()) + _bytes(7, graph)
    return model + _bytes(8, _bytes(1, b"") + _number(2, OPSET))


def _node(kind: str, inputs: Sequence[str], outputs: Sequence[str], attributes: bytes = b"") -> bytes:
    named = b"".join(_bytes(1, name.encode()) for name in inputs)
    return named + b"".join(_bytes(2, name.encode()) for name in outputs) + _bytes(4, kind.encode()) + attributes


def _int(name: str, value: int) -> bytes:
    return _bytes(5, _bytes(1, name.encode()) + _number(3, value) + _number(20, INT))


def _ints(name: str, values: Sequence[int]) -> bytes:
    listed = b"".join(_number(8, value) for value in values)
    return _bytes(5, _bytes(1, name.encode()) + listed + _number(20, INTS))


def _tensor(name: str, values: NDArray[np.generic]) -> bytes:
    kind = HALF if values.dtype == np.float16 else FLOAT
    dims = b"".join(_number(1, size) for size in values.shape)
    return dims + _number(2, kind) + _bytes(8, name.encode()) + _bytes(9, np.ascontiguousarray(values).tobytes())


def _value(name: str, channels: int) -> bytes:
    dims = [_bytes(1, _bytes(2, b"n")), _bytes(1, _number(1, channels)), _bytes(1, _bytes(2, name[:1].encode() + b"h"))]
    dims.append(_bytes(1, _bytes(2, name[:1].encode() + b"w")))
    tensor = _number(1, FLOAT) + _bytes(2, b"".join(dims))
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, tensor))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, payload: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    out = b""
    while value >= 0x80:
        out += struct.pack("B", value & 0x7F | 0x80)
        value >>= 7
    return out + struct.pack("B", value)

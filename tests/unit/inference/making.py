"""Makes the smallest ONNX files: one matrix product."""

import numpy as np
from numpy.typing import NDArray

FLOAT = 1


def linear_model(weights: NDArray[np.float32]) -> bytes:
    """y = x @ weights; x is n x rows, y n x columns."""
    node = _bytes(1, b"x") + _bytes(1, b"w") + _bytes(2, b"y") + _bytes(4, b"MatMul")
    dims = b"".join(_number(1, size) for size in weights.shape)
    tensor = dims + _number(2, FLOAT) + _bytes(8, b"w") + _bytes(9, weights.tobytes())
    graph = _bytes(1, node) + _bytes(2, b"made") + _bytes(5, tensor)
    graph += _bytes(11, _value(b"x")) + _bytes(12, _value(b"y"))
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _number(2, 13))


def _value(name: bytes) -> bytes:
    shape = _bytes(1, _bytes(2, b"n")) + _bytes(1, _bytes(2, name + b"c"))
    return _bytes(1, name) + _bytes(2, _bytes(1, _number(1, FLOAT) + _bytes(2, shape)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, payload: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def mean_model(shape: tuple[int | None, ...]) -> bytes:
    """y = [m, 1 - m], m the mean of each picture; `shape` of the input x, None where any size goes."""
    axes = b"".join(_number(8, axis) for axis in (1, 2, 3))
    keep = _bytes(5, _bytes(1, b"keepdims") + _number(3, 0) + _number(20, 2))
    mean = _bytes(1, b"x") + _bytes(2, b"flat") + _bytes(4, b"ReduceMean")
    mean += _bytes(5, _bytes(1, b"axes") + axes + _number(20, 7)) + keep
    column = _bytes(1, b"flat") + _bytes(2, b"m") + _bytes(4, b"Unsqueeze")
    column += _bytes(5, _bytes(1, b"axes") + _number(8, 1) + _number(20, 7))
    rest = _bytes(1, b"one") + _bytes(1, b"m") + _bytes(2, b"rest") + _bytes(4, b"Sub")
    both = _bytes(1, b"m") + _bytes(1, b"rest") + _bytes(2, b"y") + _bytes(4, b"Concat")
    both += _bytes(5, _bytes(1, b"axis") + _number(3, 1) + _number(20, 2))
    one = _number(1, 1) + _number(2, FLOAT) + _bytes(8, b"one") + _bytes(9, np.float32(1).tobytes())
    sizes = [_bytes(2, b"n") if size is None else _number(1, size) for size in shape]
    given = _bytes(1, _number(1, FLOAT) + _bytes(2, b"".join(_bytes(1, size) for size in sizes)))
    graph = b"".join(_bytes(1, node) for node in (mean, column, rest, both)) + _bytes(2, b"made") + _bytes(5, one)
    graph += _bytes(11, _bytes(1, b"x") + _bytes(2, given)) + _bytes(12, _value(b"y"))
    return _number(1, 6) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _number(2, 11))


def constant_model(shape: tuple[int | None, ...], *answers: NDArray[np.float32]) -> bytes:
    """y0, y1, ...: always `answers`, whatever the input x of `shape` holds (None: any size goes)."""
    nodes, tensors, outputs = b"", b"", b""
    for n, answer in enumerate(answers):
        name, held = f"y{n}".encode(), f"w{n}".encode()
        nodes += _bytes(1, _bytes(1, held) + _bytes(2, name) + _bytes(4, b"Identity"))
        dims = b"".join(_number(1, size) for size in answer.shape)
        tensors += _bytes(
            5, dims + _number(2, FLOAT) + _bytes(8, held) + _bytes(9, answer.astype(np.float32).tobytes())
        )
        sizes = b"".join(_bytes(1, _number(1, size)) for size in answer.shape)
        outputs += _bytes(12, _bytes(1, name) + _bytes(2, _bytes(1, _number(1, FLOAT) + _bytes(2, sizes))))
    sizes = b"".join(_bytes(1, _bytes(2, b"n") if size is None else _number(1, size)) for size in shape)
    given = _bytes(11, _bytes(1, b"x") + _bytes(2, _bytes(1, _number(1, FLOAT) + _bytes(2, sizes))))
    graph = nodes + _bytes(2, b"made") + tensors + given + outputs
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _number(2, 13))


def flat_model(shape: tuple[int | None, ...], weights: NDArray[np.float32]) -> bytes:
    """y = flattened x @ weights; `shape` of the input x, None where any size goes."""
    nodes = _bytes(1, _bytes(1, b"x") + _bytes(2, b"f") + _bytes(4, b"Flatten"))
    nodes += _bytes(1, _bytes(1, b"f") + _bytes(1, b"w") + _bytes(2, b"y") + _bytes(4, b"MatMul"))
    dims = b"".join(_number(1, size) for size in weights.shape)
    tensor = _bytes(5, dims + _number(2, FLOAT) + _bytes(8, b"w") + _bytes(9, weights.astype(np.float32).tobytes()))
    sizes = b"".join(_bytes(1, _bytes(2, b"n") if size is None else _number(1, size)) for size in shape)
    given = _bytes(11, _bytes(1, b"x") + _bytes(2, _bytes(1, _number(1, FLOAT) + _bytes(2, sizes))))
    graph = nodes + _bytes(2, b"made") + tensor + given + _bytes(12, _value(b"y"))
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _number(2, 13))

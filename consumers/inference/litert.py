"""The one place where LiteRT interpreters are made."""

import threading
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray


class BatchInterpreter:
    """A TensorFlow Lite model with one input and a batch as its first dimension.

    Thread-safe: an interpreter holds its tensors, so every thread gets its own, made at the thread's first call. A
    batch of another size than the thread's last one resizes it, which costs about as much as one picture of 64 x 64.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._own = threading.local()
        probe = Interpreter(model_content=content, num_threads=1)
        self.input_shape: tuple[int, ...] = tuple(int(n) for n in probe.get_input_details()[0]["shape"])
        """With a batch of one."""

    def run(self, batch: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        """`batch`: n x the rest of `input_shape`, n at least 1. The model's outputs in their order, n rows each."""
        interpreter, inputs, outputs = self._mine(len(batch))
        interpreter.set_tensor(inputs, batch)
        interpreter.invoke()
        return [interpreter.get_tensor(place) for place in outputs]

    def _mine(self, size: int) -> tuple[Any, int, list[int]]:
        interpreter = getattr(self._own, "interpreter", None)
        if interpreter is None:
            interpreter = Interpreter(model_content=self._content, num_threads=1)
            self._own.interpreter, self._own.size = interpreter, 0
        place = int(interpreter.get_input_details()[0]["index"])
        if self._own.size != size:
            interpreter.resize_tensor_input(place, [size, *self.input_shape[1:]])
            interpreter.allocate_tensors()
            self._own.size = size
        return interpreter, place, [int(one["index"]) for one in interpreter.get_output_details()]

"""Analyses whose cost is known: what the runtime itself costs shows beside them.

`noop` does nothing; `cpu` burns processor time with the interpreter lock released, as models do; `cpu_gil` burns it
with the lock held, as pure Python does; `sleep` waits, as for a model on another machine. Cost in ms a picture.
`sleep_call` waits once a call, however many pictures it is given: a model elsewhere that batches are made for.
"""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from common.contracts.detection import Detection, ModelInfo
from consumers.pipeline.analysis import AnalysisDefinition, Picture

DEFAULT_COST_MS = {"noop": 0.0, "cpu": 10.0, "cpu_gil": 10.0, "sleep": 50.0, "sleep_call": 50.0}
HASH_BYTES = 64 * 1024
"""hashlib releases the interpreter lock for more than 2 KiB; one hash of this takes well under 0.5 ms."""
_MODEL = ModelInfo(name="stand-in", version="1", sha256="0" * 64)


class StandIn:
    """One made-up detection a picture, after the cost. Stateless: safe on all threads at once."""

    model = _MODEL

    def __init__(self, kind: str, cost_ms: float) -> None:
        self._spend = _SPEND[kind]
        self._cost_s = cost_ms / 1000
        self._is_once_a_call = kind == "sleep_call"

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        for _ in pictures[:1] if self._is_once_a_call else pictures:
            self._spend(self._cost_s)
        return [[Detection(box=(40, 40, 120, 90), kind="thing", score=0.9, label="thing")] for _ in pictures]


def _nothing(_seconds: float) -> None:
    pass


def _burn_unlocked(seconds: float) -> None:
    """CPU time of this thread, so that a busy machine does not make the work smaller."""
    data = bytes(HASH_BYTES)
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        hashlib.sha256(data).digest()


def _burn_locked(seconds: float) -> None:
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        sum(range(500))


_SPEND: dict[str, Callable[[float], None]] = {
    "noop": _nothing,
    "cpu": _burn_unlocked,
    "cpu_gil": _burn_locked,
    "sleep": time.sleep,
    "sleep_call": time.sleep,
}


def stand_in(kind: str, cost_ms: float | None = None) -> AnalysisDefinition:
    """A registry entry for `kind`. KeyError for another kind."""
    cost = DEFAULT_COST_MS[kind] if cost_ms is None else cost_ms

    def build(_options: Mapping[str, Any]) -> StandIn:
        return StandIn(kind, cost)

    return AnalysisDefinition(
        name=f"bench_{kind}", title=f"stand-in {kind}", kinds=("thing",), default_every_ms=1, build_analyzer=build
    )

"""Analyses whose cost is known: what the runtime itself costs shows beside them.

`noop` does nothing; `cpu` burns processor time with the interpreter lock released, as models do; `cpu_gil` burns it
with the lock held, as pure Python does; `sleep` waits, as for a model on another machine. Cost in ms a picture.
`sleep_call` waits once a call, however many pictures it is given: a model elsewhere that batches are made for.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from common.contracts.detection import Detection, ModelInfo
from consumers.pipeline.analysis import AnalysisDefinition, Picture

DEFAULT_COST_MS = {"noop": 0.0, "cpu": 10.0, "cpu_gil": 10.0, "sleep": 50.0, "sleep_call": 50.0}
ROUNDS_A_SECOND = 1_000_000
"""Of PBKDF2, at first; then what this thread has just reached."""
SHARE = 0.9
"""Of what is left, done in one call: one that took too long could not be taken back."""
_ENOUGH_TO_TELL = 1000
_MODEL = ModelInfo(name="stand-in", version="1", sha256="0" * 64)
_speed = threading.local()
"""`rounds_a_second` of each thread: processors of one machine differ."""


class StandIn:
    """One made-up detection a picture, after the cost. Stateless: safe on all threads at once."""

    model = _MODEL

    def __init__(self, kind: str, cost_ms: float) -> None:
        self._spend = _SPEND[kind]
        self._cost_s = cost_ms / 1000
        self._is_once_a_call = kind == "sleep_call"

    @property
    def waits(self) -> bool:
        return self._spend is time.sleep

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        for _ in pictures[:1] if self._is_once_a_call else pictures:
            self._spend(self._cost_s)
        return [[Detection(box=(40, 40, 120, 90), kind="thing", score=0.9, label="thing")] for _ in pictures]


def _nothing(_seconds: float) -> None:
    pass


def _burn_unlocked(seconds: float) -> None:
    """CPU time of this thread, so that a busy machine does not make the work smaller. Two or three calls into C, for a
    model is one or a few: many short ones would have all threads wait for the interpreter lock again and again."""
    now_s = time.thread_time()
    end_s = now_s + seconds
    rate = getattr(_speed, "rounds_a_second", ROUNDS_A_SECOND)
    while now_s < end_s:
        rounds = max(1, int((end_s - now_s) * SHARE * rate))
        hashlib.pbkdf2_hmac("sha256", b"", b"", rounds)
        before_s, now_s = now_s, time.thread_time()
        if rounds > _ENOUGH_TO_TELL:
            rate = _speed.rounds_a_second = rounds / (now_s - before_s)


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

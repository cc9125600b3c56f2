"""The analysis under test: a model of a fixed cost, one made-up detection a picture. Registered nowhere."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.stand_ins import stand_in
from common.contracts.detection import Detection
from common.errors import Transient
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer, Picture

ANALYSIS = "faults"
EVERY_MS = 1
"""Every frame is searched."""
MODEL_KIND, MODEL_MS = "cpu", 5.0
MODEL_VARIABLE = "FAULTS_MODEL"
"""The kind, where a row does not say one: `python -m tests.faults --model KIND`."""


class SilencedAnalyzer:
    """Raises Transient while the file is there, as a model on another machine does that does not answer."""

    def __init__(self, analyzer: Analyzer, sign: Path) -> None:
        self._analyzer = analyzer
        self._sign = sign
        self.model = analyzer.model
        self.waits = getattr(analyzer, "waits", False)

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        if self._sign.exists():
            raise Transient("the model does not answer, on request")
        return list(self._analyzer.analyze(pictures))


def definition(kind: str, cost_ms: float, folder: Path) -> AnalysisDefinition:
    """`kind` as in `benchmarks.stand_ins`. Silent during `silence_model(folder)`."""
    plain = stand_in(kind, cost_ms)

    def build(options: Mapping[str, Any]) -> Analyzer:
        assert plain.build_analyzer is not None
        return SilencedAnalyzer(plain.build_analyzer(options), _sign(folder))

    return dataclasses.replace(plain, name=ANALYSIS, title="Stand-in", default_every_ms=EVERY_MS, build_analyzer=build)


def silence_model(folder: Path) -> Callable[[], None]:
    """No member's model answers from now on, until what is returned is called."""
    _sign(folder).touch()
    return _sign(folder).unlink


def _sign(folder: Path) -> Path:
    return folder / "model-is-silent"

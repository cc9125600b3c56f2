"""The analysis under test: a model of a fixed cost, one made-up detection a picture. Registered nowhere."""

import dataclasses

from benchmarks.stand_ins import stand_in
from consumers.pipeline.analysis import AnalysisDefinition

ANALYSIS = "faults"
EVERY_MS = 1
"""Every frame is searched."""
MODEL_KIND, MODEL_MS = "cpu", 5.0
MODEL_VARIABLE = "FAULTS_MODEL"
"""The kind, where a row does not say one: `python -m tests.faults --model KIND`."""


def definition(kind: str = MODEL_KIND, cost_ms: float = MODEL_MS) -> AnalysisDefinition:
    """`kind` as in `benchmarks.stand_ins`."""
    return dataclasses.replace(stand_in(kind, cost_ms), name=ANALYSIS, title="Stand-in", default_every_ms=EVERY_MS)

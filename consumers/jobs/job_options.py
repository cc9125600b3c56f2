"""Options of a query: the API lets through what stands here and no more."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from common.contracts.detection import Detection
from common.contracts.segment_job import AskedModel
from consumers.models.offered import OfferedModels
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer

MIN_CONFIDENCE = "min_confidence"
CLASSES = "classes"
OF_TRACKER = frozenset({MIN_CONFIDENCE, CLASSES})
"""What no analyzer has to be built for."""
THRESHOLD_LEAST, THRESHOLD_MOST = 0.1, 0.99
"""What an analysis takes for a threshold of its own (`consumers.objects.options`)."""


class AnalyzersByOptions:
    """The analyzer that live frames use, or one of the query's own. The newest of those is kept: the parts of a query
    come one after another. One thread."""

    def __init__(self, definition: AnalysisDefinition, usual: Analyzer, offered: OfferedModels | None = None) -> None:
        self._usual = usual
        self._can_build = definition.build_analyzer is not None
        self._offered = offered or OfferedModels(definition)
        self._own: tuple[str, Analyzer] | None = None

    def of(self, options: Mapping[str, Any], model: AskedModel | None = None) -> Analyzer:
        """Raises ModelRefused for a model that is not here; ConfigurationError for an option that the analysis does not
        know."""
        asked = {name: value for name, value in options.items() if name not in OF_TRACKER}
        if not self._can_build or (not asked and model is None):
            return self._usual
        key = json.dumps([asked, model.model_dump() if model is not None else None], sort_keys=True)
        if self._own is None or self._own[0] != key:
            self._own = None  # what was kept goes before another is loaded: two networks may be too many
            self._own = (key, self._offered.build(model, asked))
        return self._own[1]


def tracker_options(definition: AnalysisDefinition, options: Mapping[str, Any]) -> dict[str, Any]:
    """What the tracker is told: a query's threshold is the analysis' own where it has one."""
    asked = {name: value for name, value in options.items() if name != MIN_CONFIDENCE}
    least = options.get(MIN_CONFIDENCE)
    if definition.threshold is not None and least is not None:
        asked[definition.threshold] = min(THRESHOLD_MOST, max(THRESHOLD_LEAST, float(least)))
    return asked


def sure_enough(
    definition: AnalysisDefinition, found: Sequence[Detection], options: Mapping[str, Any]
) -> list[Detection]:
    """Without those less sure than the query's threshold, if it has one and the tracker does not mind it: that goes on
    with what is doubtful where it expects a thing."""
    least = options.get(MIN_CONFIDENCE) if definition.threshold is None else None
    return [one for one in found if least is None or one.score >= least]

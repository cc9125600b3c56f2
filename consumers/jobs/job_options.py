"""Options of a query: the API lets through what stands here and no more."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from common.contracts.detection import Detection
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer

MIN_CONFIDENCE = "min_confidence"


class AnalyzersByOptions:
    """The analyzer that live frames use, or one of the query's own. The newest of those is kept: the parts of a query
    come one after another. One thread."""

    def __init__(self, definition: AnalysisDefinition, usual: Analyzer) -> None:
        self._definition = definition
        self._usual = usual
        self._own: tuple[str, Analyzer] | None = None

    def of(self, options: Mapping[str, Any]) -> Analyzer:
        """Raises ConfigurationError for an option that the analysis does not know."""
        asked = {name: value for name, value in options.items() if name != MIN_CONFIDENCE}
        build = self._definition.build_analyzer
        if not asked or build is None:
            return self._usual
        key = json.dumps(asked, sort_keys=True)
        if self._own is None or self._own[0] != key:
            self._own = (key, build({**self._definition.options, **asked}))
        return self._own[1]


def sure_enough(found: Sequence[Detection], options: Mapping[str, Any]) -> list[Detection]:
    """Without those less sure than the query's threshold, if it has one."""
    least = options.get(MIN_CONFIDENCE)
    return [one for one in found if least is None or one.score >= least]

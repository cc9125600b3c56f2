"""An analysis without servers: what `analyze` and `annotate` share."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2

from common.errors import ConfigurationError, LookoutError
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer, CameraView
from consumers.pipeline.file_search import FileSearch, SearchedFrame
from consumers.pipeline.media_file import MediaFile
from consumers.registry import load_definition


class AnalysisFailed(LookoutError):
    """The model raised for a picture: a fault of the analysis, not of the file."""


@dataclass(frozen=True, slots=True)
class Offline:
    """A loaded analysis. `options`: what it was asked for with; there is no camera that could say otherwise."""

    definition: AnalysisDefinition
    analyzer: Analyzer
    options: Mapping[str, Any] = field(default_factory=dict)

    def search(self, every_ms: int | None) -> FileSearch:
        """A fresh search: tracks start anew with each file."""
        return FileSearch(self.definition, self.analyzer, every_ms, CameraView(self.options))

    def search_file(self, path: Path, every_ms: int | None) -> Iterator[SearchedFrame]:
        """Every frame of a file. Raises UnreadableMedia, AnalysisFailed."""
        try:
            yield from self.search(every_ms).run(MediaFile(path).frames())
        except LookoutError:
            raise
        except Exception as error:
            raise AnalysisFailed(f"The analysis failed: {type(error).__name__}: {error}") from error


def load_offline(name: str, options: Mapping[str, Any]) -> Offline:
    """Load the models of an analysis. Raises ConfigurationError, also for one that searches nothing."""
    cv2.setNumThreads(0)  # OpenCV's own threads cost more CPU than they save on pictures of this size
    definition = load_definition(name)
    if definition.build_analyzer is None:
        raise ConfigurationError(f"{name} searches nothing: there is nothing to analyse.")
    chosen = {**definition.options, **options}
    return Offline(definition, definition.build_analyzer(chosen), chosen)

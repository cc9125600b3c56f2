"""What an analysis is: the contract every package below `consumers/` fulfils with one registry entry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from common.contracts.detection import Detection, ModelInfo, Sighting

Picture = NDArray[np.uint8]
"""H x W x 3 uint8, BGR, C-contiguous."""


class Analyzer(Protocol):
    """The model. Stateless and thread-safe: one instance serves all pool threads at once."""

    @property
    def model(self) -> ModelInfo: ...

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        """Detections of each picture, in order. Any picture of at least 1 x 1 gives a result, never an exception for
        its content."""
        ...


class Tracker(Protocol):
    """Temporal work of one window, fresh at its start: tracks, votes, smoothing. Ordered stage only."""

    def update(self, pts_ms: int, captured_us: int, detections: Sequence[Detection]) -> list[Detection]:
        """A searched frame's raw detections in; what is drawn and stored (track ids set, text voted) out."""
        ...

    def carry(self, pts_ms: int, captured_us: int) -> list[Detection]:
        """What is drawn on a frame that was not searched: the last boxes, or none once they are stale."""
        ...

    def sightings(self) -> list[Sighting]:
        """One per tracked thing, numbered from 0, when the window closes."""
        ...


Draw = Callable[[Picture, Sequence[Detection]], None]
"""Draws detections into the picture, in place."""


@dataclass(frozen=True, slots=True)
class AnalysisDefinition:
    """One registry entry. `build_analyzer` None: nothing is searched, every frame is recorded as it is (recorder).

    `options` are the analyzer's defaults; `live_options` go over them in a consumer service, where many searches of the
    same thing are put together and each must be cheap.
    """

    name: str
    title: str
    kinds: tuple[str, ...]
    default_every_ms: int | None
    build_analyzer: Callable[[Mapping[str, Any]], Analyzer] | None = None
    build_tracker: Callable[[], Tracker] | None = None
    draw: Draw | None = None
    health_port: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    live_options: Mapping[str, Any] = field(default_factory=dict)

"""What an analysis is: the contract every package below `consumers/` fulfils with one registry entry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from common.contracts.detection import Detection, ModelInfo, Sighting
from common.contracts.place import Line, Zone
from common.contracts.track_event import TrackEvent

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


@runtime_checkable
class AdjustsToCameras(Analyzer, Protocol):
    """An analyzer some of whose options may differ from camera to camera."""

    def adjusted(self, options: Mapping[str, Any]) -> Analyzer:
        """As `options` want it (the service's, and over them the camera's). It shares this one's models, so it is cheap
        to make. Raises ConfigurationError for a bad option."""
        ...


@runtime_checkable
class WaitsElsewhere(Analyzer, Protocol):
    """An analyzer that may have its work done on another machine or an accelerator."""

    @property
    def waits(self) -> bool:
        """Whether `analyze` mostly waits, and leaves the processor to others meanwhile."""
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


@runtime_checkable
class TellsEvents(Protocol):
    """A tracker that also says what its things did. Ordered stage only."""

    def take_events(self) -> list[TrackEvent]:
        """What happened since it was asked last."""
        ...

    def finish(self) -> list[TrackEvent]:
        """When the window closes: what is left to tell."""
        ...


@runtime_checkable
class KnowsStillness(Protocol):
    """A tracker that can go on over pictures in which nothing moved. Ordered stage only."""

    def stay(self, pts_ms: int, captured_us: int) -> list[Detection]:
        """What is drawn on a picture that was not searched because nothing in it moved."""
        ...


@dataclass(frozen=True, slots=True)
class GateSettings:
    """Pictures in which nothing moved are not searched. `share`: of the picture's pixels that must have changed;
    `difference`: in grey levels; `most_ms`: a picture is searched at least this often."""

    share: float = 0.002
    difference: int = 18
    most_ms: int = 10_000


@dataclass(frozen=True, slots=True)
class CameraView:
    """What a camera's settings say to one analysis. `options`: as a person set them, to be checked by the analysis."""

    options: Mapping[str, Any] = field(default_factory=dict)
    zones: tuple[Zone, ...] = ()
    lines: tuple[Line, ...] = ()
    gate: GateSettings | None = None


FindView = Callable[[str, int], CameraView]
"""The view of a camera by its id and the settings version its frame names. Any thread; never blocks, never raises."""


def no_view(_camera: str, _version: int) -> CameraView:
    """Where cameras have no settings of their own."""
    return CameraView()


@dataclass(frozen=True, slots=True)
class Scene:
    """What a tracker knows when a window opens; fixed for the window. `width`, `height`: of the pictures that boxes are
    in, in pixels."""

    width: int
    height: int
    camera: CameraView = field(default_factory=CameraView)


Draw = Callable[[Picture, Sequence[Detection]], None]
"""Draws detections into the picture, in place."""


@dataclass(frozen=True, slots=True)
class AnalysisDefinition:
    """One registry entry. `build_analyzer` None: nothing is searched, every frame is recorded as it is (recorder).

    `options` are the analyzer's defaults; `live_options` go over them in a consumer service, where many searches of the
    same thing are put together and each must be cheap. `build_scene_tracker` goes before `build_tracker`, for trackers
    that need the camera's settings. `settle`: what is shown of a single picture's detections where nothing tracks them.

    `models`: by name, the options with which the analyzer uses each model of the registry that a query may name.
    `own_model`: those beside `network` for one that a person put into MODEL_DIR; None: it takes none.
    `threshold`: the camera's option that says from which score a thing is taken for one; where there is none, what is
    less sure than a query wants is left out before it is tracked.
    """

    name: str
    title: str
    kinds: tuple[str, ...]
    default_every_ms: int | None
    build_analyzer: Callable[[Mapping[str, Any]], Analyzer] | None = None
    build_tracker: Callable[[], Tracker] | None = None
    build_scene_tracker: Callable[[Scene], Tracker] | None = None
    settle: Callable[[Sequence[Detection], CameraView], list[Detection]] | None = None
    draw: Draw | None = None
    health_port: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    live_options: Mapping[str, Any] = field(default_factory=dict)
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    own_model: Mapping[str, Any] | None = None
    threshold: str | None = None

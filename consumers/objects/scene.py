"""What a camera's settings make of detections: which are wanted, how they are tracked."""

import logging
from collections.abc import Callable, Sequence

from common.contracts.detection import Detection
from common.errors import ConfigurationError
from consumers.objects.classes import COCO
from consumers.objects.options import SceneOptions, read_scene_options
from consumers.pipeline.analysis import CameraView, Scene
from consumers.tracking.byte_tracker import ByteSettings
from consumers.tracking.scene_tracker import SceneTracker

LOW_SHARE = 0.4
"""A doubtful detection scores at least this part of what a sure one does."""
ALONE_MORE = 0.15
"""So much surer than `score_min` a thing must be to be shown when it was seen once only."""
_COCO = frozenset(COCO)
_log = logging.getLogger(__name__)


def build_tracker(scene: Scene, analysis: str, *, has_classes: bool) -> SceneTracker:
    """A camera's bad options give way to the defaults, with a warning: its clip must not be lost for them."""
    options = _options(scene.camera, analysis)
    settings = ByteSettings(
        score_high=options.score_min,
        score_low=LOW_SHARE * options.score_min,
        score_alone=min(0.99, options.score_min + ALONE_MORE),
    )
    return SceneTracker(scene, settings, _wanted(options, scene.height, has_classes=has_classes))


def settle(detections: Sequence[Detection], view: CameraView, analysis: str, *, has_classes: bool) -> list[Detection]:
    """Of a single picture: what is sure and wanted. Raises ConfigurationError for a bad option."""
    options = read_scene_options(view.options, analysis)
    is_wanted = _wanted(options, 0, has_classes=has_classes)
    return [seen for seen in detections if seen.score >= options.score_min and is_wanted(seen)]


def _options(view: CameraView, analysis: str) -> SceneOptions:
    try:
        options = read_scene_options(view.options, analysis)
        options.wanted()
    except ConfigurationError as error:
        _log.warning("a camera's options are not used: %s", error)
        return SceneOptions()
    return options


def _wanted(options: SceneOptions, height: int, *, has_classes: bool) -> Callable[[Detection], bool]:
    labels = options.wanted() if has_classes else None
    side_min = options.side_min * height

    def is_wanted(seen: Detection) -> bool:
        # A label that COCO lacks comes from a network of one's own: nobody could ask for it by preset or name.
        is_of_class = labels is None or seen.label in labels or seen.label not in _COCO
        return is_of_class and min(seen.box[2:]) >= side_min

    return is_wanted

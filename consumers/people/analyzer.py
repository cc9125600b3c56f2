"""Pictures in, people out: by the best object detector that is there, else by OpenCV's own."""

import logging
from collections.abc import Mapping
from typing import Any

from common.contracts.camera_settings import PEOPLE
from common.query_models import HOG
from consumers.objects.analyzer import ObjectAnalyzer
from consumers.objects.choice import choose_network, present
from consumers.objects.detector import ObjectDetector
from consumers.objects.options import AUTOMATIC, DetectorOptions, read_detector_options, read_scene_options
from consumers.people.hog import HogPeople

_log = logging.getLogger(__name__)


def build_analyzer(options: Mapping[str, Any]) -> ObjectAnalyzer:
    """Loads the model. Raises ConfigurationError for a bad option and a missing or altered file that was asked for."""
    checked = read_detector_options(options, PEOPLE)
    read_scene_options(options, PEOPLE)
    return ObjectAnalyzer(_choose(checked), "person", checked.objects_max, "person")


def _choose(options: DetectorOptions) -> ObjectDetector:
    is_automatic = options.model == AUTOMATIC and options.network is None
    if options.model == HOG or (is_automatic and present() is None):
        if is_automatic:
            _log.warning(
                "no object detector's file is in MODEL_DIR: people are found by OpenCV's own detector, which misses "
                "many who sit or are half hidden"
            )
        return HogPeople()
    return choose_network(options)

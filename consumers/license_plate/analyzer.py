"""Pictures in, plates with their text out."""

from collections.abc import Mapping, Sequence
from typing import Any

from common.contracts.detection import Detection, ModelInfo
from common.model_registry import TEXT_DETECTOR, TEXT_RECOGNISER, joined
from consumers.license_plate.formats import as_plate
from consumers.license_plate.options import Mode, PlateOptions, read_options
from consumers.license_plate.quad import Quad, straightened
from consumers.license_plate.recogniser import STRIP_HEIGHT, WIDTH_MAX, Reading, Recogniser
from consumers.license_plate.text_detector import TextDetector
from consumers.pipeline.analysis import Picture

KIND = "plate"
LONG_SIDE = {Mode.FAST: 640, Mode.STANDARD: 640, Mode.THOROUGH: 960}
SCORE_MIN = 0.75
"""Mean probability of the characters from which a reading is a detection."""
LINES_MAX = 12
HEIGHT_MIN = 7.0
RATIO_MIN, RATIO_MAX = 1.6, 9.0
"""Width over height of a line that may be a plate."""
SLOPE_MAX = 40.0


class PlateAnalyzer:
    """Implements `consumers.pipeline.analysis.Analyzer`: stateless, thread-safe."""

    def __init__(self, detector: TextDetector, recogniser: Recogniser, options: PlateOptions) -> None:
        self._detector = detector
        self._recogniser = recogniser
        self._mode = options.mode
        self._formats = options.plate_formats()

    @property
    def model(self) -> ModelInfo:
        return joined(TEXT_DETECTOR, TEXT_RECOGNISER)

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        return [self._one(picture) for picture in pictures]

    def _one(self, picture: Picture) -> list[Detection]:
        lines = [quad for quad in self._detector.find(picture, LONG_SIDE[self._mode]) if is_plate_shaped(quad)]
        found = [self._read(picture, quad) for quad in lines[:LINES_MAX]]
        return [detection for detection in found if detection is not None]

    def _read(self, picture: Picture, quad: Quad) -> Detection | None:
        reading = self._recogniser.read(straightened(picture, quad, STRIP_HEIGHT, WIDTH_MAX))
        text = self._accepted(reading)
        if text is None:
            return None
        return Detection(box=quad.box(picture), kind=KIND, score=round(min(1.0, reading.score), 4), text=text)

    def _accepted(self, reading: Reading) -> str | None:
        return as_plate(reading.text, self._formats) if reading.score >= SCORE_MIN else None


def is_plate_shaped(quad: Quad) -> bool:
    """Whether a line of text has the size and proportions of a plate."""
    return (
        quad.height >= HEIGHT_MIN
        and RATIO_MIN <= quad.width / quad.height <= RATIO_MAX
        and abs(quad.slope) <= SLOPE_MAX
    )


def build_analyzer(options: Mapping[str, Any]) -> PlateAnalyzer:
    """Loads the models. Raises ConfigurationError for a bad option and a missing or altered file."""
    return PlateAnalyzer(TextDetector(), Recogniser(), read_options(options))

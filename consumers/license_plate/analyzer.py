"""Pictures in, plates with their text out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.contracts.detection import Detection, ModelInfo
from common.model_registry import PLATE_LOCATOR, TEXT_DETECTOR, TEXT_RECOGNISER, joined
from consumers.license_plate.locator import PlateLocator, without_overlaps
from consumers.license_plate.options import Mode, read_options
from consumers.license_plate.quad import Quad
from consumers.license_plate.reader import PlateReader, PlateReading
from consumers.license_plate.recogniser import Recogniser
from consumers.license_plate.text_detector import TextDetector
from consumers.pipeline.analysis import Picture

KIND = "plate"
HEIGHT_MIN = 5.0
"""Rows of characters lower than this, in pixels, cannot be read."""
RATIO_MIN, RATIO_MAX = 1.5, 12.0
"""Width over height of a row of characters."""
SLOPE_MAX = 40.0


@dataclass(frozen=True, slots=True)
class Effort:
    """What a mode spends. `long_side`: of the picture in which plates are located; `rows`: how many of the surest are
    read; `second_looks`: how many of the doubtful ones are looked at again; `located_min`: how sure a row must be."""

    long_side: int
    rows: int
    second_looks: int
    located_min: float


EFFORTS = {
    Mode.FAST: Effort(long_side=640, rows=2, second_looks=0, located_min=0.5),
    # One second look is what finds a plate's ends; further doubts are settled by the votes of many frames.
    Mode.VIDEO: Effort(long_side=640, rows=2, second_looks=1, located_min=0.5),
    Mode.STANDARD: Effort(long_side=640, rows=4, second_looks=2, located_min=0.35),
    Mode.THOROUGH: Effort(long_side=960, rows=6, second_looks=4, located_min=0.25),
}


class PlateAnalyzer:
    """Implements `consumers.pipeline.analysis.Analyzer`: stateless, thread-safe."""

    def __init__(self, locator: PlateLocator, reader: PlateReader, effort: Effort) -> None:
        self._locator = locator
        self._reader = reader
        self._effort = effort

    @property
    def model(self) -> ModelInfo:
        return joined(PLATE_LOCATOR, TEXT_DETECTOR, TEXT_RECOGNISER)

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        return [self._one(picture) for picture in pictures]

    def _one(self, picture: Picture) -> list[Detection]:
        effort = self._effort
        rows = [row for row in self._locator.find(picture, effort.long_side, effort.located_min) if may_be_plate(row)]
        readings: list[PlateReading] = []
        looks_left = effort.second_looks
        for row in rows[: effort.rows]:
            reading = self._reader.read(picture, row, may_look_again=looks_left > 0)
            looks_left -= 1
            if reading is not None:
                readings.append(reading)
        return [_detection(picture, reading) for reading in _distinct(readings)]


def may_be_plate(row: Quad) -> bool:
    """Whether a row of characters has the size and proportions of a plate's."""
    return (
        row.height >= HEIGHT_MIN
        and RATIO_MIN <= row.width / row.height <= RATIO_MAX
        and abs(row.slope) <= SLOPE_MAX
    )


def build_analyzer(options: Mapping[str, Any]) -> PlateAnalyzer:
    """Loads the models. Raises ConfigurationError for a bad option and a missing or altered file."""
    checked = read_options(options)
    reader = PlateReader(Recogniser(), TextDetector(), checked.plate_formats())
    return PlateAnalyzer(PlateLocator(), reader, EFFORTS[checked.mode])


def _distinct(readings: Sequence[PlateReading]) -> list[PlateReading]:
    """Two rows may lead to the same line of text: the surer one stays."""
    by_score = sorted(readings, key=lambda reading: -reading.score)
    kept = {id(quad) for quad in without_overlaps([reading.quad for reading in by_score])}
    return [reading for reading in by_score if id(reading.quad) in kept]


def _detection(picture: Picture, reading: PlateReading) -> Detection:
    return Detection(box=reading.quad.box(picture), kind=KIND, score=round(reading.score, 4), text=reading.text)

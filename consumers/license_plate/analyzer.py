"""Pictures in, plates with their text out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.contracts.detection import Detection, ModelInfo
from common.model_registry import PLATE_LOCATOR, TEXT_DETECTOR, TEXT_RECOGNISER, joined
from consumers.license_plate.characters import looks_filled
from consumers.license_plate.locator import PlateLocator, without_overlaps
from consumers.license_plate.options import Mode, read_options
from consumers.license_plate.quad import Quad, grown
from consumers.license_plate.reader import MARGIN_X, MARGIN_Y, PlateReader, PlateReading
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
    """What a mode spends. `long_sides`: of the pictures in which plates are located; `rows`: how many of the surest of
    each are considered; `located_min`: how sure a row must be; `look_height`: pixels of a row when its ends are
    searched for, 0 where they are not."""

    long_sides: tuple[int, ...]
    rows: int
    located_min: float
    look_height: int = 48


EFFORTS = {
    Mode.FAST: Effort(long_sides=(640,), rows=2, located_min=0.5, look_height=0),
    # Doubts are settled by the votes of many frames.
    Mode.VIDEO: Effort(long_sides=(640,), rows=4, located_min=0.4, look_height=36),
    Mode.STANDARD: Effort(long_sides=(640,), rows=4, located_min=0.35),
    Mode.THOROUGH: Effort(long_sides=(640, 960), rows=6, located_min=0.3),
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

    def adjusted(self, options: Mapping[str, Any]) -> "PlateAnalyzer":
        """The same models, with a camera's mode and formats."""
        checked = read_options(options)
        return PlateAnalyzer(self._locator, self._reader.reading(checked.plate_formats()), EFFORTS[checked.mode])

    def analyze(self, pictures: Sequence[Picture]) -> list[list[Detection]]:
        return [self._one(picture) for picture in pictures]

    def _one(self, picture: Picture) -> list[Detection]:
        rows = self._located(picture)
        readings = [self._reader.read(picture, row, look_height=self._effort.look_height) for row in rows]
        plates = _without_words(_distinct([one for one in readings if one is not None]))
        return [_detection(picture, one) for one in plates]

    def _located(self, picture: Picture) -> list[Quad]:
        """The rows that are worth reading, surest first: reading one that is none costs three times locating them."""
        effort = self._effort
        found: list[Quad] = []
        for long_side in effort.long_sides:
            rows = [row for row in self._locator.find(picture, long_side, effort.located_min) if may_be_plate(row)]
            found += [
                row
                for place, row in enumerate(rows[: effort.rows])
                if place == 0 or looks_filled(picture, grown(row, MARGIN_X, MARGIN_Y))
            ]
            if max(picture.shape[:2]) <= long_side:
                break  # never enlarged: the next one would see the same
        if len(effort.long_sides) == 1:
            return found
        return without_overlaps(sorted(found, key=lambda row: -row.score))


def may_be_plate(row: Quad) -> bool:
    """Whether a row of characters has the size and proportions of a plate's."""
    return row.height >= HEIGHT_MIN and RATIO_MIN <= row.width / row.height <= RATIO_MAX and abs(row.slope) <= SLOPE_MAX


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


def _without_words(readings: Sequence[PlateReading]) -> Sequence[PlateReading]:
    """A plate without a digit is one only where no other was read: dealers and states write words around plates."""
    with_digits = [reading for reading in readings if any(character.isdigit() for character in reading.text)]
    return with_digits or readings


def _detection(picture: Picture, reading: PlateReading) -> Detection:
    return Detection(box=reading.quad.box(picture), kind=KIND, score=round(reading.score, 4), text=reading.text)

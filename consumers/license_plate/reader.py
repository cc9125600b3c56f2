"""Reads one located plate: where the text detector finds its line; directly, as located, when that is doubtful.

The locator finds plates and places their ends by a character or so; the text detector places ends well. So a close look
comes first, and the direct reading only where it found nothing or a character of it is doubtful: of the labelled plates
more are right so than with both readings of each, at two thirds of the cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from consumers.license_plate.formats import PlateFormat, as_plate, is_never_plate
from consumers.license_plate.quad import Quad, grown, straightened
from consumers.license_plate.recogniser import STRIP_HEIGHT, WIDTH_MAX, Reading, Recogniser
from consumers.license_plate.text_detector import TextDetector
from consumers.pipeline.analysis import Picture

SCORE_MIN = 0.72
UNUSUAL_LOCATED_MIN, UNUSUAL_READ_MIN = 0.75, 0.85
"""A personal plate or the word on a sign, groups of digits: taken only where both networks are sure."""
MIXED_LOCATED_MIN, MIXED_READ_MIN = 0.5, 0.9
"""The same for letters with a single digit."""
DOUBTED_MAX = 0.8
"""A reading with a letter or digit below this score is compared with the direct one."""
COVERS_MIN = 0.8
"""A line as wide as this part of the row or wider, and surely read, says what stands there, be it a plate's or not."""
SAME_SHAPE = str.maketrans("OQDI", "0001")
MARGIN_X, MARGIN_Y = 0.1, 0.06
"""Of the row's height: added round a located row before it is read."""
MARGIN_X_ALONE = 0.3
"""The same where nothing else places its ends: a lost character is worse than a stranger."""
NARROWED_ALONE = 0.8
"""Part of its natural width at which such a row is read: a sixth cheaper, and as often right."""
AROUND_HEIGHTS, AROUND_WIDTHS, AROUND_Y = 0.6, 0.3, 0.9
"""How much of the surroundings a close look takes in: at each end of the row, above and below."""
LOOK_SIDES = 96, 448
LOOK_LINES_MAX = 4
ASIDE_MAX, ALONG_MAX = 0.6, 0.5
"""A line of text is the row when its middle is at most this far off, in heights across and in widths along it."""
FOLLOWED_MAX = 1
EDGE_NEAR = 0.1
"""A line of text is cut by the edge when it ends within this part of its height of it."""
LOST_MAX = 2
"""Characters that a row cut too short may have lost."""


@dataclass(frozen=True, slots=True)
class PlateReading:
    """`score`: mean probability of the characters. `quad`: the row that was read."""

    text: str
    score: float
    quad: Quad


class PlateReader:
    """Thread-safe. A direct reading costs 6 to 9 ms of CPU, a close look 15 to 25."""

    def __init__(self, recogniser: Recogniser, detector: TextDetector, formats: Sequence[PlateFormat]) -> None:
        self._recogniser = recogniser
        self._detector = detector
        self._formats = tuple(formats)

    def reading(self, formats: Sequence[PlateFormat]) -> "PlateReader":
        """The same networks for other formats."""
        return PlateReader(self._recogniser, self._detector, formats)

    def read(self, picture: Picture, row: Quad, *, look_height: int) -> PlateReading | None:
        """What the plate at `row` says, or None when it is no plate or cannot be read. `look_height`: how high, in
        pixels, the row is made for a close look; 0: it is read directly and no more."""
        readings: list[PlateReading] = []
        is_sure = False
        for quad in self._lines_at(picture, row, look_height) if look_height else ():
            reading = self._recogniser.read(straightened(picture, quad, STRIP_HEIGHT, WIDTH_MAX))
            if is_never_plate(reading.text):
                return None
            is_sure |= self._keep(reading, row, quad, readings) >= DOUBTED_MAX
            is_sure |= reading.least >= DOUBTED_MAX and quad.width >= COVERS_MIN * row.width
        if is_sure:
            return best_of(readings)
        quad = grown(row, MARGIN_X if look_height else MARGIN_X_ALONE, MARGIN_Y)
        strip = straightened(picture, quad, STRIP_HEIGHT, WIDTH_MAX)
        reading = self._recogniser.read(strip, 1.0 if look_height else NARROWED_ALONE)
        if is_never_plate(reading.text):
            return None
        self._keep(reading, row, quad, readings)
        return best_of(readings)

    def _keep(self, reading: Reading, row: Quad, quad: Quad, readings: list[PlateReading]) -> float:
        """Add a reading if it is a plate's. The score of its most doubtful character, 0 for one that is not added."""
        reading = reading.without_doubtful()
        text = self._plate_text(reading, row.score)
        if text is None:
            return 0.0
        readings.append(PlateReading(text, min(1.0, reading.score), quad))
        return reading.least

    def _lines_at(self, picture: Picture, row: Quad, look_height: int) -> list[Quad]:
        """The lines of text at a row. One that goes on beyond the surroundings is followed once: the row was a part of
        a longer one, be it a plate or an overlay."""
        found: list[Quad] = []
        for _ in range(1 + FOLLOWED_MAX):
            lines, edges = self._lines_around(picture, row, look_height)
            found = [line for line in lines if _is_at(line, row)]
            cut = next((line for line in found if _touches(line, edges)), None)
            if cut is None:
                break
            row = cut
        return found

    def _lines_around(self, picture: Picture, row: Quad, look_height: int) -> tuple[list[Quad], tuple[float, float]]:
        """The text detector on the row's surroundings, enlarged; it finds the row's ends better than the locator. Also
        where the surroundings end on the left and on the right, infinite at the picture's own edges."""
        around = grown(row, AROUND_HEIGHTS + AROUND_WIDTHS * row.width / max(row.height, 1.0), AROUND_Y)
        x, y, width, height = around.box(picture)
        part = picture[y : y + height, x : x + width]
        scale = min(look_height / max(row.height, 1.0), LOOK_SIDES[1] / width)
        scale = max(scale, LOOK_SIDES[0] / width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        enlarged = np.asarray(cv2.resize(part, size, interpolation=way), np.uint8)
        stretch = np.array([width / size[0], height / size[1]], np.float32)
        lines = [
            Quad(line.corners * stretch + np.array([x, y], np.float32), line.score)
            for line in self._detector.find(enlarged, max(size))[:LOOK_LINES_MAX]
        ]
        ends = x if x > 0 else -np.inf, x + width if x + width < picture.shape[1] else np.inf
        return lines, ends

    def _plate_text(self, reading: Reading, located: float) -> str | None:
        plate = as_plate(reading.text, self._formats)
        if plate is None or reading.score < SCORE_MIN:
            return None
        is_sure = located >= UNUSUAL_LOCATED_MIN and reading.score >= UNUSUAL_READ_MIN
        if plate.is_mixed:
            is_sure |= located >= MIXED_LOCATED_MIN and reading.score >= MIXED_READ_MIN
        return plate.text if plate.is_usual or is_sure else None


def _touches(line: Quad, edges: tuple[float, float]) -> bool:
    near = EDGE_NEAR * line.height
    return bool(line.corners[:, 0].min() <= edges[0] + near or line.corners[:, 0].max() >= edges[1] - near)


def _is_at(line: Quad, row: Quad) -> bool:
    """Whether a line of text lies where the row was located, and is of about its height."""
    along = (row.corners[1] - row.corners[0]) / max(row.width, 1.0)
    off = line.corners.mean(axis=0) - row.corners.mean(axis=0)
    aside = abs(float(off[0] * -along[1] + off[1] * along[0]))
    return (
        aside <= ASIDE_MAX * row.height
        and abs(float(off @ along)) <= ALONG_MAX * row.width
        and 0.5 * row.height <= line.height <= 2.5 * row.height
    )


def best_of(readings: Sequence[PlateReading]) -> PlateReading | None:
    """The surest; but one that lost a character at an end is surer of the rest, so the longer of the two wins."""
    best: PlateReading | None = None
    for reading in sorted(readings, key=lambda one: -one.score):
        if best is None or _goes_on(best.text, reading.text):
            best = reading
    return best


def _goes_on(text: str, longer: str) -> bool:
    """Whether `longer` holds `text` and a little more; what differs only between O and 0 or I and 1 is equal."""
    is_little = len(text) < len(longer) <= len(text) + LOST_MAX
    return is_little and text.translate(SAME_SHAPE) in longer.translate(SAME_SHAPE)

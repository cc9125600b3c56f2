"""What networks of each layout answer when they see one thing: made, not trained.

Every answer says: a box from (40, 60), 100 wide and 200 high, in an input of 416 x 416; class `LABEL`.
"""

import numpy as np
from numpy.typing import NDArray

from consumers.objects.classes import COCO

SIDE = 416
BOX = (40.0, 60.0, 100.0, 200.0)
LABEL = "bus"
PLACE = COCO.index(LABEL)
CENTRE = (90.0, 160.0)
Answer = tuple[NDArray[np.float32], ...]


def _logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def yolox() -> Answer:
    """Raw grid: the cell of stride 32 that holds the centre."""
    rows = np.zeros((1, 3549, 85), np.float32)
    column, row = int(CENTRE[0] // 32), int(CENTRE[1] // 32)
    at = 52 * 52 + 26 * 26 + row * 13 + column
    rows[0, at, :5] = [CENTRE[0] / 32 - column, CENTRE[1] / 32 - row, np.log(100 / 32), np.log(200 / 32), 0.9]
    rows[0, at, 5 + PLACE] = 0.9
    return (rows,)


def yolo_with_object_score() -> Answer:
    rows = np.zeros((1, 3549, 85), np.float32)
    rows[0, :, 0] = np.linspace(0, SIDE, 3549)
    rows[0, 7, :5] = [*CENTRE, 100, 200, 0.9]
    rows[0, 7, 5 + PLACE] = 0.9
    return (rows,)


def yolo_turned() -> Answer:
    """One column for each box, no object score; a second box of the same thing, a little off."""
    columns = np.zeros((1, 84, 3549), np.float32)
    columns[0, :4, 5] = [*CENTRE, 100, 200]
    columns[0, 4 + PLACE, 5] = 0.81
    columns[0, :4, 6] = [CENTRE[0] + 5, CENTRE[1], 100, 200]
    columns[0, 4 + PLACE, 6] = 0.7
    return (columns,)


def end_to_end() -> Answer:
    rows = np.zeros((1, 300, 6), np.float32)
    rows[0, 0] = [40, 60, 140, 260, 0.81, PLACE]
    return (rows,)


def fastestdet() -> Answer:
    """Map of 13 x 13 cells."""
    cells = np.zeros((1, 85, 13, 13), np.float32)
    x, y = CENTRE[0] / SIDE * 13, CENTRE[1] / SIDE * 13
    cell = cells[0, :, int(y), int(x)]
    cell[0] = 0.9
    cell[1:5] = [np.arctanh(x - int(x)), np.arctanh(y - int(y)), _logit(100 / SIDE), _logit(200 / SIDE)]
    cell[5 + PLACE] = 0.9
    return (cells,)


def _boxes(queries: int) -> NDArray[np.float32]:
    boxes = np.full((1, queries, 4), 0.1, np.float32)
    boxes[0, 3] = [value / SIDE for value in (*CENTRE, 100, 200)]
    return boxes


def detr() -> Answer:
    """92 answers: the data set's own numbers, the last one for "nothing". A bus is number 6."""
    logits = np.zeros((1, 100, 92), np.float32)
    logits[..., 91] = 10
    logits[0, 3, 91], logits[0, 3, 6] = 0, 6
    return logits, _boxes(100)


def rt_detr() -> Answer:
    logits = np.full((1, 300, 80), -8, np.float32)
    logits[0, 3, PLACE] = _logit(0.81)
    return _boxes(300), logits


LAYOUTS = {
    "YOLOX grid": yolox,
    "YOLO rows": yolo_with_object_score,
    "YOLO rows, turned": yolo_turned,
    "end to end": end_to_end,
    "FastestDet map": fastestdet,
    "DETR": detr,
    "DETR, sigmoid": rt_detr,
}

"""Reads the outputs of detection networks. Which layout a file has is found from what it answers, never assumed.

YOLOX: Ge et al., YOLOX: Exceeding YOLO Series in 2021. FastestDet: dog-qiuqiu/FastestDet (its example decoders). DETR:
Carion et al., End-to-End Object Detection with Transformers, 2020; RT-DETR: Zhao et al., 2023. YOLO exports: one column
for each of x, y, w, h, (an object score,) and the classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from consumers.objects.candidates import Candidates, from_centres, from_corners
from consumers.objects.classes import COCO, coco_of_id

Outputs = Sequence[NDArray[np.float32]]
"""Of one picture: batch dimension 1."""
STRIDES = ((8, 16, 32), (8, 16, 32, 64), (16, 32), (32,))
SPARSE_FROM = 0.05
"""Cells whose object score is lower are not looked at: all but a few of thousands."""


class Layout(Protocol):
    """Pure. `decode` gets the outputs for one picture of `side` (width, height) pixels."""

    @property
    def name(self) -> str: ...

    def decode(self, outputs: Outputs, side: tuple[int, int]) -> Candidates: ...


@dataclass(frozen=True, slots=True)
class YoloGrid:
    """Rows of all cells of several grids: offset within the cell, logarithm of the size, object score, classes."""

    strides: tuple[int, ...]
    name: str = "YOLOX grid"

    def decode(self, outputs: Outputs, side: tuple[int, int]) -> Candidates:
        rows = outputs[0][0]
        places = np.flatnonzero(rows[:, 4] >= SPARSE_FROM)
        rows = rows[places]
        corners, steps = _cells(side, self.strides)
        corners, steps = corners[places], steps[places]
        sizes = np.exp(np.minimum(rows[:, 2:4], 10.0)) * steps
        boxes = np.concatenate([(rows[:, :2] + corners) * steps, sizes], axis=1)
        return _scored(from_centres(boxes.astype(np.float32)), rows[:, 5:], rows[:, 4])


@dataclass(frozen=True, slots=True)
class YoloRows:
    """Decoded boxes: centre and size in pixels, (object score,) classes. `is_turned`: one column for each box."""

    has_object_score: bool
    is_turned: bool
    name: str = "YOLO rows"

    def decode(self, outputs: Outputs, side: tuple[int, int]) -> Candidates:
        rows = outputs[0][0].T if self.is_turned else outputs[0][0]
        if self.has_object_score:
            rows = rows[rows[:, 4] >= SPARSE_FROM]
            boxes, classes, objects = rows[:, :4], rows[:, 5:], rows[:, 4]
        else:
            boxes, classes, objects = rows[:, :4], rows[:, 4:], None
        if len(boxes) and float(boxes.max()) <= 2.0:  # in parts of the picture
            boxes = boxes * np.array([*side, *side], np.float32)
        return _scored(from_centres(np.ascontiguousarray(boxes)), classes, objects)


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """Finished boxes: corners in pixels, score, class."""

    name: str = "end to end"

    def decode(self, outputs: Outputs, side: tuple[int, int]) -> Candidates:  # noqa: ARG002 - the seam's signature
        rows = outputs[0].reshape(-1, 6)
        return Candidates(from_corners(rows[:, :4]), rows[:, 4], rows[:, 5].astype(np.int64))


@dataclass(frozen=True, slots=True)
class Detr:
    """Queries: boxes in parts of the picture, and logits. `has_nothing`: the last class is "no object"; `coco_ids`:
    classes are numbered as the data set does."""

    boxes_at: int
    logits_at: int
    has_nothing: bool
    coco_ids: bool
    name: str = "DETR"

    def decode(self, outputs: Outputs, side: tuple[int, int]) -> Candidates:
        boxes, logits = outputs[self.boxes_at][0], outputs[self.logits_at][0]
        if self.has_nothing:
            powers = np.exp(logits - logits.max(axis=1, keepdims=True))
            shares = (powers / powers.sum(axis=1, keepdims=True))[:, :-1]
        else:
            shares = 1 / (1 + np.exp(-np.clip(logits, -80, 80)))
        if self.coco_ids:
            numbers = [place for place in range(shares.shape[1]) if coco_of_id(place) is not None]
            shares = shares[:, numbers]  # ids in rising order are the places in COCO
        return _scored(from_centres(boxes * np.array([*side, *side], np.float32)), shares, None)


@dataclass(frozen=True, slots=True)
class FastestDet:
    """One map: object score, box, classes. Its own score, object^0.6 x class^0.4, calls 0.65 what others call 0.4; the
    product of the two can be compared with theirs."""

    name: str = "FastestDet map"

    def decode(self, outputs: Outputs, side: tuple[int, int]) -> Candidates:
        cells = outputs[0][0]
        _, rows, columns = cells.shape
        ys, xs = np.nonzero(cells[0] >= SPARSE_FROM)
        found = cells[:, ys, xs]
        middles = np.stack([(xs + np.tanh(found[1])) / columns, (ys + np.tanh(found[2])) / rows])
        sizes = 1 / (1 + np.exp(-np.clip(found[3:5], -80, 80)))
        boxes = (np.concatenate([middles, sizes]).T * np.array([*side, *side])).astype(np.float32)
        return _scored(from_centres(boxes), np.clip(found[5:].T, 0, 1), np.clip(found[0], 0, 1))


def find_layout(outputs: Outputs, side: tuple[int, int], labels: int) -> Layout | None:
    """The layout of a network that answered `outputs` to a plain picture of `side`; None: none that is known.

    `labels`: how many classes there should be.
    """
    if len(outputs) == 2:
        return _as_detr(outputs, labels)
    if len(outputs) != 1:
        return None
    (only,) = outputs
    if only.ndim == 4 and only.shape[1] == 5 + labels:
        return FastestDet()
    if only.ndim == 2 and only.shape[1] == 6:
        return EndToEnd()
    return _as_rows(only, side, labels) if only.ndim == 3 else None


def _as_rows(only: NDArray[np.float32], side: tuple[int, int], labels: int) -> Layout | None:
    _, first, second = only.shape
    if second == 5 + labels:
        grid = next((one for one in STRIDES if len(_cells(side, one)[0]) == first), None)
        # Offsets within a cell are a few units; decoded centres spread over the whole picture.
        is_raw = grid is not None and float(np.abs(only[0, :, :2]).max()) < max(side) / 4
        if grid is not None and is_raw:
            return YoloGrid(grid)
    for has_object_score in (True, False):
        columns = (5 if has_object_score else 4) + labels
        if second == columns != 6 or (second == columns and first > 1_000):
            return YoloRows(has_object_score, is_turned=False)
        if first == columns and second > columns:
            return YoloRows(has_object_score, is_turned=True)
    return EndToEnd() if second == 6 else None


def _as_detr(outputs: Outputs, labels: int) -> Layout | None:
    if any(one.ndim != 3 for one in outputs) or outputs[0].shape[1] != outputs[1].shape[1]:
        return None
    widths = [one.shape[2] for one in outputs]
    if 4 not in widths:
        return None
    boxes_at = widths.index(4)
    count = widths[1 - boxes_at]
    has_coco_ids = labels == len(COCO) and count in (91, 92)
    if count not in (labels, labels + 1) and not has_coco_ids:
        return None
    return Detr(boxes_at, 1 - boxes_at, has_nothing=count in (labels + 1, 92), coco_ids=has_coco_ids)


def _cells(side: tuple[int, int], strides: Sequence[int]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Upper left corners (x, y) of all cells in units of their stride, n x 2, and the strides, n x 1."""
    corners, steps = [], []
    for stride in strides:
        columns, rows = side[0] // stride, side[1] // stride
        xs, ys = np.meshgrid(np.arange(columns), np.arange(rows))
        corners.append(np.stack([xs.ravel(), ys.ravel()], axis=1))
        steps.append(np.full((rows * columns, 1), stride))
    return np.concatenate(corners).astype(np.float32), np.concatenate(steps).astype(np.float32)


def _scored(
    boxes: NDArray[np.float32], classes: NDArray[np.float32], objects: NDArray[np.float32] | None
) -> Candidates:
    """The best class of each box."""
    best = classes.argmax(axis=1) if classes.size else np.empty(0, np.int64)
    scores = classes[np.arange(len(best)), best]
    if objects is not None:
        scores = scores * objects
    return Candidates(boxes, scores.astype(np.float32), best.astype(np.int64))

"""A detection network in an ONNX file, whatever its layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from common.contracts.detection import ModelInfo
from common.errors import ConfigurationError
from common.model_registry import FolderFile, ModelFile, verified_bytes
from consumers.inference.onnx_session import make_session
from consumers.inference.provider import runs_elsewhere
from consumers.objects.classes import COCO
from consumers.objects.detector import Found, clipped
from consumers.objects.layouts import Detr, FastestDet, Layout, YoloGrid, find_layout
from consumers.objects.options import OwnDetector
from consumers.pipeline.analysis import Picture

SIDE_DEFAULT = 640
"""Where the file leaves the picture's size open."""
BORDER = 114
GREY = 114.0
BATCH_MAX = 8
IMAGENET_MEAN, IMAGENET_STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
SIDE_MIN = 8
"""Pictures with a shorter side in pixels hold nothing; no network is asked."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """What an input wants. `is_stretched`: the whole picture in the whole input, else its proportions are kept."""

    scale: str
    is_rgb: bool
    is_stretched: bool


class ObjectNetwork:
    """Implements `consumers.objects.detector.ObjectDetector`.

    Input n x 3 x h x w. Raises ConfigurationError for a missing or altered file, and for one that takes or answers
    something else.
    """

    def __init__(self, model: ModelFile, labels: tuple[str, ...] = COCO, asked: OwnDetector | None = None) -> None:
        self._model = model
        self._labels = labels
        self._session = make_session(verified_bytes(model))
        self._input, self._side, self._is_single = _input_of(self._session, model)
        self._layout = self._found_layout()
        self._pixels = _pixels(self._layout, asked)

    @property
    def model(self) -> ModelInfo:
        return self._model.info

    @property
    def labels(self) -> tuple[str, ...]:
        return self._labels

    @property
    def waits(self) -> bool:
        return runs_elsewhere(self._session)

    @property
    def layout(self) -> str:
        return self._layout.name

    def find(self, pictures: Sequence[Picture], score_min: float) -> list[list[Found]]:
        found: list[list[Found]] = [[] for _ in pictures]
        places = [place for place, picture in enumerate(pictures) if min(picture.shape[:2]) >= SIDE_MIN]
        step = 1 if self._is_single else BATCH_MAX
        for at in range(0, len(places), step):
            chosen = places[at : at + step]
            values = np.concatenate([self._values(pictures[place]) for place in chosen])
            outputs = self._session.run(None, {self._input: values})
            for row, place in enumerate(chosen):
                mine = [np.asarray(one)[row : row + 1] for one in outputs]
                found[place] = self._decoded(mine, pictures[place], score_min)
        return found

    def _decoded(self, outputs: Sequence[NDArray[np.float32]], picture: Picture, score_min: float) -> list[Found]:
        candidates = self._layout.decode(outputs, self._side).surest(score_min)
        if not isinstance(self._layout, Detr):  # whose queries are one for each thing
            candidates = candidates.thinned()
        scale_x, scale_y = self._scales(picture)
        found = []
        for (x, y, width, height), score, place in zip(
            candidates.boxes.tolist(), candidates.scores.tolist(), candidates.classes.tolist(), strict=True
        ):
            box = clipped(x / scale_x, y / scale_y, width / scale_x, height / scale_y, picture)
            if box is not None and 0 <= place < len(self._labels):
                found.append(Found(box, self._labels[place], min(1.0, score)))
        return found

    def _scales(self, picture: Picture) -> tuple[float, float]:
        """Pixels of the input for one of the picture."""
        height, width = picture.shape[:2]
        scale_x, scale_y = self._side[0] / width, self._side[1] / height
        return (scale_x, scale_y) if self._pixels.is_stretched else (min(scale_x, scale_y),) * 2

    def _values(self, picture: Picture) -> NDArray[np.float32]:
        """1 x 3 x h x w, the picture in the upper left corner."""
        scale_x, scale_y = self._scales(picture)
        height, width = picture.shape[:2]
        size = (
            min(self._side[0], max(1, round(width * scale_x))),
            min(self._side[1], max(1, round(height * scale_y))),
        )
        small = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
        if size != self._side:
            right, below = self._side[0] - size[0], self._side[1] - size[1]
            small = cv2.copyMakeBorder(small, 0, below, 0, right, cv2.BORDER_CONSTANT, value=(BORDER,) * 3)
        blob = np.asarray(cv2.dnn.blobFromImage(small, swapRB=self._pixels.is_rgb), np.float32)
        if self._pixels.scale == "0..1":
            blob *= np.float32(1 / 255)
        elif self._pixels.scale == "imagenet":
            mean, std = np.array(IMAGENET_MEAN, np.float32), np.array(IMAGENET_STD, np.float32)
            if not self._pixels.is_rgb:
                mean, std = mean[::-1], std[::-1]
            blob = (blob - mean[None, :, None, None]) / std[None, :, None, None]
        return blob

    def _found_layout(self) -> Layout:
        width, height = self._side
        plain = np.full((1, 3, height, width), GREY, np.float32)
        try:
            outputs = [np.asarray(one) for one in self._session.run(None, {self._input: plain})]
        except Exception as error:  # the runtime raises classes of its own for a file that does not fit together
            raise ConfigurationError(f"{self._model.name} cannot be run: {error}") from error
        layout = find_layout(outputs, self._side, len(self._labels))
        if layout is None:
            shapes = ", ".join(str(one.shape) for one in outputs)
            raise ConfigurationError(
                f"{self._model.name} answers {shapes}: neither a YOLO nor a DETR layout for {len(self._labels)} labels."
            )
        return layout


def own_model(asked: OwnDetector) -> ModelFile:
    """The registry entry of a file that a person chose."""
    return ModelFile(
        name=asked.file.removesuffix(".onnx"),
        version="own",
        purpose="objects, chosen by a person",
        licence="stated by who put it there",
        sha256=asked.sha256,
        source=FolderFile(asked.file),
        upstream="MODEL_DIR",
        accuracy="not measured here",
        get_with="MODEL_DIR=FOLDER, a folder that holds this file",
    )


def _input_of(session: Any, model: ModelFile) -> tuple[str, tuple[int, int], bool]:
    """Name, (width, height), whether it takes one picture at a time."""
    given = session.get_inputs()
    shape = [size if isinstance(size, int) and size > 0 else None for size in given[0].shape] if given else []
    if len(given) != 1 or len(shape) != 4 or shape[1] not in (3, None):
        raise ConfigurationError(f"{model.name} takes {[one.shape for one in given]}: not pictures of three channels.")
    return str(given[0].name), (shape[3] or SIDE_DEFAULT, shape[2] or SIDE_DEFAULT), shape[0] == 1


def _pixels(layout: Layout, asked: OwnDetector | None) -> Pixels:
    """What is usual for a layout, unless a person says otherwise."""
    if isinstance(layout, YoloGrid):
        usual = Pixels("0..255", is_rgb=False, is_stretched=False)
    elif isinstance(layout, FastestDet):
        usual = Pixels("0..1", is_rgb=False, is_stretched=True)
    elif isinstance(layout, Detr):
        usual = Pixels("imagenet", is_rgb=True, is_stretched=True)
    else:
        usual = Pixels("0..1", is_rgb=True, is_stretched=False)
    if asked is None:
        return usual
    return Pixels(
        asked.pixels or usual.scale, usual.is_rgb if asked.order is None else asked.order == "rgb", usual.is_stretched
    )

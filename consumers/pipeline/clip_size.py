"""One clip has one size: that of its first picture, made even. Others are scaled into it with black borders."""

from dataclasses import dataclass

import cv2
import numpy as np

from common.contracts.detection import Box, Detection
from consumers.pipeline.analysis import Picture

SIDE_MAX = 4096
"""Larger pictures are scaled down: hardware decoders end here, and H.264 levels soon after."""


@dataclass(frozen=True, slots=True)
class Placement:
    """How a picture lies in the clip: clip = picture x `scale` + (`left`, `top`). `note`: it was not taken as it is."""

    scale: float = 1.0
    left: int = 0
    top: int = 0
    note: str | None = None

    @property
    def is_identity(self) -> bool:
        return (self.scale, self.left, self.top) == (1.0, 0, 0)

    def to_clip(self, box: Box) -> Box:
        """A box in pixels of the picture, in pixels of the clip."""
        if self.is_identity:
            return box
        x, y, w, h = (value * self.scale for value in box)
        return round(x) + self.left, round(y) + self.top, max(1, round(w)), max(1, round(h))

    def to_picture(self, box: Box) -> Box:
        """The inverse of `to_clip`, to the nearest pixel."""
        if self.is_identity:
            return box
        x, y, w, h = box
        left, top = (x - self.left) / self.scale, (y - self.top) / self.scale
        return round(left), round(top), max(1, round(w / self.scale)), max(1, round(h / self.scale))

    def detection_to_clip(self, seen: Detection) -> Detection:
        """The same thing in pixels of the clip."""
        points = seen.points and tuple(
            (round(x * self.scale) + self.left, round(y * self.scale) + self.top) for x, y in seen.points
        )
        return seen.model_copy(update={"box": self.to_clip(seen.box), "points": points})

    def detection_to_picture(self, seen: Detection) -> Detection:
        """The inverse of `detection_to_clip`, to the nearest pixel."""
        points = seen.points and tuple(
            (round((x - self.left) / self.scale), round((y - self.top) / self.scale)) for x, y in seen.points
        )
        return seen.model_copy(update={"box": self.to_picture(seen.box), "points": points})


@dataclass(frozen=True, slots=True)
class ClipSize:
    """`first_*`: the window's first picture as it came. `width`, `height`: of the clip, even for 4:2:0 chroma."""

    first_width: int
    first_height: int
    width: int
    height: int

    @classmethod
    def of(cls, picture: Picture) -> "ClipSize":
        height, width = picture.shape[:2]
        scale = min(1.0, SIDE_MAX / max(width, height))
        scaled_width, scaled_height = max(1, round(width * scale)), max(1, round(height * scale))
        return cls(width, height, scaled_width + scaled_width % 2, scaled_height + scaled_height % 2)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of the sidecar must know about the clip's size."""
        if (self.width, self.height) == (self.first_width, self.first_height):
            return ()
        verb = "scaled" if max(self.first_width, self.first_height) > SIDE_MAX else "padded"
        return (f"{verb} from {self.first_width}x{self.first_height} to {self.width}x{self.height}",)

    def place(self, picture: Picture) -> tuple[Picture, Placement]:
        """The picture in the clip's size: the same array where nothing has to be done, else a new one."""
        height, width = picture.shape[:2]
        if (width, height) == (self.width, self.height):
            return picture, Placement()
        is_first_size = (width, height) == (self.first_width, self.first_height)
        if is_first_size and self.width - width in (0, 1) and self.height - height in (0, 1):
            padded = cv2.copyMakeBorder(picture, 0, self.height - height, 0, self.width - width, cv2.BORDER_REPLICATE)
            return np.asarray(padded, np.uint8), Placement()
        scale = min(self.width / width, self.height / height)
        inner_width, inner_height = max(1, round(width * scale)), max(1, round(height * scale))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        canvas = np.zeros((self.height, self.width, 3), np.uint8)
        left, top = (self.width - inner_width) // 2, (self.height - inner_height) // 2
        resized = cv2.resize(picture, (inner_width, inner_height), interpolation=method)
        canvas[top : top + inner_height, left : left + inner_width] = resized
        note = None if is_first_size else f"scaled from {width}x{height}"
        return canvas, Placement(scale, left, top, note)

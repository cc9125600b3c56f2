"""What a scene is, and the sprite that all scenes are put together from."""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_client.picture import Picture


class Scene(Protocol):
    """A picture for every moment, the same for the same moment. Used by one thread; painting takes about 2 ms."""

    loop_s: float
    """After so many seconds it repeats itself."""

    def paint(self, t_s: float) -> Picture:
        """The picture at `t_s`, a fresh array each time."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A picture with a soft outline. `lit`: colours times the outline; `veil`: 255 - outline; both H x W x 3."""

    lit: Picture
    veil: Picture

    @classmethod
    def cut(cls, picture: Picture, outline: NDArray[np.uint8]) -> "Sprite":
        """`outline`: H x W, 0 outside to 255 inside."""
        mask: Picture = np.ascontiguousarray(np.repeat(outline[:, :, None], 3, axis=2))
        return cls(np.asarray(cv2.multiply(picture, mask, scale=1 / 255), np.uint8), np.asarray(255 - mask, np.uint8))

    @property
    def width(self) -> int:
        return int(self.lit.shape[1])

    @property
    def height(self) -> int:
        return int(self.lit.shape[0])

    def scaled(self, factor: float) -> "Sprite":
        """The sprite grown or shrunk."""
        size = (max(1, round(self.width * factor)), max(1, round(self.height * factor)))
        kind = cv2.INTER_AREA if factor < 0.5 else cv2.INTER_LINEAR
        return Sprite(
            np.asarray(cv2.resize(self.lit, size, interpolation=kind), np.uint8),
            np.asarray(cv2.resize(self.veil, size, interpolation=kind), np.uint8),
        )

    def put_on(self, picture: Picture, x: int, y: int) -> None:
        """Lay the sprite over `picture`, in place, its upper left corner at (x, y); what lies outside is cut off."""
        left, top = max(0, x), max(0, y)
        right, bottom = min(picture.shape[1], x + self.width), min(picture.shape[0], y + self.height)
        if left >= right or top >= bottom:
            return
        own = np.s_[top - y : bottom - y, left - x : right - x]
        under = picture[top:bottom, left:right]
        under[:] = cv2.add(cv2.multiply(under, self.veil[own], scale=1 / 255), self.lit[own])

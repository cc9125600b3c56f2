"""The plate locator's layers, and what it should answer.

A fully convolutional network: grey picture in; for every cell of 8 x 8 pixels a logit (is this the middle of a plate's
row of characters?) and the eight coordinates of the row's corners (after FCOS: Tian et al., 2019, with corners in place
of sides).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

STRIDE = 8
UNIT = 16.0
"""Corner coordinates are in units of this many pixels, from the cell's middle."""
CHANNELS = (8, 16, 24, 24, 24, 24, 24)
STRIDES = (2, 2, 2, 1, 1, 1, 1)
DILATIONS = (1, 1, 1, 1, 2, 4, 2)
OUTPUTS = 9


@dataclass(frozen=True, slots=True)
class Target:
    """`sure`: 1 plate, 0 none, -1 not asked. `corners`: 8 x rows x columns, in `UNIT`s. `weight`: of the corners."""

    sure: NDArray[np.float32]
    corners: NDArray[np.float32]
    weight: NDArray[np.float32]


def target_of(lines: NDArray[np.float32], width: int, height: int) -> Target:
    """What the network should say of a scene: positive are the cells near the middle of a row of characters."""
    columns, rows = width // STRIDE, height // STRIDE
    xs, ys = np.meshgrid((np.arange(columns) + 0.5) * STRIDE, (np.arange(rows) + 0.5) * STRIDE)
    sure = np.zeros((rows, columns), np.float32)
    corners = np.zeros((8, rows, columns), np.float32)
    weight = np.zeros((rows, columns), np.float32)
    for line in lines:
        middle = line.mean(axis=0)
        along = (line[1] + line[2] - line[0] - line[3]) / 2
        across = (line[2] + line[3] - line[0] - line[1]) / 2
        long, tall = float(np.linalg.norm(along)), float(np.linalg.norm(across))
        dx, dy = xs - middle[0], ys - middle[1]
        u = np.abs(dx * along[0] + dy * along[1]) / long**2
        v = np.abs(dx * across[0] + dy * across[1]) / tall**2
        near = np.hypot(dx, dy) <= STRIDE * 0.71
        sure[(u < 0.55) & (v < max(0.75, 0.5 + 4 / tall)) & (sure == 0)] = -1
        inside = ((u < 0.22) & (v < 0.4)) | near
        sure[inside] = 1
        offsets = (line.reshape(8, 1, 1) - np.stack([xs, ys] * 4)) / UNIT
        corners[:, inside] = offsets[:, inside]
        weight[inside] = UNIT / tall / max(1, int(inside.sum()))
    return Target(sure, corners, weight)

"""How near two boxes are. Pure functions on (x, y, w, h) in pixels."""

import math
from collections.abc import Sequence

Rectangle = Sequence[float]
"""x, y, width, height."""


def overlap(a: Rectangle, b: Rectangle) -> float:
    """Intersection over union, 0 to 1; 0 for boxes without area."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    inside = width * height
    return inside / (a[2] * a[3] + b[2] * b[3] - inside)


def distance(a: Rectangle, b: Rectangle) -> float:
    """Distance of the centres in units of the mean diagonal: 0 same place, 1 one diagonal apart."""
    diagonal = (math.hypot(a[2], a[3]) + math.hypot(b[2], b[3])) / 2
    apart = math.hypot(a[0] + a[2] / 2 - b[0] - b[2] / 2, a[1] + a[3] / 2 - b[1] - b[3] / 2)
    return apart / max(diagonal, 1.0)


def size_ratio(a: Rectangle, b: Rectangle) -> float:
    """The larger diagonal over the smaller, at least 1."""
    first, second = max(math.hypot(a[2], a[3]), 1.0), max(math.hypot(b[2], b[3]), 1.0)
    return max(first, second) / min(first, second)

"""Where a point lies: inside or outside a zone, on which side of a line. Relative coordinates."""

import math
from collections.abc import Sequence

from common.contracts.place import Line, Point, Zone


def depth_in(zone: Zone, point: Point) -> float:
    """How far inside the zone a point lies; negative outside. In parts of the picture's sides."""
    corners = zone.points
    away = min(_distance_to_edge(point, corners[place - 1], corners[place]) for place in range(len(corners)))
    return away if _is_inside(corners, point) else -away


def offset_from(line: Line, point: Point) -> float:
    """How far a point lies to the right of who looks from `a` to `b`; negative to the left. Of the endless line."""
    (ax, ay), (bx, by) = line.a, line.b
    length = math.hypot(bx - ax, by - ay)
    if length == 0:
        return 0.0
    # y points downwards: a positive cross product is a turn to the right.
    return ((bx - ax) * (point[1] - ay) - (by - ay) * (point[0] - ax)) / length


def crosses(line: Line, start: Point, end: Point) -> bool:
    """Whether the way from `start` to `end` meets the line between its two ends."""
    way = Line.model_construct(name=line.name, a=start, b=end)
    return (
        offset_from(line, start) * offset_from(line, end) <= 0
        and offset_from(way, line.a) * offset_from(way, line.b) <= 0
    )


def _is_inside(corners: Sequence[Point], point: Point) -> bool:
    """By the number of edges that a ray to the right meets (even-odd rule)."""
    x, y = point
    inside = False
    for place, (bx, by) in enumerate(corners):
        ax, ay = corners[place - 1]
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
    return inside


def _distance_to_edge(point: Point, a: Point, b: Point) -> float:
    ax, ay, along_x, along_y = a[0], a[1], b[0] - a[0], b[1] - a[1]
    squared = along_x * along_x + along_y * along_y
    part = 0.0 if squared == 0 else ((point[0] - ax) * along_x + (point[1] - ay) * along_y) / squared
    part = min(1.0, max(0.0, part))
    return math.hypot(point[0] - ax - part * along_x, point[1] - ay - part * along_y)

"""Draws faces with their emotion, and how many there are."""

from collections.abc import Sequence

from common.contracts.detection import Detection
from consumers.pipeline.analysis import Picture
from consumers.pipeline.draw import REFERENCE_HEIGHT, colour_of, draw_corner, draw_detections
from consumers.pipeline.patches import dots


def draw_faces(picture: Picture, detections: Sequence[Detection]) -> None:
    """Boxes and labels by the pipeline's drawing, landmarks where there are some, the count in the upper right corner
    where it fits."""
    draw_detections(picture, detections)
    for seen in detections:
        if seen.points:
            dots(picture, seen.points, max(1, picture.shape[0] // REFERENCE_HEIGHT), colour_of(seen))
    if detections:
        draw_corner(picture, ["1 face" if len(detections) == 1 else f"{len(detections)} faces"])

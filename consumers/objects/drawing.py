"""Draws things with their class, and how many there are of each."""

from collections import Counter
from collections.abc import Sequence

from common.contracts.detection import Detection
from consumers.pipeline.analysis import Picture
from consumers.pipeline.draw import draw_corner, draw_detections, plain

LINES_MAX = 6


def draw_objects(picture: Picture, detections: Sequence[Detection]) -> None:
    """Boxes and labels by the pipeline's drawing; the counts in the upper right corner, where they fit."""
    draw_detections(picture, detections)
    draw_corner(picture, count_lines(detections))


def count_lines(detections: Sequence[Detection]) -> list[str]:
    """`3 person`, most of them first, at most six lines."""
    counts = Counter(seen.label or seen.kind for seen in detections)
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [f"{count} {plain(label)[:24]}" for label, count in ranked[:LINES_MAX]]

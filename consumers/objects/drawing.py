"""Draws things with their class, and how many there are of each."""

from collections import Counter
from collections.abc import Sequence

import cv2

from common.contracts.detection import Detection
from consumers.pipeline.analysis import Picture
from consumers.pipeline.draw import FONT, INK, PAPER, REFERENCE_HEIGHT, draw_detections, plain

LINES_MAX = 6


def draw_objects(picture: Picture, detections: Sequence[Detection]) -> None:
    """Boxes and labels by the pipeline's drawing; the counts in the upper right corner, where they fit."""
    draw_detections(picture, detections)
    room_y, room_x = picture.shape[:2]
    scale = max(0.35, min(2.0, 0.5 * room_y / REFERENCE_HEIGHT))
    top = 0
    for text in count_lines(detections):
        (width, height), base = cv2.getTextSize(text, FONT, scale, 1)
        tall = height + base + 2
        if width + 4 > room_x or top + tall > room_y:
            return
        picture[top : top + tall, room_x - width - 4 :] = PAPER
        cv2.putText(picture, text, (room_x - width - 2, top + height + 1), FONT, scale, INK, 1, cv2.LINE_8)
        top += tall


def count_lines(detections: Sequence[Detection]) -> list[str]:
    """`3 person`, most of them first, at most six lines."""
    counts = Counter(seen.label or seen.kind for seen in detections)
    ranked = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return [f"{count} {plain(label)[:24]}" for label, count in ranked[:LINES_MAX]]

"""Draws faces with their emotion, and how many there are."""

from collections.abc import Sequence

import cv2

from common.contracts.detection import Detection
from consumers.pipeline.analysis import Picture
from consumers.pipeline.draw import FONT, INK, PAPER, colour_of, draw_detections

REFERENCE_HEIGHT = 480


def draw_faces(picture: Picture, detections: Sequence[Detection]) -> None:
    """Boxes and labels by the pipeline's drawing, landmarks where there are some, the count in the upper right corner
    where it fits."""
    draw_detections(picture, detections)
    for seen in detections:
        for point in seen.points or ():
            cv2.circle(picture, point, max(1, picture.shape[0] // REFERENCE_HEIGHT), colour_of(seen), cv2.FILLED)
    if not detections:
        return
    text = "1 face" if len(detections) == 1 else f"{len(detections)} faces"
    room_y, room_x = picture.shape[:2]
    scale = max(0.35, min(2.0, 0.5 * room_y / REFERENCE_HEIGHT))
    (width, height), base = cv2.getTextSize(text, FONT, scale, 1)
    if width + 4 > room_x or height + base + 2 > room_y:
        return
    picture[: height + base + 2, room_x - width - 4 :] = PAPER
    cv2.putText(picture, text, (room_x - width - 2, height + 1), FONT, scale, INK, 1, cv2.LINE_8)

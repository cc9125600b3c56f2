"""JPEGs to load consumers with: the demo scenes, drawn at run time."""

import cv2
import numpy as np
import simplejpeg

from camera_client.demo import SCENES

FRAME_MS = 100
"""Pictures are 100 ms of the scene's time apart: cameras of 10 frames/s."""


def make_jpegs(scene: str, width: int, height: int, count: int, quality: int = 80) -> list[bytes]:
    """`count` consecutive pictures of the demo scene `face` or `cars`."""
    painter = SCENES[scene](640, 480)
    jpegs = []
    for number in range(count):
        picture = painter.paint(number * FRAME_MS / 1000)
        if (width, height) != (640, 480):
            picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        jpegs.append(simplejpeg.encode_jpeg(picture, quality=quality, colorspace="BGR"))
    return jpegs

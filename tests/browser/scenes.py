"""Pictures and clips for the page, made from the demo scenes: what is in them is known without any model."""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np

from camera_client.demo.cars import _BUMPER_FAR as FAR_BUMPER
from camera_client.demo.cars import _BUMPER_NEAR as NEAR_BUMPER
from camera_client.demo.cars import _CAR_H as CAR_H
from camera_client.demo.cars import _CAR_W as CAR_W
from camera_client.demo.cars import _FAR_SCALE as FAR_SCALE
from camera_client.demo.cars import _MOVING_PART, LOOP_S, PLATES, SECONDS_PER_CAR, CarScene
from camera_client.demo.cars import _NEAR_SCALE as NEAR_SCALE
from camera_client.demo.face import FaceScene
from common.contracts.detection import Box, Detection, Sighting
from common.contracts.sidecar import Fate, FrameDetections, FrameEntry, Origin, Sidecar
from consumers.pipeline.draw import draw_detections, draw_time

WIDTH, HEIGHT, FPS = 640, 480, 10
HAPPY = {"happy": 0.93, "neutral": 0.05, "surprise": 0.02}


@dataclass(frozen=True)
class Shot:
    """One picture and what is in it. `picture`: H x W x 3 uint8, BGR."""

    picture: np.ndarray
    detections: tuple[Detection, ...]

    def jpeg(self) -> bytes:
        encoded = cv2.imencode(".jpg", self.picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
        return encoded.tobytes()


class Cars:
    """`demo:cars` with its plates."""

    analysis = "license_plate"

    def __init__(self) -> None:
        self._scene = CarScene(WIDTH, HEIGHT)

    def shot(self, t_s: float) -> Shot:
        turn = t_s % LOOP_S
        number = int(turn // SECONDS_PER_CAR) % len(PLATES)
        way = (turn / SECONDS_PER_CAR - number) / _MOVING_PART
        if way >= 1:
            return Shot(self._scene.paint(t_s), ())
        near = 1 - (1 - way) ** 1.6
        scale = FAR_SCALE + (NEAR_SCALE - FAR_SCALE) * near
        side = 0.10 * math.sin(2 * math.pi * (number / 3 + 0.5 * near))
        left = WIDTH * (0.5 + side) - CAR_W * scale / 2
        top = HEIGHT * (FAR_BUMPER + (NEAR_BUMPER - FAR_BUMPER) * near) - CAR_H * scale
        box = (round(left + 140 * scale), round(top + 252 * scale), round(200 * scale), round(44 * scale))
        plate = Detection(box=box, kind="plate", text=PLATES[number], score=0.97, track=number)
        return Shot(self._scene.paint(t_s), (plate,))


class Face:
    """`demo:face` with its face."""

    analysis = "emotion"

    def __init__(self) -> None:
        self._scene = FaceScene(WIDTH, HEIGHT)

    def shot(self, t_s: float) -> Shot:
        turn = 2 * math.pi * t_s / self._scene.loop_s
        person = self._scene._person
        middle = (WIDTH - person.width) / 2
        x = middle + max(0.0, middle - 4) * math.sin(turn)
        y = HEIGHT - person.height * 0.96 + HEIGHT * 0.012 * math.sin(3 * turn)
        box = (round(x + 178), round(y + 38), 122, 128)
        face = Detection(box=box, kind="face", label="happy", score=0.93, scores=HAPPY, track=0)
        return Shot(self._scene.paint(t_s), (face,))


@dataclass(frozen=True)
class MadeClip:
    """A playable clip. `video`: MP4 without the sidecar."""

    sidecar: Sidecar
    video: bytes
    poster: bytes
    crops: tuple[bytes, ...]


def make_clip(
    scene: Cars | Face,
    camera: str,
    start_ms: int,
    length_ms: int = 10_000,
    analysis: str | None = None,
    at_s: float = 0,
) -> MadeClip:
    """`length_ms` of a scene from its second `at_s` on, as a consumer (`analysis`, else the scene's own) stores it."""
    analysis = analysis or scene.analysis
    is_plain = analysis == "recorder"
    shots = [scene.shot(at_s + n / FPS) for n in range(length_ms * FPS // 1000)]
    pictures = []
    for n, shot in enumerate(shots):
        picture = shot.picture.copy()
        if not is_plain:
            draw_detections(picture, shot.detections)
        draw_time(picture, (start_ms + n * 1000 // FPS) * 1000)
        pictures.append(picture)
    sightings, crops = ((), ()) if is_plain else _sightings(shots, start_ms)
    entries = tuple(
        FrameEntry(
            offset=start_ms // 100 + n,
            log_ms=start_ms + n * 1000 // FPS,
            fate=Fate.ANALYSED if is_plain or n % 5 == 0 else Fate.CARRIED,
            session="b" * 22,
            seq=n,
            captured_us=(start_ms + n * 1000 // FPS) * 1000,
            ingested_us=(start_ms + n * 1000 // FPS) * 1000,
            pts_ms=n * 1000 // FPS,
        )
        for n in range(len(shots))
    )
    sidecar = Sidecar(
        analysis=analysis,
        camera=camera,
        start_ms=start_ms,
        length_ms=length_ms,
        origin=Origin(topic="frames", topic_id="browser-test", partition=0),
        t0_us=start_ms * 1000,
        frame_count=len(shots),
        width=WIDTH,
        height=HEIGHT,
        settings_version=1,
        complete=True,
        entries=entries,
        detections=()
        if is_plain
        else tuple(FrameDetections(pts_ms=n * 100, items=s.detections) for n, s in enumerate(shots) if n % 5 == 0),
        sightings=sightings,
    )
    poster = cv2.imencode(".jpg", pictures[len(pictures) // 3])[1].tobytes()
    return MadeClip(sidecar, _encode(pictures), poster, crops)


def _sightings(shots: list[Shot], start_ms: int) -> tuple[tuple[Sighting, ...], tuple[bytes, ...]]:
    """One per track; the largest box is its best."""
    tracks: dict[int, list[tuple[int, Shot, Detection]]] = {}
    for n, shot in enumerate(shots):
        for found in shot.detections:
            tracks.setdefault(found.track or 0, []).append((n, shot, found))
    sightings, crops = [], []
    for number, (track, seen) in enumerate(sorted(tracks.items())):
        n, shot, best = max(seen, key=lambda item: item[2].box[2])
        sightings.append(
            Sighting(
                n=number,
                kind=best.kind,
                label=best.label,
                text=best.text,
                confidence=best.score,
                scores=best.scores,
                first_us=(start_ms + seen[0][0] * 1000 // FPS) * 1000,
                last_us=(start_ms + seen[-1][0] * 1000 // FPS) * 1000,
                frames=len(seen),
                box=best.box,
                best_pts_ms=n * 1000 // FPS,
                track=track,
            )
        )
        crops.append(_crop(shot.picture, best.box))
    return tuple(sightings), tuple(crops)


def _crop(picture: np.ndarray, box: Box) -> bytes:
    x, y, w, h = box
    margin = round(0.15 * w)
    part = picture[max(0, y - margin) : y + h + margin, max(0, x - margin) : x + w + margin]
    return cv2.imencode(".jpg", part)[1].tobytes()


def _encode(pictures: list[np.ndarray]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        with av.open(str(path), "w", options={"movflags": "+faststart"}) as file:
            stream = file.add_stream("libx264", rate=FPS)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.options = {"preset": "superfast", "tune": "zerolatency"}
            for picture in pictures:
                for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")):
                    file.mux(packet)
            for packet in stream.encode():
                file.mux(packet)
        return path.read_bytes()

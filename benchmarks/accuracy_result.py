"""What a benchmark hands back, and how it is shown."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from common.contracts.detection import Detection
from consumers.pipeline.analysis import Picture
from consumers.pipeline.draw import draw_detections


@dataclass(frozen=True, slots=True)
class Cpu:
    """CPU milliseconds a picture, one thread, by the process' own clock."""

    mean_ms: float
    p95_ms: float
    pictures: int

    @staticmethod
    def of(seconds: list[float]) -> "Cpu":
        if not seconds:
            return Cpu(0.0, 0.0, 0)
        values = np.array(seconds) * 1000
        return Cpu(round(float(values.mean()), 2), round(float(np.percentile(values, 95)), 2), len(seconds))


@dataclass(frozen=True, slots=True)
class Result:
    """One line: `right` of `of`. `misses`: what was wrong, for a person. `goal`: what was to be reached."""

    name: str
    right: int
    of: int
    cpu: Cpu | None = None
    misses: tuple[str, ...] = ()
    goal: str = ""
    table: dict[str, dict[str, int]] = field(default_factory=dict)

    def line(self) -> str:
        cpu = "" if self.cpu is None else f"   {self.cpu.mean_ms:7.1f} ms mean {self.cpu.p95_ms:7.1f} ms p95"
        goal = f"   goal {self.goal}" if self.goal else ""
        return f"{self.name:<44} {self.right:>4} of {self.of:<4}{cpu}{goal}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class ErrorPictures:
    """Saves pictures of what went wrong, with the detections drawn; does nothing without a folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def save(self, name: str, picture: Picture, detections: list[Detection]) -> None:
        if self._folder is None:
            return
        drawn = picture.copy()
        draw_detections(drawn, detections)
        safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in name)
        cv2.imwrite(str(self._folder / f"{safe}.jpg"), drawn)

"""Reads a folder of media with its truth: `truth.json`, one item a file, as MANIFEST.md beside it explains."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from common.errors import ConfigurationError
from consumers.license_plate.formats import plain
from consumers.pipeline.analysis import Picture

TRUTH_FILE = "truth.json"


@dataclass(frozen=True, slots=True)
class Item:
    """One file. `truth` is as in the file; the properties read what a benchmark needs of it."""

    folder: Path
    file: str
    kind: str
    truth: dict[str, Any] = field(repr=False)

    @property
    def group(self) -> str:
        return self.file.split("/", maxsplit=1)[0]

    @property
    def path(self) -> Path:
        return self.folder / self.file

    @property
    def plates(self) -> list[str]:
        """Readable plates only."""
        return [plate["text"] for plate in self.truth.get("plates", []) if plate.get("text")]

    @property
    def faces(self) -> tuple[int, int] | None:
        """Fewest and most faces that are right; None where nobody counted (or counted by interval)."""
        fewest = self.truth.get("faces")
        return (fewest, self.truth.get("faces_max", fewest)) if isinstance(fewest, int) else None

    @property
    def emotions(self) -> frozenset[str]:
        """Labels that are right; empty where nobody labelled."""
        label = self.truth.get("emotion")
        return frozenset([label, *self.truth.get("also_accept", [])]) if isinstance(label, str) else frozenset()

    def same_plate(self, read: str | None, text: str) -> bool:
        """Upper-case letters and digits only; characters the truth calls equal are equal."""
        return self._folded(read or "") == self._folded(text)

    def _folded(self, text: str) -> str:
        folded = plain(text)
        for equal in self.truth.get("equal_characters", []):
            for character in equal[1:]:
                folded = folded.replace(character, equal[0])
        return folded

    def picture(self) -> Picture:
        """BGR. Raises ConfigurationError when the file is missing or no picture."""
        read = cv2.imread(str(self.path), cv2.IMREAD_COLOR)
        if read is None:
            raise ConfigurationError(f"{self.path} is missing or no picture.")
        return np.asarray(read, np.uint8)

    def frames(self) -> Iterator[tuple[int, float, Picture]]:
        """Number, time in seconds and picture of every frame of a video."""
        with av.open(str(self.path)) as container:
            for number, frame in enumerate(container.decode(video=0)):
                yield number, float(frame.time or 0.0), np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def read_items(folder: Path) -> list[Item]:
    """All items whose file is there. Raises ConfigurationError when the folder has no truth."""
    path = folder / TRUTH_FILE
    if not path.is_file():
        raise ConfigurationError(f"{path} does not exist: --media names a folder with truth.json.")
    entries = json.loads(path.read_text(encoding="utf-8"))["items"]
    items = [Item(folder, entry["file"], entry["kind"], entry["truth"]) for entry in entries]
    return [item for item in items if item.path.is_file()]


def in_interval(intervals: list[dict[str, Any]], number: int) -> dict[str, Any] | None:
    """The interval that frame `number` lies in, both ends included; frames between intervals are not scored."""
    return next((one for one in intervals if one["from"] <= number <= one["to"]), None)

"""Keeps the best moments of an open window while its frames pass: a poster, and a crop of every track."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from common.contracts.detection import Box, Detection, Sighting
from consumers.pipeline.analysis import Picture
from consumers.pipeline.pictures import encode_crop, encode_poster
from consumers.pipeline.tracking.quality import is_better, quality_of

CROPS_MAX = 200
"""Tracks of one window that get a crop, about 10 KB each: an open window's memory is bounded. Later ones get none."""
POSTER_BETTER_BY = 1.3
"""A poster costs a whole JPEG: it changes only for a clearly better one."""


@dataclass(frozen=True, slots=True)
class Crop:
    """The best moment of one track, cut from the clean picture."""

    quality: float
    pts_ms: int
    box: Box
    jpeg: bytes = field(repr=False)


class Showcase:
    """One per open window; one thread at a time. Boxes are in pixels of the clip."""

    def __init__(self) -> None:
        self._crops: dict[int, Crop] = {}
        self._poster: bytes | None = None
        self._poster_score = 0.0

    @property
    def poster(self) -> bytes | None:
        """JPEG; None before the first frame."""
        return self._poster

    def add_clean(self, picture: Picture, pts_ms: int, detections: Sequence[Detection]) -> None:
        """A searched picture before anything is drawn into it."""
        for seen in detections:
            if seen.track is None:
                continue
            best = self._crops.get(seen.track)
            quality = quality_of(seen)
            if not is_better(quality, best.quality if best else None) or (
                best is None and len(self._crops) >= CROPS_MAX
            ):
                continue
            jpeg = encode_crop(picture, seen.box)
            if jpeg is not None:
                self._crops[seen.track] = Crop(quality, pts_ms, seen.box, jpeg)

    def add_drawn(self, picture: Picture, detections: Sequence[Detection]) -> None:
        """The picture as it goes into the clip. The poster is the first one, or the one that shows most."""
        score = sum(quality_of(seen) for seen in detections)
        if self._poster is None or score > self._poster_score * POSTER_BETTER_BY:
            self._poster, self._poster_score = encode_poster(picture), score

    def settle(self, sightings: Sequence[Sighting]) -> tuple[tuple[Sighting, ...], dict[int, bytes]]:
        """The sightings, each at the moment its crop shows, and the crops by sighting number."""
        settled, crops = [], {}
        for sighting in sightings:
            crop = self._crops.get(sighting.track)
            if crop is not None:
                crops[sighting.n] = crop.jpeg
                moment = {"box": crop.box, "best_pts_ms": crop.pts_ms}
                settled.append(sighting.model_copy(update=moment))
            else:
                settled.append(sighting)
        return tuple(settled), crops

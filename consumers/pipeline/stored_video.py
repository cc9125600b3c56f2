"""Reading finished clips again: for what is derived from a stored one, and to cut out what is stored nowhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from common.contracts.sidecar import Sidecar
from common.errors import LookoutError
from consumers.pipeline.analysis import Picture
from consumers.pipeline.pictures import encode_crop, encode_poster
from consumers.pipeline.tracking.quality import quality_of


class UnreadableClip(LookoutError):
    """A file that should be one of our clips does not decode."""


@dataclass(frozen=True, slots=True)
class DerivedPictures:
    """JPEG bytes; `crops` by sighting number."""

    poster: bytes
    crops: dict[int, bytes]


def read_pictures(path: Path) -> Iterator[tuple[int, Picture]]:
    """Every picture of a clip with its presentation time in ms. Raises UnreadableClip."""
    try:
        with av.open(str(path), "r", options={"protocol_whitelist": "file"}) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            for frame in container.decode(stream):
                # `time` is None for a frame without a time: not one of our clips.
                pts_ms = round(float(frame.time) * 1000)
                yield pts_ms, np.ascontiguousarray(frame.to_ndarray(format="bgr24"), np.uint8)
    except (av.error.FFmpegError, OSError, ValueError, TypeError, IndexError) as error:
        raise UnreadableClip(f"{path.name} does not decode: {error}") from error


def derive_pictures(path: Path, sidecar: Sidecar) -> DerivedPictures:
    """Poster and crops of a clip as it is stored: from the frame that shows most, and from each sighting's best moment.
    Decodes the clip once. Raises UnreadableClip."""
    scores = {found.pts_ms: sum(quality_of(d) for d in found.items) for found in sidecar.detections}
    poster_ms = max(scores, key=lambda pts: (scores[pts], -pts)) if any(scores.values()) else None
    poster: bytes | None = None
    crops: dict[int, bytes] = {}
    for pts_ms, picture in read_pictures(path):
        if poster is None or pts_ms == poster_ms:
            poster = encode_poster(picture)
        for sighting in sidecar.sightings:
            if sighting.best_pts_ms == pts_ms:
                crop = encode_crop(picture, sighting.box)
                if crop is not None:
                    crops[sighting.n] = crop
    if poster is None:
        raise UnreadableClip(f"{path.name} has no picture")
    return DerivedPictures(poster, crops)

"""Writes the annotated copy of a video file."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from common.contracts.detection import Sighting
from common.errors import ConfigurationError, EncoderFailure, LookoutError
from consumers.offline import Offline
from consumers.pipeline.clip_size import ClipSize
from consumers.pipeline.draw import draw_detections
from consumers.pipeline.encoder.clip_writer import ClipWriter
from consumers.pipeline.file_search import FileSearch
from consumers.pipeline.media_file import MediaFile, UnreadableMedia

BAR_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class AnnotatedFile:
    """What was made. `searched`: frames the model looked at."""

    frames: int
    searched: int
    sightings: tuple[Sighting, ...]


def annotate_file(
    offline: Offline, source: Path, target: Path, every_ms: int | None, is_quiet: bool = False
) -> AnnotatedFile:
    """Decode, search, draw, encode. The target appears when it is complete. Raises UnreadableMedia, AnalysisFailed,
    ConfigurationError when the target cannot be written."""
    partial = target.with_name(target.name + ".part")
    search = offline.search(every_ms)
    try:
        frames, searched = _write(offline, source, partial, search, is_quiet)
        partial.replace(target)
    except (EncoderFailure, OSError) as error:
        raise ConfigurationError(f"{target} cannot be written: {error}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return AnnotatedFile(frames, searched, tuple(search.sightings()))


def _write(offline: Offline, source: Path, partial: Path, search: FileSearch, is_quiet: bool) -> tuple[int, int]:
    media = MediaFile(source)
    draw = offline.definition.draw or draw_detections
    writer: ClipWriter | None = None
    size: ClipSize | None = None
    frames = searched = 0
    last_ms = -1
    total = None if is_quiet else media.frame_count()
    bar = tqdm(total=total, unit="frame", mininterval=BAR_EVERY_S, disable=is_quiet, desc=source.name[:30])
    try:
        for one in search.run(media.frames()):
            if writer is None or size is None:
                size = ClipSize.of(one.frame.picture)
                writer = ClipWriter(partial, size.width, size.height)
            picture, placement = size.place(one.frame.picture)
            shown = one.detections
            if not placement.is_identity:
                shown = tuple(placement.detection_to_clip(d) for d in shown)
            draw(picture, shown)
            last_ms = max(last_ms + 1, round(one.frame.time_s * 1000))
            writer.write(picture, last_ms)
            frames += 1
            searched += not one.is_carried
            bar.update()
        if writer is None:
            raise UnreadableMedia("The file holds no picture.")
        writer.finish()
    except (LookoutError, KeyboardInterrupt):
        if writer is not None:
            writer.abort()
        raise
    finally:
        bar.close()
    return frames, searched

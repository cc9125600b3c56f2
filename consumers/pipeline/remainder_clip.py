"""The clip `~n`: those frames of our own sealed clip that no stored object accounts for (DESIGN 5, rule 7)."""

from collections.abc import Iterable, Mapping

from common.contracts.detection import Detection, Sighting
from common.contracts.sidecar import FrameDetections, FrameEntry, Sidecar
from consumers.pipeline.coverage import Remainder
from consumers.pipeline.encoder.clip_writer import ClipWriter
from consumers.pipeline.sealed_clip import SpooledClip, seal
from consumers.pipeline.spool import Spool
from consumers.pipeline.stored_video import UnreadableClip, derive_pictures, read_pictures
from consumers.pipeline.tracking.quality import quality_of


def cut_remainder(ours: SpooledClip, remainder: Remainder, number: int, spool: Spool) -> SpooledClip:
    """Decode our own file and encode the remaining frames anew, with a sidecar for exactly them; times start at 0.

    Costs a decode and an encode; it happens only after a conflict. Raises EncoderFailure; UnreadableClip when our own
    file does not hold the frames; ValueError when there are none.
    """
    sidecar = remainder_sidecar(ours.sidecar, remainder, number)
    shift_ms = min(entry.pts_ms or 0 for entry in remainder.frames)
    wanted = {entry.pts_ms for entry in remainder.frames}
    slot = spool.reserve(is_for_upload=True)
    try:
        writer = ClipWriter(slot.video, sidecar.width, sidecar.height, slot.set_bytes)
        try:
            for pts_ms, picture in read_pictures(ours.video):
                if pts_ms in wanted:
                    writer.write(picture, pts_ms - shift_ms)
                    wanted.remove(pts_ms)
            _refuse_missing(len(wanted))
            video_bytes = writer.finish()
        except BaseException:
            writer.abort()
            raise
        pictures = derive_pictures(slot.video, sidecar)
        return seal(slot, video_bytes, sidecar, pictures.poster, pictures.crops)
    except BaseException:
        slot.remove()
        raise


def _refuse_missing(count: int) -> None:
    if count:
        raise UnreadableClip(f"{count} frames of our own sealed clip were not found in it")


def remainder_sidecar(ours: Sidecar, remainder: Remainder, number: int) -> Sidecar:
    """The sidecar of clip `~number`. Detections and sightings are those of the frames that remain. Pure.

    Raises ValueError when no frame remains: such a remainder stores nothing.
    """
    frames = remainder.frames
    if not frames:
        raise ValueError("a remainder without a frame has no clip")
    shift_ms = min(entry.pts_ms or 0 for entry in frames)
    by_pts = {entry.pts_ms: entry for entry in frames}
    detections = tuple(found for found in ours.detections if found.pts_ms in by_pts)
    shifted = tuple(f.model_copy(update={"pts_ms": f.pts_ms - shift_ms}) for f in detections)
    return ours.model_copy(
        update={
            "remainder": number,
            "t0_us": ours.t0_us + shift_ms * 1000,
            "frame_count": len(frames),
            # It holds a part of its window only.
            "complete": False,
            "entries": tuple(_shifted(entry, shift_ms) for entry in remainder.entries),
            "detections": shifted,
            "sightings": tuple(_restricted(ours.sightings, detections, by_pts, shift_ms)),
            "notes": (*ours.notes, "frames that the stored clip of this window does not hold"),
        }
    )


def _shifted(entry: FrameEntry, shift_ms: int) -> FrameEntry:
    return entry if entry.pts_ms is None else entry.model_copy(update={"pts_ms": entry.pts_ms - shift_ms})


def _restricted(
    sightings: Iterable[Sighting],
    detections: Iterable[FrameDetections],
    by_pts: Mapping[int | None, FrameEntry],
    shift_ms: int,
) -> Iterable[Sighting]:
    """Each sighting as far as the remaining frames show it, numbered anew. Votes stay those of the whole track."""
    seen: dict[int, list[tuple[int, Detection]]] = {}
    for found in detections:
        for item in found.items:
            if item.track is not None:
                seen.setdefault(item.track, []).append((found.pts_ms, item))
    kept = [sighting for sighting in sightings if sighting.track in seen]
    for n, sighting in enumerate(kept):
        moments = seen[sighting.track]
        times = [by_pts[pts_ms].captured_us or 0 for pts_ms, _ in moments]
        best_ms, best = max(moments, key=lambda moment: quality_of(moment[1]))
        yield sighting.model_copy(
            update={
                "n": n,
                "first_us": min(times),
                "last_us": max(times),
                "frames": len(moments),
                "box": best.box,
                "best_pts_ms": best_ms - shift_ms,
            }
        )

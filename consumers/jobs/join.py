"""The join: all parts of a query copied, packet by packet, into one file."""

import contextlib
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO, cast

import av

from common.contracts.clip_event import PartReady
from common.contracts.detection import ModelInfo
from common.contracts.query_sidecar import QuerySidecar, part_ready
from common.contracts.segment_job import JoinJob, part_key, result_key, result_poster_key
from common.contracts.sidecar import FrameDetections
from common.contracts.sidecar_box import pack_box
from common.errors import LookoutError
from common.storage.object_file import ObjectFile
from common.storage.port import AlreadyExists, ObjectStore
from consumers.jobs.merge import merge_sightings
from consumers.jobs.query_objects import VIDEO_TYPE, read_query_sidecar, sidecar_metadata
from consumers.pipeline.encoder.clip_writer import TIME_BASE
from consumers.pipeline.pictures import JPEG_TYPE, encode_poster
from consumers.pipeline.stored_video import read_pictures

GAP_MS = 100
"""Between the last frame of a part and the first of the next, as long as most cameras' frames are apart."""


class JoinRefused(LookoutError):
    """The parts do not fit together. The text is a sentence."""


class Joiner:
    """Joins one query at a time; one thread."""

    def __init__(self, store: ObjectStore, folder: Path) -> None:
        self._store = store
        self._folder = folder

    def run(self, job: JoinJob) -> PartReady:
        """Raises JoinRefused, NotFound (a part is missing), Transient. Repeating it is harmless."""
        query_id = job.work.query_id
        key = result_key(query_id)
        keys = [part_key(query_id, part) for part in range(job.parts)]
        parts = [read_query_sidecar(self._store, one) for one in keys]
        offsets_ms = lay_out(parts)
        sidecar = _combined(job, parts, offsets_ms)
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            path = Path(scratch) / "result.mp4"
            self._copy(keys, offsets_ms, path)
            poster = _check(path, sidecar.frame_count, {s.best_pts_ms for s in sidecar.sightings})
            video_bytes = path.stat().st_size
            with path.open("ab") as out:
                out.write(pack_box(sidecar))
            try:
                self._store.create(key, path, VIDEO_TYPE, sidecar_metadata(video_bytes))
            except AlreadyExists:
                sidecar = read_query_sidecar(self._store, key)
        with contextlib.suppress(AlreadyExists):
            self._store.create(result_poster_key(query_id), poster, JPEG_TYPE)
        return part_ready(sidecar, key)

    def announce(self, query_id: str) -> PartReady:
        """The event of a result that is there. Raises NotFound, Transient."""
        key = result_key(query_id)
        return part_ready(read_query_sidecar(self._store, key), key)

    def _copy(self, keys: Sequence[str], offsets_ms: Sequence[int], path: Path) -> None:
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as out:
            target: Any = None
            encoder_data = b""
            for key, offset_ms in zip(keys, offsets_ms, strict=True):
                with ObjectFile(self._store, key) as file, av.open(cast(BinaryIO, file), "r") as container:
                    stream = container.streams.video[0]
                    extradata = bytes(stream.codec_context.extradata or b"")
                    if target is None:
                        target = out.add_stream_from_template(stream)
                        target.time_base = TIME_BASE
                        encoder_data = extradata
                    elif extradata != encoder_data:
                        raise JoinRefused(f"{key} was encoded differently from the first part.")
                    _copy_packets(container, stream, out, target, offset_ms)


def _copy_packets(container: Any, stream: Any, out: Any, target: Any, offset_ms: int) -> None:
    to_ms = float(stream.time_base) * 1000
    for packet in container.demux(stream):
        if packet.pts is None:
            continue
        packet.pts = round(packet.pts * to_ms) + offset_ms
        packet.dts = round(packet.dts * to_ms) + offset_ms
        packet.duration = max(1, round((packet.duration or 0) * to_ms))
        packet.time_base = TIME_BASE
        packet.stream = target
        out.mux(packet)


def lay_out(parts: Sequence[QuerySidecar]) -> list[int]:
    """Where each part begins in the result, in ms: right after the last frame of the one before."""
    offsets, at = [], 0
    for part in parts:
        offsets.append(at)
        at += part.duration_ms + GAP_MS
    return offsets


def _combined(job: JoinJob, parts: Sequence[QuerySidecar], offsets_ms: Sequence[int]) -> QuerySidecar:
    first = parts[0]
    if any((part.width, part.height) != (first.width, first.height) for part in parts):
        raise JoinRefused("The parts differ in picture size.")
    return QuerySidecar(
        query_id=job.work.query_id,
        analysis=job.work.analysis,
        part=0,
        parts=job.parts,
        is_result=True,
        frame_count=sum(part.frame_count for part in parts),
        searched=sum(part.searched for part in parts),
        duration_ms=offsets_ms[-1] + parts[-1].duration_ms,
        width=first.width,
        height=first.height,
        t0_us=first.t0_us,
        model=models_of(parts),
        detections=tuple(
            FrameDetections(pts_ms=found.pts_ms + offset_ms, items=found.items)
            for part, offset_ms in zip(parts, offsets_ms, strict=True)
            for found in part.detections
        ),
        sightings=merge_sightings(parts, offsets_ms),
    )


def models_of(parts: Sequence[QuerySidecar]) -> ModelInfo | None:
    """All that spoke: parts that were searched on machines with different files say so in the result."""
    spoke = list({part.model.model_dump_json(): part.model for part in parts if part.model is not None}.values())
    if len(spoke) < 2:
        return spoke[0] if spoke else None
    return ModelInfo(
        name=" / ".join(model.name for model in spoke),
        version=" / ".join(model.version for model in spoke),
        sha256=" / ".join(model.sha256 for model in spoke),
    )


def _check(path: Path, frame_count: int, moments_ms: set[int]) -> bytes:
    """Decode the whole result and count. The poster shows a sighting if there is one. Raises JoinRefused."""
    poster: bytes | None = None
    has_moment = False
    seen = 0
    for pts_ms, picture in read_pictures(path):
        is_moment = pts_ms in moments_ms
        if poster is None or (is_moment and not has_moment):
            poster = encode_poster(picture)
            has_moment = has_moment or is_moment
        seen += 1
    if seen != frame_count or poster is None:
        raise JoinRefused(f"The joined video has {seen} pictures, its parts have {frame_count}.")
    return poster

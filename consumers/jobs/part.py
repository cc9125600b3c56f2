"""One part of a query: decode, search, draw, encode, store create-only; announce what is stored."""

import contextlib
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from common.clock import Clock
from common.contracts.clip_event import PartReady
from common.contracts.detection import Detection, ModelInfo
from common.contracts.query_sidecar import QuerySidecar, part_ready
from common.contracts.segment_job import PartJob, part_key
from common.contracts.sidecar import FrameDetections
from common.contracts.sidecar_box import pack_box
from common.contracts.window import is_searched
from common.silence import Silence
from common.storage.object_file import ObjectFile
from common.storage.port import AlreadyExists, NotFound, ObjectStore
from consumers.jobs.job_options import AnalyzersByOptions, sure_enough, tracker_options
from consumers.jobs.outcome import NoLongerWanted
from consumers.jobs.patient_search import PatientSearch
from consumers.jobs.plan import UnusableVideo
from consumers.jobs.query_objects import VIDEO_TYPE, read_query_sidecar, sidecar_metadata
from consumers.jobs.stretch import StretchFrame, read_stretch
from consumers.models.offered import OfferedModels
from consumers.pipeline.analysis import AnalysisDefinition, Analyzer, CameraView, Scene, Tracker
from consumers.pipeline.clip_size import ClipSize
from consumers.pipeline.draw import draw_detections
from consumers.pipeline.encoder.clip_writer import ClipWriter
from consumers.pipeline.tracking.choice import start_tracker

CHECK_EVERY_FRAMES = 100
"""How often a running part asks whether it is still wanted."""


@dataclass
class _Made:
    """What a pass over the frames gathers."""

    frames: int = 0
    searched: int = 0
    last_ms: int = 0
    detections: list[FrameDetections] = field(default_factory=list)


class PartWorker:
    """Works on one part at a time; one thread. `still_wanted` is asked now and then; False ends the work.

    `silence`: told of a model that does not answer."""

    def __init__(
        self,
        store: ObjectStore,
        definition: AnalysisDefinition,
        analyzer: Analyzer,
        folder: Path,
        *,
        silence: Silence,
        clock: Clock,
        offered: OfferedModels | None = None,
    ) -> None:
        self._store = store
        self._definition = definition
        self._analyzers = AnalyzersByOptions(definition, analyzer, offered)
        self._folder = folder
        self._silence = silence
        self._clock = clock

    def run(self, job: PartJob, still_wanted: Callable[[], bool]) -> PartReady:
        """Raises UnusableVideo, NoLongerWanted, NotFound (the source is gone), ModelRefused, Transient,
        EncoderFailure."""
        key = part_key(job.work.query_id, job.part)
        with contextlib.suppress(NotFound):
            # A job that is repeated announces what it finds, and costs no second pass.
            return part_ready(read_query_sidecar(self._store, key), key)
        analyzer = self._analyzers.of(job.work.options, job.work.model)
        with tempfile.TemporaryDirectory(dir=self._folder) as scratch:
            path = Path(scratch) / "part.mp4"
            with ObjectFile(self._store, job.source.object_key) as file:
                frames = read_stretch(cast(BinaryIO, file), job.source)
                search = PatientSearch(analyzer, self._silence, still_wanted, self._clock)
                sidecar = self._write(job, frames, search, analyzer.model, path, still_wanted)
            video_bytes = path.stat().st_size
            with path.open("ab") as out:
                out.write(pack_box(sidecar))
            try:
                self._store.create(key, path, VIDEO_TYPE, sidecar_metadata(video_bytes))
            except AlreadyExists:
                sidecar = read_query_sidecar(self._store, key)
        return part_ready(sidecar, key)

    def _write(
        self,
        job: PartJob,
        frames: Iterable[StretchFrame],
        search: PatientSearch,
        model: ModelInfo,
        path: Path,
        still_wanted: Callable[[], bool],
    ) -> QuerySidecar:
        size = ClipSize.of(np.zeros((job.height, job.width, 3), np.uint8))
        view = CameraView(tracker_options(self._definition, job.work.options))
        tracker = start_tracker(self._definition, Scene(size.width, size.height, view))
        made = _Made()
        writer = ClipWriter(path, size.width, size.height)
        try:
            self._pass(job, frames, search, size, tracker, writer, made, still_wanted)
            _require_pictures(job, made)
            writer.finish()
        except BaseException:
            writer.abort()
            raise
        t0_us = None if job.source.t0_us is None else job.source.t0_us + job.source.pts_a_ms * 1000
        return QuerySidecar(
            query_id=job.work.query_id,
            analysis=job.work.analysis,
            part=job.part,
            parts=job.parts,
            frame_count=made.frames,
            searched=made.searched,
            duration_ms=made.last_ms,
            width=size.width,
            height=size.height,
            t0_us=t0_us,
            model=model,
            detections=tuple(made.detections),
            sightings=tuple(tracker.sightings()),
        )

    def _pass(
        self,
        job: PartJob,
        frames: Iterable[StretchFrame],
        search: PatientSearch,
        size: ClipSize,
        tracker: Tracker,
        writer: ClipWriter,
        made: _Made,
        still_wanted: Callable[[], bool],
    ) -> None:
        draw = self._definition.draw or draw_detections
        every_ms = job.work.every_ms or self._definition.default_every_ms
        # Wall time where it is known; else the time within the result, so that sightings of one query can be compared.
        base_us = (
            (job.source.t0_us + job.source.pts_a_ms * 1000) if job.source.t0_us is not None else job.offset_ms * 1000
        )
        previous_ms: int | None = None
        for frame in frames:
            if made.frames % CHECK_EVERY_FRAMES == 0 and not still_wanted():
                raise NoLongerWanted
            picture, placement = size.place(frame.picture)
            captured_us = base_us + frame.pts_ms * 1000
            shown: list[Detection]
            # The result's time decides what is searched, so that a part searches what a single pass would.
            if is_searched(job.offset_ms + frame.pts_ms, previous_ms, every_ms):
                found = sure_enough(self._definition, search(frame.picture), job.work.options)
                if not placement.is_identity:
                    found = [placement.detection_to_clip(d) for d in found]
                shown = tracker.update(frame.pts_ms, captured_us, found)
                made.detections.append(FrameDetections(pts_ms=frame.pts_ms, items=tuple(shown)))
                made.searched += 1
            else:
                shown = tracker.carry(frame.pts_ms, captured_us)
            previous_ms = job.offset_ms + frame.pts_ms
            draw(picture, shown)
            writer.write(picture, frame.pts_ms)
            made.frames += 1
            made.last_ms = frame.pts_ms


def _require_pictures(job: PartJob, made: _Made) -> None:
    if made.frames == 0:
        raise UnusableVideo(f"Part {job.part} of the video has no picture.")

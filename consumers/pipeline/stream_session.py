"""One open window of one camera: a temporary file, an encoder, a tracker (DESIGN 5, rule 5)."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common.contracts.detection import Detection, DetectionMessage, ModelInfo
from common.contracts.sidecar import Fate, FrameDetections, FrameEntry, Sidecar
from common.contracts.track_event import TrackEvent
from common.contracts.work import AdmittedFrame, WindowClosing, WindowOpening
from common.errors import EncoderFailure
from common.metrics import Metrics
from consumers.pipeline.analysed import AnalysedFrame, Finding
from consumers.pipeline.analysis import (
    AnalysisDefinition,
    CameraView,
    KnowsStillness,
    Picture,
    Scene,
    TellsEvents,
    Tracker,
)
from consumers.pipeline.clip_size import ClipSize, Placement
from consumers.pipeline.draw import draw_detections, draw_time
from consumers.pipeline.encoder.clip_writer import ClipWriter
from consumers.pipeline.motion import MotionGate
from consumers.pipeline.presentation import PresentationClock, Stamp
from consumers.pipeline.sealed_clip import SpooledClip, seal
from consumers.pipeline.showcase import Showcase
from consumers.pipeline.spool import Spool, SpoolSlot
from consumers.pipeline.stage_time import sampled
from consumers.pipeline.tracking.choice import start_tracker

Publish = Callable[[DetectionMessage], None]
"""Sends a detection message. Called from pool threads; must neither block nor raise."""
Search = Callable[[Picture, AdmittedFrame], Finding]
"""The model, for frames whose search was left to the ordered stage. May raise Transient."""
SIGHTINGS_MAX = 1_000
"""A clip event is at most 4 MiB; the surest ones stay."""
EVENTS_MAX = 5_000
"""What tracks did, in one sidecar; the first ones stay."""
STILL = "nothing moved"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is known of a frame before the model has answered: neither clock nor gate may be asked of it twice."""

    offset: int
    stamp: Stamp
    has_moved: bool


class StreamSession:
    """Implements the runtime's `WindowSession`: one pool thread at a time, in offset order.

    The encoder and its file come with the first frame: only then the clip's size is known.
    """

    def __init__(
        self,
        opening: WindowOpening,
        definition: AnalysisDefinition,
        model: ModelInfo | None,
        spool: Spool,
        publish: Publish,
        metrics: Metrics,
        view: CameraView,
        search: Search,
    ) -> None:
        self._opening = opening
        self._model = model
        self._spool = spool
        self._publish = publish
        self._metrics = metrics
        self._is_clean = definition.build_analyzer is None
        self._draw = definition.draw or draw_detections
        self._definition = definition
        self._view = view
        self._search = search
        self._gate = MotionGate(view.gate) if view.gate is not None else None
        self._tracker: Tracker | None = None
        # Found out once: asking a protocol costs more than all else that is done for a message.
        self._teller: TellsEvents | None = None
        self._asked: _Asked | None = None
        self._clock = PresentationClock()
        self._showcase = Showcase()
        self._slot: SpoolSlot | None = None
        self._writer: ClipWriter | None = None
        self._size: ClipSize | None = None
        self._entries: list[FrameEntry] = []
        self._detections: list[FrameDetections] = []
        self._events: list[TrackEvent] = []
        self._events_left_out = 0
        self._notes: list[str] = []

    def add(self, frame: AdmittedFrame, analysed: AnalysedFrame) -> FrameEntry:
        """Track, publish, draw, encode. Raises EncoderFailure, and the Transient of a search that was left to this
        stage: call again with the same."""
        if analysed.is_deferred:
            stamp, finding = self._searched_if_moved(frame, analysed.picture)
            is_still = finding is None
        else:
            stamp, finding, is_still = self._clock.stamp(frame), analysed.finding, False
        original = analysed.take_picture()
        size, writer = self._started(original)
        picture, placement = size.place(original)
        fate, shown = self._follow(frame, finding, stamp, original, picture, placement, is_still=is_still)
        if not self._is_clean:
            with sampled(self._metrics, "draw", frame.offset):
                self._draw(picture, shown)
                draw_time(picture, frame.headers.captured_at_us)
        self._showcase.add_drawn(picture, shown if fate is Fate.ANALYSED else ())
        with sampled(self._metrics, "encode", frame.offset):
            writer.write(picture, stamp.pts_ms)
        entry = self._entry(frame, fate, stamp, finding, placement, STILL if is_still else None)
        self._entries.append(entry)
        return entry

    def close(self, closing: WindowClosing) -> SpooledClip:
        """Finish the file and append the sidecar. Raises EncoderFailure; ValueError when no frame was added: such a
        window stores nothing and is abandoned."""
        if self._writer is None or self._slot is None or self._size is None:
            raise ValueError("a window without a frame has no clip")
        video_bytes = self._writer.finish()
        self._writer = None
        sightings, crops = self._showcase.settle(self._tracker.sightings() if self._tracker is not None else ())
        self._keep_events(self._last_events())
        if self._events_left_out:
            self._notes.append(f"{self._events_left_out} events left out")
        if len(sightings) > SIGHTINGS_MAX:
            self._notes.append(f"{len(sightings) - SIGHTINGS_MAX} of {len(sightings)} sightings left out")
            surest = sorted(sightings, key=lambda s: (-s.confidence * s.frames, s.n))[:SIGHTINGS_MAX]
            sightings = tuple(sorted(surest, key=lambda s: s.n))
        kept = {sighting.n for sighting in sightings}
        opening = self._opening
        sidecar = Sidecar(
            analysis=opening.analysis,
            camera=opening.camera,
            start_ms=opening.window.start_ms,
            length_ms=opening.window.length_ms,
            origin=opening.origin,
            t0_us=self._clock.t0_us,
            frame_count=len(self._entries),
            width=self._size.width,
            height=self._size.height,
            settings_version=opening.settings_version,
            complete=closing.complete,
            entries=tuple(sorted((*self._entries, *closing.others), key=lambda entry: entry.offset)),
            detections=tuple(self._detections),
            sightings=sightings,
            events=tuple(self._events),
            model=self._model,
            notes=tuple(self._notes),
        )
        crops = {n: jpeg for n, jpeg in crops.items() if n in kept}
        return seal(self._slot, video_bytes, sidecar, self._showcase.poster, crops)

    def abandon(self) -> None:
        """Forget everything, delete the file. Idempotent."""
        if self._writer is not None:
            self._writer.abort()
            self._writer = None
        if self._slot is not None:
            self._slot.remove()

    def _keep_events(self, events: Sequence[TrackEvent]) -> None:
        room = EVENTS_MAX - len(self._events)
        self._events += events[:room]
        self._events_left_out += max(0, len(events) - room)

    def _last_events(self) -> list[TrackEvent]:
        return self._teller.finish() if self._teller is not None else []

    def _started(self, first: Picture) -> tuple[ClipSize, ClipWriter]:
        if self._size is None or self._writer is None or self._slot is None:
            if self._entries:
                raise EncoderFailure("the window was closed or abandoned before")
            self._size = ClipSize.of(first)
            self._notes.extend(self._size.notes)
            self._slot = self._spool.reserve()
            self._writer = ClipWriter(self._slot.video, self._size.width, self._size.height, self._slot.set_bytes)
            if not self._is_clean:
                self._tracker = start_tracker(self._definition, Scene(self._size.width, self._size.height, self._view))
                self._teller = self._tracker if isinstance(self._tracker, TellsEvents) else None
        return self._size, self._writer

    def _searched_if_moved(self, frame: AdmittedFrame, original: Picture) -> tuple[Stamp, Finding | None]:
        """When the frame is shown, and what was found; None: nothing moved since the last search. Raises Transient."""
        if self._asked is None or self._asked.offset != frame.offset:
            stamp = self._clock.stamp(frame)
            has_moved = self._gate is None or self._gate.lets_pass(original, stamp.pts_ms)
            self._asked = _Asked(frame.offset, stamp, has_moved)
        asked = self._asked
        return asked.stamp, self._search(original, frame) if asked.has_moved else None

    def _follow(
        self,
        frame: AdmittedFrame,
        finding: Finding | None,
        stamp: Stamp,
        original: Picture,
        picture: Picture,
        placement: Placement,
        *,
        is_still: bool,
    ) -> tuple[Fate, Sequence[Detection]]:
        """What became of the frame, and what is drawn on it, in pixels of the clip."""
        captured_us = frame.headers.captured_at_us
        tracker = self._tracker
        if tracker is None:
            return Fate.ANALYSED, ()
        if is_still and isinstance(tracker, KnowsStillness):
            shown = tracker.stay(stamp.pts_ms, captured_us)
            self._publish(self._message(frame, Finding(), original, shown, placement))
            return Fate.CARRIED, shown
        if finding is None:
            fate = Fate.SAMPLED_OUT if frame.sampled_out else Fate.CARRIED
            return fate, tracker.carry(stamp.pts_ms, captured_us)
        if finding.failure is not None:
            return Fate.FAILED, tracker.carry(stamp.pts_ms, captured_us)
        found = finding.detections
        if not placement.is_identity:
            found = tuple(placement.detection_to_clip(d) for d in found)
        shown = tracker.update(stamp.pts_ms, captured_us, found)
        self._publish(self._message(frame, finding, original, shown, placement))
        self._detections.append(FrameDetections(pts_ms=stamp.pts_ms, items=tuple(shown)))
        self._showcase.add_clean(picture, stamp.pts_ms, shown)
        return Fate.ANALYSED, shown

    def _message(
        self,
        frame: AdmittedFrame,
        finding: Finding,
        original: Picture,
        shown: Sequence[Detection],
        placement: Placement,
    ) -> DetectionMessage:
        """Boxes in pixels of the picture the camera sent: the live view draws them over that picture."""
        events = tuple(self._teller.take_events()) if self._teller is not None else ()
        self._keep_events(events)
        if not placement.is_identity:
            shown = [placement.detection_to_picture(d) for d in shown]
        return DetectionMessage(
            analysis=self._opening.analysis,
            camera=frame.camera,
            session=frame.headers.session,
            seq=frame.headers.seq,
            partition=frame.partition,
            offset=frame.offset,
            captured_us=frame.headers.captured_at_us,
            log_ms=frame.log_ms,
            width=original.shape[1],
            height=original.shape[0],
            model_ms=round(finding.model_ms, 3),
            detections=tuple(shown),
            events=events,
        )

    def _entry(
        self,
        frame: AdmittedFrame,
        fate: Fate,
        stamp: Stamp,
        finding: Finding | None,
        placement: Placement,
        still: str | None,
    ) -> FrameEntry:
        if placement.note is not None and placement.note not in self._notes:
            self._notes.append(placement.note)
        failure = f"analyzer raised {finding.failure}" if finding is not None and finding.failure is not None else None
        notes = [note for note in (failure, still, stamp.note, placement.note) if note is not None]
        return FrameEntry(
            offset=frame.offset,
            log_ms=frame.log_ms,
            fate=fate,
            session=frame.headers.session,
            seq=frame.headers.seq,
            captured_us=frame.headers.captured_at_us,
            ingested_us=frame.headers.ingested_at_us,
            pts_ms=stamp.pts_ms,
            note="; ".join(notes) or None,
        )

"""Admission: a record gets log time, window and verdict, in offset order (DESIGN 5, rules 2 to 4, 8, 11, 13, 14)."""

import itertools
import logging

from common.contracts.sidecar import Fate, FrameEntry
from common.contracts.window import Window, is_searched, window_of
from common.errors import PoisonRecord
from common.kafka.ports import Record
from consumers.runtime.admission import NOT_APPLICABLE, TICK, Applicable, Poison, classify
from consumers.runtime.assignment import Assignment, CameraState, ParkedFrame
from consumers.runtime.camera_window import CameraWindow, Stage
from consumers.runtime.dead_letters import DeadLetters
from consumers.runtime.gaps import Gaps
from consumers.runtime.identities import FORWARD_MS, RETRY_HORIZON_MS, Identities, Verdict
from consumers.runtime.letter_watch import LetterWatch
from consumers.runtime.low_mark import OffsetHold
from consumers.runtime.messages import StoredLoaded
from consumers.runtime.overload import Overload, Relief
from consumers.runtime.ports import AdmittedFrame, WindowClosing, WindowOpening
from consumers.runtime.probe import NAMED_LIMIT, Probe
from consumers.runtime.settling import Settling
from consumers.runtime.start_plan import GapRange
from consumers.runtime.strands import CloseStep, FrameStep, Step, Strand, WindowWork
from consumers.runtime.tally import Tally
from consumers.runtime.uploads import Load, Uploads

log = logging.getLogger(__name__)
CHANNELS = 3


class Admitter:
    """Owned by the loop. Steps are collected and handed out by `take_steps` once a turn."""

    def __init__(
        self,
        *,
        analysis: str,
        settling: Settling,
        uploads: Uploads,
        letters: DeadLetters,
        watch: LetterWatch,
        gaps: Gaps,
        overload: Overload,
        probe: Probe,
        tally: Tally,
    ) -> None:
        self._analysis = analysis
        self._settling = settling
        self._uploads = uploads
        self._letters = letters
        self._watch = watch
        self._gaps = gaps
        self._overload = overload
        self._probe = probe
        self._tally = tally
        self._numbers = itertools.count(1)
        self._steps: list[Step] = []
        self.collected_bytes = 0
        """Decoded size of the frames collected and not taken."""

    def take_steps(self) -> list[Step]:
        """What was collected, in order, for the pool."""
        steps, self._steps = self._steps, []
        self.collected_bytes = 0
        for step in steps:
            step.strand.collected = 0
        return steps

    def admit(self, assignment: Assignment, record: Record, now_s: float) -> None:
        """Take the next record of a partition that is being read. One that was admitted before is passed over."""
        offset = record.offset
        if offset < assignment.next_offset:
            return
        # 1. A hole in the offsets is a gap.
        if offset > assignment.next_offset:
            self.note_gap(assignment, offset)
        # 2. The log clock moves, and windows whose end it has reached close: nothing else closes a window.
        clock_before_ms = assignment.clock.now_ms
        step = assignment.clock.advance(record.timestamp_ms)
        log_ms = step.log_ms
        if step.jumped_ms:
            log.error(
                "log clock jumped back: all windows of the partition close",
                extra={"partition": assignment.partition.partition, "offset": offset, "by_ms": step.jumped_ms},
            )
            self.close(assignment, list(assignment.open_windows()))
        elif assignment.next_end_ms is not None and log_ms >= assignment.next_end_ms:
            self.close(assignment, assignment.due_windows(log_ms))
        if assignment.since_ms is None:
            assignment.since_ms = log_ms
        assignment.next_offset = offset + 1
        assignment.heard_s = now_s
        self._tally.progress += 1
        # 3. What is it?
        kind = classify(record, self._analysis)
        if isinstance(kind, Applicable):
            self._admit_frame(assignment, record, kind, log_ms, clock_before_ms)
        elif isinstance(kind, Poison):
            self._letters.send_record(assignment, record, clock_before_ms, kind.error)
            self._tally.fates[Fate.DEAD_LETTER] += 1
            self._watch.seen(kind.camera, is_letter=True)
        elif kind is NOT_APPLICABLE:
            self._tally.fates[Fate.NOT_APPLICABLE] += 1
        elif kind is TICK:
            self._tally.fates[Fate.TICK] += 1

    def close(self, assignment: Assignment, windows: list[CameraWindow]) -> None:
        """The log has passed these windows' end."""
        for window in windows:
            camera = assignment.cameras[window.camera.encode()]
            window.stage = Stage.CLOSING
            del camera.open_windows[window.window]
            if camera.parked:
                camera.parked.append(window)
            else:
                self._close_now(assignment, camera, window)
        assignment.refresh_next_end()

    def loaded(self, assignment: Assignment, message: StoredLoaded) -> None:
        """The store has said what it holds of a camera: its parked frames are judged, in order."""
        camera = assignment.cameras[message.camera.encode()]
        if camera.identities is not None:
            return
        camera.identities = identities = Identities(assignment.origin(), message.sidecars)
        while camera.parked:
            item = camera.parked.popleft()
            if isinstance(item, ParkedFrame):
                camera.parked_frames -= 1
                self._judge(assignment, camera, identities, item)
            else:
                self._close_now(assignment, camera, item)

    def note_gap(self, assignment: Assignment, offset: int) -> None:
        """[next offset, `offset`) was gone before it was read: said, and acknowledged before the mark moves over it."""
        first_offset = assignment.next_offset
        assignment.next_offset = offset
        assignment.notices[first_offset] = OffsetHold(first_offset, assignment.clock.now_ms)
        assignment.since_ms = None
        for window in assignment.open_windows():
            window.has_gap = True

        def delivered() -> None:
            assignment.notices.pop(first_offset, None)

        self._gaps.announce(assignment, GapRange(first_offset, offset, "expired"), delivered)

    def _admit_frame(
        self, assignment: Assignment, record: Record, kind: Applicable, log_ms: int, clock_before_ms: int | None
    ) -> None:
        key = record.key or b""
        camera = assignment.cameras.get(key)
        if camera is None:
            camera = assignment.cameras[key] = self._meet(assignment, kind.camera, log_ms)
        camera.heard_s = assignment.heard_s
        span = window_of(log_ms, kind.headers.clip_ms)
        window = camera.open_windows.get(span)
        if window is None:
            window = self._open(assignment, camera, span, record, kind, log_ms, clock_before_ms)
        window.records += 1
        parked = ParkedFrame(record, log_ms, kind.headers, kind.request.every_ms, window)
        if camera.identities is None:
            camera.parked.append(parked)
            camera.parked_frames += 1
        else:
            self._judge(assignment, camera, camera.identities, parked)

    def _meet(self, assignment: Assignment, camera: str, log_ms: int) -> CameraState:
        """A camera's first frame in this assignment, or since it was forgotten: what is stored of it decides which
        frames are retries.

        The position was read before, so all that lies before it is stored already and will be seen.
        """
        partition, generation = assignment.partition, assignment.generation
        from_ms, to_ms = max(0, log_ms - RETRY_HORIZON_MS), log_ms + FORWARD_MS
        self._uploads.add([Load(partition, generation, camera, from_ms, to_ms, assignment.ownership)])
        return CameraState(camera, Strand(partition, generation, camera))

    def _open(
        self,
        assignment: Assignment,
        camera: CameraState,
        span: Window,
        record: Record,
        kind: Applicable,
        log_ms: int,
        clock_before_ms: int | None,
    ) -> CameraWindow:
        number = next(self._numbers)
        opening = WindowOpening(self._analysis, camera.camera, span, assignment.origin(), kind.headers.settings_version)
        window = CameraWindow(
            number, camera.camera, span, record.offset, clock_before_ms, log_ms, WindowWork(number, opening)
        )
        camera.open_windows[span] = window
        camera.chain.append(window)
        assignment.unsettled[number] = window
        self._settling.opened(assignment, camera, window)
        if assignment.next_end_ms is None or span.end_ms < assignment.next_end_ms:
            assignment.next_end_ms = span.end_ms
        return window

    def _judge(self, assignment: Assignment, camera: CameraState, identities: Identities, parked: ParkedFrame) -> None:
        window, record, headers, log_ms = parked.window, parked.record, parked.headers, parked.log_ms
        verdict = identities.judge(headers.identity, record.offset, log_ms, window.window)
        if verdict is not Verdict.NEW:
            note = None if verdict is Verdict.DUPLICATE else "stored under another window"
            self._leave_out(parked, Fate.DUPLICATE, note)
            return
        previous_ms, window.previous_ms = window.previous_ms, log_ms
        searched = is_searched(log_ms, previous_ms, parked.every_ms)
        relief = self._overload.relief(headers.policy, parked.every_ms, log_ms, previous_ms)
        if relief is Relief.LEAVE_OUT:
            self._leave_out(parked, Fate.SAMPLED_OUT, "left out of this clip for want of time")
            return
        sampled_out = searched and relief is Relief.SAMPLE_OUT
        frame = AdmittedFrame(
            camera=camera.camera,
            partition=record.partition,
            offset=record.offset,
            log_ms=log_ms,
            headers=headers,
            window=window.window,
            searched=searched and not sampled_out,
            jpeg=record.value or b"",
            sampled_out=sampled_out,
        )
        if assignment.named and assignment.named.get(record.offset, 0) >= NAMED_LIMIT:
            self._refuse(assignment, parked, frame)
            return
        step = FrameStep(camera.strand, window.work, frame, headers.width * headers.height * CHANNELS)
        self._add(assignment, step)

    def _refuse(self, assignment: Assignment, parked: ParkedFrame, frame: AdmittedFrame) -> None:
        """Rule 19: the process has died over this frame three times. It is never decoded again."""
        attempts = assignment.named[frame.offset]
        self._leave_out(parked, Fate.DEAD_LETTER, "kills_process")
        error = PoisonRecord("kills_process", f"the process ended {attempts} times while it was decoded")
        window = parked.window
        window.letters_pending += 1
        self._letters.send_frame(assignment, frame, error, attempts, lambda: self._settling.letter_sent(window.number))

    def _leave_out(self, parked: ParkedFrame, fate: Fate, note: str | None) -> None:
        headers = parked.headers
        entry = FrameEntry(
            offset=parked.record.offset,
            log_ms=parked.log_ms,
            fate=fate,
            session=headers.session,
            seq=headers.seq,
            captured_us=headers.captured_at_us,
            ingested_us=headers.ingested_at_us,
            note=note,
        )
        parked.window.others.append(entry)
        self._tally.fates[fate] += 1

    def _close_now(self, assignment: Assignment, camera: CameraState, window: CameraWindow) -> None:
        since_ms = assignment.since_ms
        complete = not window.has_gap and since_ms is not None and window.window.start_ms > since_ms
        closing = WindowClosing(complete, tuple(window.others))
        self._add(assignment, CloseStep(camera.strand, window.work, closing))

    def _add(self, assignment: Assignment, step: Step) -> None:
        if assignment.is_probing:
            self._probe.add(assignment, step)
            return
        self._steps.append(step)
        if isinstance(step, FrameStep):
            step.strand.collected += 1
            self.collected_bytes += step.decoded_bytes

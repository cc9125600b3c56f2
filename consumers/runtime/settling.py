"""From sealed to settled: a camera's windows are stored in the order they opened (DESIGN 5, rules 6 and 9)."""

import logging
from dataclasses import dataclass

from consumers.runtime.assignment import Assignment, CameraState
from consumers.runtime.camera_window import CameraWindow, Stage
from consumers.runtime.ports import SealedClip
from consumers.runtime.tally import Tally
from consumers.runtime.uploads import Upload, Uploads

log = logging.getLogger(__name__)
COVERED = "covered"


@dataclass(frozen=True, slots=True)
class _Place:
    assignment: Assignment
    camera: CameraState
    window: CameraWindow


class Settling:
    """Knows every window by its number, those of partitions taken away included. Owned by the loop.

    A window's number belongs to one generation: what comes for a window that was forgotten finds nothing here.
    """

    def __init__(self, uploads: Uploads, tally: Tally) -> None:
        self._uploads = uploads
        self._tally = tally
        self._places: dict[int, _Place] = {}
        self.spool_bytes = 0
        """Of sealed clips that are not settled."""

        self.uploading = 0
        """Clips handed to the uploads and not settled."""

    @property
    def unsettled(self) -> int:
        return len(self._places)

    @property
    def is_drained(self) -> bool:
        """Whether all is settled that does not wait for an open window, itself or one before it in its camera."""
        return all(place.camera.chain[0].stage is Stage.OPEN for place in self._places.values())

    def opened(self, assignment: Assignment, camera: CameraState, window: CameraWindow) -> None:
        self._places[window.number] = _Place(assignment, camera, window)

    def sealed(self, number: int, clip: SealedClip | None) -> None:
        """Ordered work is done. `clip` None: the window has no frame and nothing is stored."""
        place = self._places.get(number)
        if place is None:
            if clip is not None:
                clip.discard()
            return
        place.window.stage = Stage.SEALED
        place.window.clip = clip
        if clip is not None:
            self.spool_bytes += clip.size_bytes
        self._push(place)

    def settled(self, number: int, outcome: str) -> None:
        """Stored, derived from and announced."""
        place = self._places.get(number)
        if place is None:
            return
        self._tally.clips[outcome] += 1
        if outcome == "conflict":
            log.error("conflict: the stored clip did not cover ours", extra=_fields(place))
        self.uploading -= 1
        self._release(place.window)
        place.window.is_stored = True
        # A clip that was there already is no progress: a process that dies over one frame settles the same clips anew
        # every time, and would never come to probe mode (rule 19).
        if outcome != COVERED:
            place.assignment.has_progressed = True
        self._push(place)

    def dropped(self, number: int) -> None:
        """Not put: too late for a former owner. What is behind it in its camera is not put either."""
        place = self._places.get(number)
        if place is None:
            return
        log.warning("clip not stored: its partition is somebody else's", extra=_fields(place))
        self.uploading -= 1
        for window in place.camera.chain:
            self._remove(window)
        place.camera.chain.clear()

    def letter_sent(self, number: int) -> None:
        """A dead letter of the window was acknowledged."""
        place = self._places.get(number)
        if place is not None:
            place.window.letters_pending -= 1
            self._push(place)

    def letter_due(self, number: int) -> Assignment | None:
        """A frame of the window became a dead letter: who has to send it, if the window is still held."""
        place = self._places.get(number)
        if place is None or number not in place.assignment.unsettled:
            return None
        place.window.letters_pending += 1
        return place.assignment

    def forget(self, assignment: Assignment) -> None:
        """The assignment ends: only what is sealed, with nothing open before it in its camera, may still be stored."""
        for window in assignment.forget():
            self._remove(window)
        for camera in assignment.cameras.values():
            if camera.chain:
                self._push(_Place(assignment, camera, camera.chain[0]))

    def _push(self, place: _Place) -> None:
        """Settle what can be settled at the head of the camera's chain, and store the next."""
        camera, assignment = place.camera, place.assignment
        while camera.chain:
            head = camera.chain[0]
            if head.stage is Stage.SEALED and head.clip is not None:
                head.stage = Stage.UPLOADING
                self.uploading += 1
                self._uploads.add([Upload(head.number, head.clip, assignment.ownership)])
                return
            is_done = head.is_stored or (head.stage is Stage.SEALED and head.clip is None)
            if not is_done or head.letters_pending:
                return
            camera.chain.popleft()
            head.stage = Stage.SETTLED
            assignment.unsettled.pop(head.number, None)
            del self._places[head.number]

    def _remove(self, window: CameraWindow) -> None:
        window.stage = Stage.FORGOTTEN
        self._release(window)
        self._places.pop(window.number, None)

    def _release(self, window: CameraWindow) -> None:
        clip, window.clip = window.clip, None
        if clip is not None:
            self.spool_bytes -= clip.size_bytes
            clip.discard()


def _fields(place: _Place) -> dict[str, object]:
    window = place.window
    return {"camera": window.camera, "start_ms": window.window.start_ms, "length_ms": window.window.length_ms}

"""When dead letters mean that the consumer, and not a record, is broken (DESIGN 6)."""

import logging
from collections import Counter, deque

from common.errors import ConfigurationError

log = logging.getLogger(__name__)
IN_A_ROW = 50
WINDOW_FRAMES = 500
LEAST_SEEN = 100
MOST_SHARE = 0.2
INVOLVED_SHARE = 0.1
"""Of the letters: a camera with fewer is not involved, or one stray letter would turn a broken camera into a flood."""


class DeadLetterFlood(ConfigurationError):
    """Every other record is refused: a model, a setting or this program is wrong. A person has to look."""


class LetterWatch:
    """Watches the outcome of frames in the order they come out. Owned by the loop.

    50 letters in a row, or more than 20 % of the last 500 frames (once 100 were seen), from at least two cameras raise
    DeadLetterFlood. From one camera only, that camera is quarantined: alarmed once and no longer counted, until one of
    its frames is good again.
    """

    def __init__(self) -> None:
        self._last: deque[tuple[str, bool]] = deque(maxlen=WINDOW_FRAMES)
        self._letters: Counter[str] = Counter()
        self._row: Counter[str] = Counter()
        self.quarantined: set[str] = set()

    def seen(self, camera: str, is_letter: bool) -> None:
        """One frame's outcome. Raises DeadLetterFlood."""
        if camera in self.quarantined:
            if is_letter:
                return
            self.quarantined.discard(camera)
            log.warning("camera left quarantine", extra={"camera": camera})
        if len(self._last) == WINDOW_FRAMES:
            old_camera, was_letter = self._last[0]
            if was_letter:
                self._letters[old_camera] -= 1
        self._last.append((camera, is_letter))
        if not is_letter:
            if self._row:
                self._row.clear()
            return
        self._letters[camera] += 1
        self._row[camera] += 1
        self._judge()

    def _judge(self) -> None:
        if self._row.total() >= IN_A_ROW:
            self._react(self._row, f"{IN_A_ROW} dead letters in a row")
        elif len(self._last) >= LEAST_SEEN and self._letters.total() > MOST_SHARE * len(self._last):
            self._react(self._letters, f"over {MOST_SHARE:.0%} of the last {len(self._last)} frames are dead letters")

    def _react(self, letters: Counter[str], what: str) -> None:
        cameras = sorted(camera for camera, count in letters.items() if count > INVOLVED_SHARE * letters.total())
        if len(cameras) >= 2:
            raise DeadLetterFlood(f"{what}, from {len(cameras)} cameras ({', '.join(cameras[:5])}).")
        camera = cameras[0]
        log.error("camera quarantined: %s, all of this camera", what, extra={"camera": camera})
        self.quarantined.add(camera)
        self._row.clear()
        self._letters.clear()
        kept = [outcome for outcome in self._last if outcome[0] != camera]
        self._last.clear()
        self._last.extend(kept)

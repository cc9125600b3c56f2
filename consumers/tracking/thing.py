"""One tracked thing and how sure the tracker is of it."""

from common.contracts.detection import Box, Detection, Sighting
from consumers.pipeline.tracking.track import Track
from consumers.tracking.kalman import BoxFilter


class Thing:
    """Mutable; owned by one `ByteTracker`. `is_confirmed`: it is shown, counted and becomes a sighting."""

    def __init__(
        self, number: int, pts_ms: int, captured_us: int, first: Detection, smoothing_ms: float, *, is_confirmed: bool
    ) -> None:
        self.number = number
        self.kind = first.kind
        self.label = first.label
        self.first_pts_ms = self.seen_pts_ms = pts_ms
        self.first_us = self.seen_us = captured_us
        self.is_confirmed = is_confirmed
        self.is_lost = False
        self.most_at_once = 1
        self._filter = BoxFilter(first.box)
        self._predicted_pts_ms = pts_ms
        self._votes = Track(number, pts_ms, captured_us, first, smoothing_ms)
        self._shown = self._votes.add(pts_ms, captured_us, first)
        self._seen_box: Box = first.box

    @property
    def shown(self) -> Detection:
        """As it was last seen, with its number and voted label."""
        return self._shown

    @property
    def seen_box(self) -> Box:
        return self._seen_box

    @property
    def unseen_ms(self) -> int:
        """At the time of the last `predict`."""
        return self._predicted_pts_ms - self.seen_pts_ms

    @property
    def frames(self) -> int:
        return self._votes.frames

    @property
    def predicted(self) -> tuple[float, float, float, float]:
        """x, y, width, height at the time of the last `predict`."""
        return self._filter.box

    def predict(self, pts_ms: int) -> None:
        passed_ms, self._predicted_pts_ms = max(0, pts_ms - self._predicted_pts_ms), pts_ms
        if passed_ms:
            self._filter.predict(passed_ms / 1000)

    def see(self, pts_ms: int, captured_us: int, seen: Detection) -> None:
        """It was found. `predict` for the same time goes before."""
        self._filter.correct(seen.box)
        self._shown = self._votes.add(pts_ms, captured_us, seen)
        self.label = self._shown.label
        self._seen_box = seen.box
        self.seen_pts_ms, self.seen_us = pts_ms, captured_us
        self.is_lost = False

    def stay(self, pts_ms: int, captured_us: int) -> None:
        """Nothing moved in the picture: it is still where it was, and nobody looked at it again."""
        self.predict(pts_ms)
        self._filter.correct(self._seen_box)
        self.seen_pts_ms, self.seen_us = pts_ms, captured_us

    def coasting(self) -> Detection:
        """Where it should be now though it was not found, with what it was when it was."""
        x, y, width, height = self.predicted
        box = (round(x), round(y), max(1, round(width)), max(1, round(height)))
        return self._shown.model_copy(update={"box": box})

    def sighting(self, n: int) -> Sighting:
        told = {"last_us": max(self.seen_us, self.first_us), "at_once": self.most_at_once}
        return self._votes.sighting(n).model_copy(update=told)

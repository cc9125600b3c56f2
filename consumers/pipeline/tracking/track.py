"""One tracked thing: where it was, where it goes, what its votes say."""

from common.contracts.detection import Box, Detection, Sighting
from consumers.pipeline.tracking.quality import is_better, quality_of
from consumers.pipeline.tracking.votes import LabelVote, TextVote, top_label

VELOCITY_KEEP = 0.5
"""Share of the old velocity in the new estimate."""
PREDICT_MAX_MS = 1_000
"""A track is not extrapolated further than this: a wrong velocity would carry it across the picture."""


class Track:
    """Mutable; owned by one tracker. `number` is unique within the window and starts at 0."""

    def __init__(self, number: int, pts_ms: int, captured_us: int, first: Detection, smoothing_ms: float) -> None:
        self.number = number
        self.kind = first.kind
        self.box: Box = first.box
        self.last_pts_ms = pts_ms
        self.text: str | None = None
        self._velocity = (0.0, 0.0)  # pixels a millisecond, of the centre
        self._texts = TextVote()
        self._labels = LabelVote(smoothing_ms)
        self._first_us = self._last_us = captured_us
        self.frames = 0
        self._best_quality: float | None = None
        self._best_box: Box = first.box
        self._best_pts_ms = pts_ms
        self._best_score = 0.0

    def predicted(self, pts_ms: int) -> tuple[float, float, float, float]:
        """Where the box should be at `pts_ms` if it moves on as before."""
        ahead_ms = min(PREDICT_MAX_MS, pts_ms - self.last_pts_ms)
        x, y, width, height = self.box
        return x + self._velocity[0] * ahead_ms, y + self._velocity[1] * ahead_ms, width, height

    def add(self, pts_ms: int, captured_us: int, seen: Detection) -> Detection:
        """Take in one detection; the same detection with track, voted text and smoothed label comes back."""
        self._move(pts_ms, seen.box)
        self.frames += 1
        self._first_us = min(self._first_us, captured_us)
        self._last_us = max(self._last_us, captured_us)
        quality = quality_of(seen)
        if is_better(quality, self._best_quality):
            self._best_quality, self._best_box, self._best_pts_ms = quality, seen.box, pts_ms
        self._best_score = max(self._best_score, seen.score)
        return seen.model_copy(update={"track": self.number} | self._voted_text(seen) | self._smoothed(pts_ms, seen))

    def sighting(self, n: int) -> Sighting:
        """The track as number `n` of its clip."""
        text = self._texts.result()
        means = self._labels.means()
        label = top_label(means)
        if text is not None:
            confidence = text.confidence
        elif label is not None:
            confidence = means[label]
        else:
            confidence = self._best_score
        return Sighting(
            n=n,
            kind=self.kind,
            label=label,
            text=text.value if text else None,
            confidence=confidence,
            scores={name: round(score, 4) for name, score in means.items()} if len(means) > 1 else None,
            first_us=self._first_us,
            last_us=self._last_us,
            frames=self.frames,
            box=self._best_box,
            best_pts_ms=self._best_pts_ms,
            track=self.number,
        )

    def _move(self, pts_ms: int, box: Box) -> None:
        passed_ms = pts_ms - self.last_pts_ms
        if passed_ms > 0:
            seen = (
                (box[0] + box[2] / 2 - self.box[0] - self.box[2] / 2) / passed_ms,
                (box[1] + box[3] / 2 - self.box[1] - self.box[3] / 2) / passed_ms,
            )
            keep = VELOCITY_KEEP if self.frames > 1 else 0.0
            self._velocity = (
                keep * self._velocity[0] + (1 - keep) * seen[0],
                keep * self._velocity[1] + (1 - keep) * seen[1],
            )
        self.box, self.last_pts_ms = box, pts_ms

    def _voted_text(self, seen: Detection) -> dict[str, object]:
        if seen.text:
            self._texts.add(seen.text, seen.score)
        elected = self._texts.result()
        self.text = elected.value if elected else None
        return {"text": self.text} if self.text is not None else {}

    def _smoothed(self, pts_ms: int, seen: Detection) -> dict[str, object]:
        if seen.scores:
            smoothed = self._labels.add(pts_ms, seen.scores)
        elif seen.label is not None:
            smoothed = self._labels.add(pts_ms, {seen.label: seen.score})
        else:
            return {}
        label = top_label(smoothed)
        if label is None:
            return {}
        changed: dict[str, object] = {"label": label}
        if seen.scores:
            changed["scores"] = {name: round(score, 4) for name, score in smoothed.items()}
            # A detector whose score *is* its label's score gets the smoothed one; a face's own confidence stays.
            if seen.label is not None and abs(seen.scores.get(seen.label, -1.0) - seen.score) < 1e-3:
                changed["score"] = min(1.0, smoothed[label])
        return changed

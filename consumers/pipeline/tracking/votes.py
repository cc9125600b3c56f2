"""Votes over a track: several doubtful readings of one thing make one answer."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Elected:
    """What a vote came to. `confidence` is 0 to 1."""

    value: str
    confidence: float


class TextVote:
    """Reads one text out of many readings: first its length, then each character, all weighted by confidence.

    Readings of another length do not vote on characters: a missed first letter would shift all the others.
    """

    def __init__(self) -> None:
        self._weight_of_length: defaultdict[int, float] = defaultdict(float)
        self._readings_of_length: defaultdict[int, int] = defaultdict(int)
        self._weight_at: defaultdict[tuple[int, int, str], float] = defaultdict(float)

    def add(self, text: str, confidence: float) -> None:
        weight = max(confidence, 1e-6)
        self._weight_of_length[len(text)] += weight
        self._readings_of_length[len(text)] += 1
        for place, character in enumerate(text):
            self._weight_at[len(text), place, character] += weight

    def result(self) -> Elected | None:
        """None before the first reading. Confidence: mean confidence of the readings of that length, times the mean
        share of the elected characters."""
        if not self._weight_of_length:
            return None
        length = max(self._weight_of_length, key=lambda n: (self._weight_of_length[n], n))
        total = self._weight_of_length[length]
        best: list[tuple[float, str]] = [(0.0, "")] * length
        for (of_length, place, character), weight in self._weight_at.items():
            if of_length == length and weight > best[place][0]:
                best[place] = (weight, character)
        share = sum(weight for weight, _ in best) / (length * total) if length else 1.0
        mean = total / self._readings_of_length[length]
        return Elected("".join(character for _, character in best), min(1.0, mean * share))


class LabelVote:
    """Smooths per-label scores over time and keeps their mean over the track.

    `smoothing_ms`: time constant of the exponential moving average; 0 does not smooth.
    """

    def __init__(self, smoothing_ms: float) -> None:
        self._smoothing_ms = smoothing_ms
        self._smoothed: dict[str, float] = {}
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._count = 0
        self._last_ms: int | None = None

    def add(self, pts_ms: int, scores: Mapping[str, float]) -> dict[str, float]:
        """The smoothed scores now. A label that is missing counts as 0."""
        keep = 0.0
        if self._last_ms is not None and self._smoothing_ms > 0:
            keep = math.exp(-max(0, pts_ms - self._last_ms) / self._smoothing_ms)
        labels = dict.fromkeys((*self._smoothed, *scores))  # a set would give another order in every process
        self._smoothed = {n: keep * self._smoothed.get(n, 0.0) + (1 - keep) * scores.get(n, 0.0) for n in labels}
        self._last_ms = pts_ms
        self._count += 1
        for name, score in scores.items():
            self._sums[name] += score
        return dict(self._smoothed)

    def means(self) -> dict[str, float]:
        """Mean score of each label over all that was added; empty before the first."""
        return {name: min(1.0, total / self._count) for name, total in self._sums.items()}


def top_label(scores: Mapping[str, float]) -> str | None:
    """The label with the highest score; the first in alphabetical order among equals."""
    return min(scores, key=lambda name: (-scores[name], name)) if scores else None

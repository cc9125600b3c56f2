"""The seven labels, in the order of the shipped network's output, and the eighth answer."""

from collections.abc import Mapping

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
UNSURE = "unsure"
SURE_FROM = 0.45
"""Below this score the answer is `unsure` (docs/accuracy.md says what that leaves out)."""


def best_label(scores: Mapping[str, float]) -> tuple[str, float]:
    """The label with the highest score, and that score; the first among equals. `scores` is not empty."""
    best = max(scores, key=lambda label: scores[label])
    return best, min(1.0, max(0.0, scores[best]))


def decided(scores: Mapping[str, float]) -> tuple[str, float]:
    """The label a person is shown, and the score of the best one."""
    best, score = best_label(scores)
    return (best if score >= SURE_FROM else UNSURE), score

"""The seven labels, in the order of the network's output, and the eighth answer."""

from collections.abc import Mapping

LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
UNSURE = "unsure"
SURE_FROM = 0.45
"""Below this score the answer is `unsure` (docs/accuracy.md says what that leaves out)."""


def decided(scores: Mapping[str, float]) -> tuple[str, float]:
    """The label a person is shown, and the score of the best one; ties go to the earlier label."""
    best = max(LABELS, key=lambda label: scores.get(label, 0.0))
    score = scores.get(best, 0.0)
    return (best if score >= SURE_FROM else UNSURE), min(1.0, max(0.0, score))

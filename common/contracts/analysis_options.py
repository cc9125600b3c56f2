"""What can be set for each analysis of a camera: the API checks by it, and the page makes its fields of it.

The analyses check their options themselves when they use them; a test holds these declarations against theirs.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from common.contracts.camera_settings import EMOTION, LICENSE_PLATE, OBJECTS, PEOPLE, RECOGNITION, RECORDER
from common.contracts.object_classes import COCO, PRESETS


class OptionKind(StrEnum):
    """`choice`: one of `choices`. `choices`: some of them, or of `further`. `words`: texts of one's own. `number`.
    `switch`: on or off."""

    CHOICE = "choice"
    CHOICES = "choices"
    WORDS = "words"
    NUMBER = "number"
    SWITCH = "switch"


@dataclass(frozen=True, slots=True)
class Choice:
    """A value and what people read."""

    value: str
    title: str


@dataclass(frozen=True, slots=True)
class OptionSpec:
    """One option. `help`: a sentence for people. `count_max`: of `choices` and `words`. `char_max`: of each word, which
    has letters, digits and `?` alone."""

    name: str
    title: str
    kind: OptionKind
    default: Any
    help: str = ""
    choices: tuple[Choice, ...] = ()
    further: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    count_max: int = 1
    char_max: int = 40

    def problem(self, value: Any) -> str | None:
        """Why `value` cannot be set, in words, or None."""
        match self.kind:
            case OptionKind.SWITCH:
                # A gate may also be set in detail, which the analysis checks (docs/people-and-objects.md).
                return None if isinstance(value, bool | dict) else "must be true or false"
            case OptionKind.NUMBER:
                return self._number_problem(value)
            case OptionKind.CHOICE:
                known = [one.value for one in self.choices]
                return None if value in known else f"must be one of {', '.join(known)}"
            case OptionKind.CHOICES | OptionKind.WORDS:
                return self._list_problem(value)

    def _number_problem(self, value: Any) -> str | None:
        low, high = self.minimum or 0.0, self.maximum if self.maximum is not None else math.inf
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return None if is_number and low <= value <= high else f"must be a number from {low:g} to {high:g}"

    def _list_problem(self, value: Any) -> str | None:
        if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
            return "must be a list of words"
        if len(value) > self.count_max or (not value and self.kind is OptionKind.CHOICES):
            return f"must be 1 to {self.count_max} words" if self.choices else f"must be at most {self.count_max} words"
        if self.kind is OptionKind.WORDS:
            bad = next((one for one in value if not self._is_word(one)), None)
            return None if bad is None else f"must be words of 2 to {self.char_max} letters, digits and ?"
        known = {one.value for one in self.choices} | set(self.further)
        bad = next((one for one in value if one not in known), None)
        return None if bad is None else f"{bad[:40]!r} is not known"

    def _is_word(self, text: str) -> bool:
        return 2 <= len(text) <= self.char_max and all(c == "?" or (c.isascii() and c.isalnum()) for c in text)


@dataclass(frozen=True, slots=True)
class AnalysisSpec:
    """One analysis as people choose it. `help`: a sentence. `needs`: sentences, what has to be there before it runs."""

    title: str
    help: str
    options: tuple[OptionSpec, ...] = ()
    needs: str = ""


MOTION_GATE = OptionSpec(
    "motion_gate",
    "Search only where something moved",
    OptionKind.SWITCH,
    default=False,
    help="Spares the model pictures in which nothing moved since the last search.",
)
_SCORE_MIN = OptionSpec(
    "score_min",
    "Surer than",
    OptionKind.NUMBER,
    default=0.35,
    help="From this score on a thing is taken for one.",
    minimum=0.1,
    maximum=0.99,
    step=0.01,
)
_SIDE_MIN = OptionSpec(
    "side_min",
    "Not smaller than",
    OptionKind.NUMBER,
    default=0.0,
    help="Shorter side of a box, in parts of the picture's height.",
    minimum=0.0,
    maximum=1.0,
    step=0.01,
)
_DETECTOR_NEEDED = "It needs a detector's file in MODEL_DIR (docs/models.md)."
NETWORK_NEEDED = (
    "It needs an embedding network: none with a clear licence is to be had from the package index, so put an ONNX file "
    "of your own into MODEL_DIR and name it with its digest in models.json there (docs/people-and-objects.md)."
)
ANALYSES: Mapping[str, AnalysisSpec] = {
    RECORDER: AnalysisSpec("Recording", "Plain clips of every picture."),
    LICENSE_PLATE: AnalysisSpec(
        "License plates",
        "Boxes and text of license plates.",
        (
            OptionSpec(
                "mode",
                "Care",
                OptionKind.CHOICE,
                default="standard",
                help="How much work a picture is worth. Left as it is, the consumer's own setting holds.",
                choices=(
                    Choice("fast", "fast"),
                    Choice("video", "video: doubts are settled by many frames"),
                    Choice("standard", "standard"),
                    Choice("thorough", "thorough"),
                ),
            ),
            OptionSpec(
                "formats",
                "Formats",
                OptionKind.CHOICES,
                default=("generic",),
                help="What counts as a plate, tried in this order.",
                choices=(
                    Choice("generic", "any: 5 to 10 letters and digits"),
                    Choice("br", "Brazil"),
                    Choice("ro", "Romania"),
                    Choice("sk", "Slovakia"),
                ),
                count_max=16,
            ),
            OptionSpec(
                "patterns",
                "Patterns of your own",
                OptionKind.WORDS,
                default=(),
                help="A is a letter, 9 a digit, ? either, anything else itself: AA999AA. Tried first.",
                count_max=32,
                char_max=12,
            ),
            MOTION_GATE,
        ),
    ),
    EMOTION: AnalysisSpec(
        "Emotion", "Faces and their expression. Needs a purpose, stated for the camera.", (MOTION_GATE,)
    ),
    OBJECTS: AnalysisSpec(
        "Objects",
        "Things of 80 classes, with tracks, zones and lines.",
        (
            OptionSpec(
                "classes",
                "What is looked for",
                OptionKind.CHOICES,
                default=("core",),
                help="Presets, and classes by name.",
                choices=tuple(Choice(name, name) for name in PRESETS),
                further=COCO,
                count_max=100,
            ),
            _SCORE_MIN,
            _SIDE_MIN,
            MOTION_GATE,
        ),
        _DETECTOR_NEEDED,
    ),
    PEOPLE: AnalysisSpec(
        "People", "People, counted and tracked, with zones and lines.", (_SCORE_MIN, _SIDE_MIN, MOTION_GATE)
    ),
    RECOGNITION: AnalysisSpec(
        "Known faces",
        "Names the faces of people who were enrolled. Needs a purpose, stated for the camera.",
        (
            OptionSpec(
                "distance_max",
                "Not further than",
                OptionKind.NUMBER,
                default=0.5,
                help="Cosine distance: whoever is further from everybody is unknown. Measure it for your network.",
                minimum=0.001,
                maximum=0.99,
                step=0.001,
            ),
            MOTION_GATE,
        ),
        NETWORK_NEEDED,
    ),
}
"""Every analysis that a camera can have."""


def option_problem(analysis: str, options: Mapping[str, Any]) -> tuple[str, str] | None:
    """The first option of an analysis that cannot be set, and why; None: all that are declared can be. Options that are
    not declared are the analysis' own business."""
    spec = ANALYSES.get(analysis)
    for option in spec.options if spec is not None else ():
        said = option.problem(options[option.name]) if option.name in options else None
        if said is not None:
            return option.name, said
    return None

"""PP-OCR's text recogniser, its output cut down to what a Latin plate can show (SVTR-like net with CTC output)."""

import string
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from common.errors import ConfigurationError
from common.model_registry import TEXT_RECOGNISER, verified_bytes
from consumers.inference.onnx_file import read_metadata, select_columns
from consumers.inference.onnx_session import input_name, make_session, run_one
from consumers.pipeline.analysis import Picture

STRIP_HEIGHT = 48
WIDTH_MAX = 640
WIDTH_STEP = 8
"""The network halves the width three times. A strip is stretched to the nearest multiple: beside one that is filled up
more characters are read wrong."""
WIDTH_MIN = 16
BLANK = ""
SEPARATORS = " -.:/·•*|,'_"
DOUBTFUL_MAX = 0.5
"""A crest, a sticker or the country band's letter is read as a character, and surely as none: below this score."""
THIN = "I1l"
"""Thin strokes score low though they are characters."""
REST_SCORE_MIN, REST_CHARS_MIN = 0.88, 5
"""What remains must be sure, and still be a plate."""
KEPT = string.digits + string.ascii_letters + SEPARATORS
"""What is read. The other 18,600 characters cost a fifth of the time, and a smudge is as likely one of them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`text` as read, separators included. `scores`: probability of each character; `score` their mean."""

    text: str
    scores: tuple[float, ...]

    @property
    def score(self) -> float:
        return sum(self.scores) / len(self.scores) if self.scores else 0.0

    @property
    def least(self) -> float:
        """Score of the most doubtful letter or digit; 0 without any."""
        return min((s for c, s in zip(self.text, self.scores, strict=True) if c.isalnum()), default=0.0)

    def without_doubtful(self) -> "Reading":
        """Without the one letter or digit that is doubtful beside sure ones; else as it is."""
        pairs = list(zip(self.text, self.scores, strict=True))
        kept = [(c, s) for c, s in pairs if s >= DOUBTFUL_MAX or c in THIN]
        lost = sum(c.isalnum() for c, _ in pairs) - sum(c.isalnum() for c, _ in kept)
        if lost > 1 or len(kept) == len(pairs) or sum(c.isalnum() for c, _ in kept) < REST_CHARS_MIN:
            return self
        rest = Reading("".join(c for c, _ in kept), tuple(s for _, s in kept))
        return rest if rest.score >= REST_SCORE_MIN else self


class Recogniser:
    """Thread-safe. 6 to 9 ms of CPU for a strip of 128 to 192 pixels: its natural width, not a padded standard one."""

    def __init__(self) -> None:
        content = verified_bytes(TEXT_RECOGNISER)
        alphabet = _alphabet(content)
        columns = [place for place, character in enumerate(alphabet) if character == BLANK or character in KEPT]
        self._characters = [alphabet[place] for place in columns]
        self._session = make_session(select_columns(content, len(alphabet), columns))
        self._input = input_name(self._session)

    def read(self, strip: Picture, narrowed: float = 1.0) -> Reading:
        """`strip`: 48 pixels high, BGR, one line of text; it is read at `narrowed` times its width."""
        fitted = _fitted(strip[:, :WIDTH_MAX], narrowed)
        values = (fitted.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)
        return self._decoded(run_one(self._session, self._input, values[None])[0])

    def _decoded(self, steps: NDArray[np.float32]) -> Reading:
        """Greedy CTC: repeats are one character, blanks part them."""
        best, sure = steps.argmax(axis=1), steps.max(axis=1)
        text, scores, before = "", [], 0
        for place, score in zip(best.tolist(), sure.tolist(), strict=True):
            if place != before and self._characters[place] != BLANK:
                text += self._characters[place]
                scores.append(min(1.0, score))
            before = place
        return Reading(text, tuple(scores))


def _fitted(strip: Picture, narrowed: float) -> Picture:
    """The strip at the nearest width that the network takes whole. Made narrower it is averaged: a row that is warped
    to a smaller width at once is read worse."""
    width = max(WIDTH_MIN, round(strip.shape[1] * narrowed / WIDTH_STEP) * WIDTH_STEP)
    if width == strip.shape[1]:
        return strip
    way = cv2.INTER_AREA if width < strip.shape[1] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(strip, (width, strip.shape[0]), interpolation=way), np.uint8)


def _alphabet(content: bytes) -> list[str]:
    """The characters of the output's columns: the blank first, the file's own list, the space last."""
    listed = read_metadata(content).get("character")
    if not listed:
        raise ConfigurationError("The text recogniser's file does not say which characters it knows.")
    return [BLANK, *listed.split("\n"), " "]

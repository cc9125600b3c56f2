"""Dead letters on the in-memory cluster: nothing is replayed twice, nor into analyses that have the frame."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from common.contracts.dead_letter import DeadLetter
from common.contracts.frame import AnalysisRequest, FrameHeaders, decode_headers, encode_headers
from consumers.dead_letters.box import Letter, LetterRefused, replayable_frame

HEADERS = encode_headers(
    FrameHeaders(
        session="s" * 22,
        seq=3,
        captured_at_us=1,
        ingested_at_us=1,
        width=8,
        height=8,
        settings_version=1,
        analyses=(AnalysisRequest("emotion", 100), AnalysisRequest("recorder")),
        clip_ms=10_000,
    )
)


def make_letter(value: bytes, handled: str | None = None) -> Letter:
    origin = DeadLetter("emotion", "frames", "t-1", 2, 17, "analyzer_crash", "", 3, 0)
    return Letter(5, origin, b"cam-a", value, HEADERS, handled)


def make_jpeg() -> bytes:
    return bytes(cv2.imencode(".jpg", np.zeros((16, 24, 3), np.uint8))[1])


def test_replay_is_for_the_failed_analysis_alone() -> None:
    frame = replayable_frame(make_letter(make_jpeg()))
    assert frame.analyses == (AnalysisRequest("emotion", 100),)
    assert frame.identity == decode_headers(HEADERS).identity
    assert (frame.width, frame.height) == (24, 16)


def test_garbage_is_not_replayed() -> None:
    with pytest.raises(LetterRefused, match="can never be processed"):
        replayable_frame(make_letter(b"garbage"))


def test_handled_letter_is_not_replayed_again() -> None:
    with pytest.raises(LetterRefused, match="was replayed already"):
        replayable_frame(make_letter(make_jpeg(), handled="replayed"))


def test_letter_shows_no_bytes_in_its_repr(tmp_path: Path) -> None:
    assert "jpeg" not in repr(make_letter(b"jpeg-bytes"))

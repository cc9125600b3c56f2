"""Dead letters."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.dead_letter import DeadLetter

LETTER = DeadLetter("emotion", "frames", "1Yw1GQFkRq-8LkMH2eSQHA", 3, 99, "bad_jpeg", "cut at byte 7", 1, 1_767_312)
ORIGINAL = [("v", b"1"), ("seq", b"7"), ("o-x", b"\xff"), ("reason", b"the camera's own header")]


def test_a_letter_and_the_original_headers_round_trip() -> None:
    headers = LETTER.to_headers(ORIGINAL)
    assert DeadLetter.from_headers(headers) == (LETTER, ORIGINAL)
    assert dict(headers)["reason"] == b"bad_jpeg"
    assert dict(headers)["o-reason"] == b"the camera's own header"


names = st.text(st.characters(codec="utf-8"), max_size=20)


@given(st.lists(st.tuples(names, st.binary(max_size=20)), max_size=6), st.text(max_size=600))
def test_any_original_headers_come_back(original: list[tuple[str, bytes]], detail: str) -> None:
    safe = detail.encode("utf-8", "replace").decode()
    letter = dataclasses.replace(LETTER, detail=safe)
    read, headers = DeadLetter.from_headers(letter.to_headers(original))
    assert headers == original
    assert read.detail == safe[:500]


@pytest.mark.parametrize(
    "name", ["analysis", "topic", "topic_id", "partition", "offset", "reason", "attempts", "failed_at"]
)
def test_a_header_that_is_missing_is_refused(name: str) -> None:
    headers = [(n, v) for n, v in LETTER.to_headers(ORIGINAL) if n != name]
    with pytest.raises(ValueError, match="not a dead letter"):
        DeadLetter.from_headers(headers)


@pytest.mark.parametrize("name", ["partition", "offset", "attempts", "failed_at"])
def test_a_number_that_is_none_is_refused(name: str) -> None:
    headers = [(n, b"x" if n == name else v) for n, v in LETTER.to_headers([])]
    with pytest.raises(ValueError, match="not a dead letter"):
        DeadLetter.from_headers(headers)


def test_bytes_that_are_no_text_do_not_hide_a_letter() -> None:
    headers = [(n, b"\xff\xfe" if n == "detail" else v) for n, v in LETTER.to_headers([])]
    assert DeadLetter.from_headers(headers)[0].offset == 99

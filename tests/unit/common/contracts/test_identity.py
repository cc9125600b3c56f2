"""Ids and tokens."""

import hashlib
import re

import pytest

from common.contracts.identity import (
    SEQ_MAX,
    hash_token,
    is_analysis_name,
    is_camera_id,
    is_session,
    is_token,
    make_camera_id,
    make_session,
    make_token,
    parse_seq,
)


def test_made_ids_are_accepted_and_differ() -> None:
    cameras, sessions, tokens = ({make() for _ in range(200)} for make in (make_camera_id, make_session, make_token))
    assert len(cameras) == len(sessions) == len(tokens) == 200
    assert all(is_camera_id(c) and re.fullmatch(r"cam-[a-z2-7]{10}", c) for c in cameras)
    assert all(map(is_session, sessions))
    assert all(is_token(t) and re.fullmatch(r"lk_[A-Za-z0-9_-]{43}", t) for t in tokens)


@pytest.mark.parametrize("text", ["demo-face", "demo-cars", "abc", "a" * 32, "cam-2345672345"])
def test_camera_ids_that_are_taken(text: str) -> None:
    assert is_camera_id(text)


@pytest.mark.parametrize(
    "text", ["", "ab", "a" * 33, "Demo", "1cam", "-cam", "cam_a", "cam a", "cam-a\n", "käm", "a/b", ".."]
)
def test_camera_ids_that_are_refused(text: str) -> None:
    assert not is_camera_id(text)


def test_sessions_have_16_to_64_safe_characters() -> None:
    assert is_session("a" * 16)
    assert is_session("A-_9" * 16)
    for text in ("", "a" * 15, "a" * 65, "a" * 16 + "\n", "a" * 16 + "+", "ä" * 20):
        assert not is_session(text)


def test_tokens_have_one_form() -> None:
    assert is_token("lk_" + "a" * 43)
    for text in ("", "lk_" + "a" * 42, "lk_" + "a" * 44, "LK_" + "a" * 43, "lk_" + "a" * 42 + "\n"):
        assert not is_token(text)


def test_analysis_names_are_safe_in_keys() -> None:
    assert is_analysis_name("license_plate")
    for text in ("", "a", "A1", "1a", "a-b", "a.b", "a/b", "a" * 33, "ab\n"):
        assert not is_analysis_name(text)


@pytest.mark.parametrize(("text", "seq"), [("0", 0), ("7", 7), ("007", 7), (str(SEQ_MAX), SEQ_MAX)])
def test_seq_is_read(text: str, seq: int) -> None:
    assert parse_seq(text) == seq


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "1.0", " 1", "1\n", "0x1", "1_0", "\u0661", "\u00b2", str(SEQ_MAX + 1), "1" * 20]
)
def test_seq_that_is_refused(text: str) -> None:
    assert parse_seq(text) is None


def test_a_tokens_hash_is_sha256() -> None:
    assert hash_token("lk_x") == hashlib.sha256(b"lk_x").hexdigest()

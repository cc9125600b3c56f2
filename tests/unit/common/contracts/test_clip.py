"""Clip ids and object keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.clip import START_MAX_MS, ClipId, camera_prefix, day_prefix, gap_id
from common.contracts.window import Window

CLIP = ClipId("emotion", "demo-face", Window(1_767_312_000_000, 10_000))


def test_id_and_keys_are_as_documented() -> None:
    assert str(CLIP) == "emotion.demo-face.1767312000000.10000"
    assert CLIP.video_key == "clips/emotion/demo-face/2026/01/02/1767312000000_10000.mp4"
    assert CLIP.sidecar_key == "clips/emotion/demo-face/2026/01/02/1767312000000_10000.json"
    assert CLIP.poster_key == "clips/emotion/demo-face/2026/01/02/1767312000000_10000.jpg"
    assert CLIP.crop_key(3) == "clips/emotion/demo-face/2026/01/02/1767312000000_10000.3.jpg"


def test_a_remainder_has_an_id_and_keys_of_its_own() -> None:
    remainder = CLIP.with_remainder(2)
    assert str(remainder) == "emotion.demo-face.1767312000000.10000~2"
    assert remainder.video_key.endswith("/1767312000000_10000~2.mp4")
    assert remainder.crop_key(0).endswith("/1767312000000_10000~2.0.jpg")
    assert remainder.with_remainder(0) == CLIP


def test_prefixes_contain_the_keys() -> None:
    assert CLIP.video_key.startswith(camera_prefix("emotion", "demo-face"))
    assert CLIP.video_key.startswith(day_prefix("emotion", "demo-face", CLIP.window.start_ms))
    # A camera whose id begins like another's is not below its prefix.
    assert not CLIP.video_key.startswith(camera_prefix("emotion", "demo"))


def test_the_folder_is_the_utc_day_of_the_windows_start() -> None:
    midnight = 1_767_312_000_000
    assert "/2026/01/02/" in ClipId("recorder", "cam-a", Window(midnight, 10_000)).video_key
    assert "/2026/01/01/" in ClipId("recorder", "cam-a", Window(midnight - 10_000, 10_000)).video_key


clips = st.builds(
    ClipId,
    st.sampled_from(["emotion", "license_plate", "recorder", "a1"]),
    st.from_regex(r"[a-z][a-z0-9-]{2,31}", fullmatch=True),
    st.builds(Window, st.integers(0, START_MAX_MS), st.integers(1, 999_999_999)),
    st.integers(0, 9_999),
)


@given(clips)
def test_ids_and_keys_round_trip(clip: ClipId) -> None:
    assert ClipId.parse(str(clip)) == clip
    assert ClipId.parse_key(clip.video_key) == clip


@pytest.mark.parametrize(
    "text",
    [
        "",
        "emotion",
        "emotion.demo-face.1.1.1",
        "emotion.demo-face.-1.10000",
        "emotion.demo-face.1767312000000.0",
        "emotion.demo-face.01767312000000.10000",
        "emotion.demo-face.1767312000000.010000",
        "emotion.demo-face.1767312000000.10000~0",
        "emotion.demo-face.1767312000000.10000~01",
        "emotion.demo-face.1767312000000.10000~10000",
        "emotion.demo-face.1767312000000_10000",
        "emotion.demo-face.1767312000000.10000\n",
        "emotion.demo-face.9999999999999999.10000",
        "emotion.demo-face.999999999999999.10000",
        "Emotion.demo-face.1767312000000.10000",
        "e.demo-face.1767312000000.10000",
        "emotion.9face.1767312000000.10000",
        "emotion.a.1767312000000.10000",
        "emotion.../.1767312000000.10000",
        "emotion.demo-face.\u0661\u0667.10000",
    ],
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a clip"):
        ClipId.parse(text)


@pytest.mark.parametrize(
    "key",
    [
        "clips/emotion/demo-face/2026/01/02/1767312000000_10000.json",
        "clips/emotion/demo-face/2026/01/02/1767312000000_10000.0.jpg",
        "clips/emotion/demo-face/2026/01/03/1767312000000_10000.mp4",
        "clips/emotion/demo-face/2026/01/02/01767312000000_10000.mp4",
        "clips/emotion/demo-face/2026/01/02/1767312000000.10000.mp4",
        "clips/emotion/demo-face/2026/01/02/../1767312000000_10000.mp4",
        "/clips/emotion/demo-face/2026/01/02/1767312000000_10000.mp4",
        "queries/q/parts/0.mp4",
        "clips/emotion/demo-face/2026/01/02/1767312000000_10000.mp4-0f8fad5b-d9cb-469f-a165-70867728950e",
    ],
)
def test_what_is_no_video_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="not a clip"):
        ClipId.parse_key(key)


@given(st.text(max_size=80))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for parse in (ClipId.parse, ClipId.parse_key):
        with pytest.raises(ValueError, match="not a clip"):
            parse(text)


def test_gap_id_names_the_first_offset() -> None:
    assert gap_id("emotion", "1Yw1GQFkRq-8LkMH2eSQHA", 3, 99) == "emotion.1Yw1GQFkRq-8LkMH2eSQHA.3.99"

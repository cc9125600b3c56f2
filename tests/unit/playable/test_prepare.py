"""What is made of uploads: pictures and their times stay, whatever the way; what plays already is left alone."""

import io
from pathlib import Path

import pytest

from api_server.recordings.container import read_facts
from consumers.pipeline.encoder.mp4_boxes import check_streamable
from consumers.playable.layout import Layout, layout_of
from consumers.playable.prepare import prepare
from consumers.playable.wire import Order, Verdict
from tests.unit.playable.films import FRAMES, RATE, STEP, codecs, draw, shown

FRAGMENTS = {"movflags": "frag_keyframe+empty_moov"}


def prepared(film: bytes, folder: Path, work_s: float = 600) -> tuple[Verdict, Path]:
    path = folder / "playable"
    order = Order(size=max(1, len(film)), path=str(path), output_bytes=10**9, memory_bytes=2**30, work_s=work_s)
    return prepare(io.BytesIO(film), order), path


def assert_is_the_film(path: Path) -> None:
    """Every picture once, in order, at its time."""
    found = shown(path)
    assert [at for at, _ in found] == [n * 1000 // RATE for n in range(FRAMES)]
    assert all(abs(light - n * STEP) <= 4 for n, (_, light) in enumerate(found)), found


@pytest.mark.parametrize(
    ("name", "codec", "container"),
    [
        ("film.mp4", "libx264", {}),
        ("fast.mp4", "libx264", {"movflags": "faststart"}),
        ("film.mp4", "libvpx-vp9", {}),
        ("film.webm", "libvpx", {}),
        ("film.webm", "libvpx-vp9", {}),
    ],
)
def test_prepare_leaves_alone_what_browsers_play(
    tmp_path: Path, name: str, codec: str, container: dict[str, str]
) -> None:
    verdict, path = prepared(draw(tmp_path / name, codec, container=container), tmp_path)
    assert (verdict.state, verdict.note, verdict.problem) == ("original", None, None)
    assert (verdict.duration_ms, verdict.width, verdict.height) == (3_000, 64, 48)
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "codec", "sound", "options", "container", "tracks"),
    [
        ("film.mkv", "libx264", "aac", {}, {}, ["h264", "aac"]),
        ("film.mkv", "libx264", None, {}, {}, ["h264"]),
        ("film.mov", "libx264", "aac", {}, {}, ["h264", "aac"]),
        ("film.mp4", "libx264", None, {}, FRAGMENTS, ["h264"]),
        ("film.avi", "libx264", None, {"bf": "0"}, {}, ["h264"]),
        ("film.mkv", "libvpx-vp9", "libopus", {}, {}, ["vp9", "opus"]),
    ],
)
def test_prepare_copies_packets_of_a_played_codec_into_mp4(
    tmp_path: Path,
    name: str,
    codec: str,
    sound: str | None,
    options: dict[str, str],
    container: dict[str, str],
    tracks: list[str],
) -> None:
    film = draw(tmp_path / name, codec, sound=sound, options=options, container=container)
    verdict, path = prepared(film, tmp_path)
    assert (verdict.state, verdict.media, verdict.note) == ("made", "video/mp4", None)
    assert (verdict.duration_ms, verdict.codec) == (3_000, tracks[0])
    assert codecs(path) == tracks
    check_streamable(path)
    assert_is_the_film(path)
    with path.open("rb") as file:
        assert read_facts(file, path.stat().st_size).duration_ms in range(2_900, 3_300)  # some begin two pictures late
    assert prepared(path.read_bytes(), tmp_path / "x")[0].state == "original", "what is made plays as it is"


def test_prepare_copies_vp8_into_webm(tmp_path: Path) -> None:
    verdict, path = prepared(draw(tmp_path / "film.mkv", "libvpx"), tmp_path)
    assert (verdict.state, verdict.media) == ("made", "video/webm")
    assert_is_the_film(path)
    assert prepared(path.read_bytes(), tmp_path / "x")[0].state == "original"


def test_prepare_says_what_sound_it_leaves_out(tmp_path: Path) -> None:
    verdict, path = prepared(draw(tmp_path / "film.mkv", sound="pcm_s16le"), tmp_path)
    assert verdict.state == "made"
    assert verdict.note is not None
    assert "(pcm_s16le) is left out" in verdict.note
    assert codecs(path) == ["h264"]


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "said"),
    [
        ("film.avi", "mjpeg", "yuvj420p", "do not play mjpeg"),
        ("film.avi", "mpeg4", "yuv420p", "do not play mpeg4"),
        ("film.mp4", "libx265", "yuv420p", "do not play hevc"),
        ("film.mp4", "libx264", "yuv444p", "do not play h264"),
        ("film.avi", "libx264", "yuv420p", "cannot be copied"),
    ],
)
def test_prepare_encodes_anew_what_cannot_be_copied(
    tmp_path: Path, name: str, codec: str, pixels: str, said: str
) -> None:
    verdict, path = prepared(draw(tmp_path / name, codec, pixels=pixels), tmp_path)
    assert (verdict.state, verdict.media) == ("made", "video/mp4")
    assert verdict.note is not None
    assert said in verdict.note
    assert codecs(path) == ["h264"]
    check_streamable(path)
    assert_is_the_film(path)


def test_prepare_of_a_file_that_was_cut_keeps_what_is_there(tmp_path: Path) -> None:
    film = draw(tmp_path / "film.mkv", options={"g": "5"}, size=(320, 240))
    verdict, path = prepared(film[: len(film) * 3 // 4], tmp_path)
    assert verdict.state == "made"
    assert 5 < len(shown(path)) < FRAMES


def test_prepare_of_what_is_no_video_says_so(tmp_path: Path) -> None:
    sound = tmp_path / "sound.mkv"
    film = draw(sound, sound="aac")
    for data in (
        b"\x1a\x45\xdf\xa3" + b"matroska" * 100,
        b"RIFF\x00\x10\x00\x00AVI LIST" + bytes(500),
        b"\x00\x00\x00\x18ftypisom" + bytes(500),
        film[:60],
        b"text, and no more of it " * 20,
    ):
        verdict, path = prepared(data, tmp_path)
        assert verdict.state == "impossible"
        assert verdict.problem is not None
        assert verdict.problem.endswith(".")
        assert verdict.note == verdict.problem
        assert not path.exists()


@pytest.mark.parametrize("kind", [b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", b"ffconcat version 1.0\nfile 'x'\n"])
def test_prepare_opens_no_playlist(tmp_path: Path, kind: bytes) -> None:
    verdict, _ = prepared(kind * 50, tmp_path)
    assert verdict.problem is not None


def test_prepare_of_too_many_pixels_is_refused_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.playable.encoding.PIXELS_MAX", 1_000)
    verdict, _ = prepared(draw(tmp_path / "film.avi", "mpeg4"), tmp_path)
    assert (verdict.state, verdict.problem) == ("impossible", None)
    assert verdict.note is not None
    assert "64 x 48 pixels" in verdict.note


def test_prepare_of_what_would_take_too_long_is_refused_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.playable.encoding.SURE_S", 0.0)
    monkeypatch.setattr("consumers.playable.encoding.LOOK_EVERY", 10)
    verdict, _ = prepared(draw(tmp_path / "film.avi", "mpeg4"), tmp_path, work_s=0.000_001)
    assert verdict.note is not None
    assert "it would take some 1 min" in verdict.note
    assert verdict.state == "impossible"


def test_prepare_of_too_many_packets_is_not_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consumers.playable.packet_copy.PACKETS_MAX", 10)
    verdict, _ = prepared(draw(tmp_path / "film.mkv"), tmp_path)
    assert verdict.note is not None
    assert "encoded anew" in verdict.note


@pytest.mark.parametrize(
    ("name", "container", "layout"),
    [
        ("film.mp4", {}, Layout.MP4),
        ("film.mp4", FRAGMENTS, Layout.FRAGMENTED),
        ("film.mov", {}, Layout.QUICKTIME),
        ("film.mkv", {}, Layout.MATROSKA),
        ("film.avi", {}, Layout.AVI),
    ],
)
def test_layout_is_known_by_its_outermost_structures(
    tmp_path: Path, name: str, container: dict[str, str], layout: Layout
) -> None:
    film = draw(tmp_path / name, container=container)
    assert layout_of(io.BytesIO(film), len(film)) is layout


def test_layout_of_boxes_that_lie_ends() -> None:
    for data in (
        b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + b"\x00\x00\x00\x04free" * 50,
        b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + b"\x00\x00\x00\x01moov" + b"\xff" * 8,
        b"\x00\x00\x00\x10ftypisom\x00\x00\x00\x00" + b"\xff\xff\xff\xffmoov",
    ):
        assert layout_of(io.BytesIO(data), len(data)) is Layout.MP4
    assert layout_of(io.BytesIO(b""), 0) is None

"""The film itself, where moviepy is installed (the extra `exports`)."""

from pathlib import Path

import pytest

from api_server.exports.film import FilmFailed, FilmMaker, Scene, Shown

moviepy = pytest.importorskip("moviepy")
RED, GREEN = (200, 30, 30), (30, 200, 30)


def make_clip(folder: Path, name: str, colour: tuple[int, int, int], size: tuple[int, int] = (320, 240)) -> Path:
    path = folder / name
    clip = moviepy.ColorClip(size, color=colour, duration=4)
    clip.write_videofile(str(path), fps=10, codec="libx264", audio=False, logger=None)
    return path


def test_film_is_cut_around_what_was_seen_with_captions(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    maker = FilmMaker(folder, captions=True, around_s=0.5)
    maker.add(Scene(make_clip(tmp_path, "a.mp4", RED), "Tür, Süd", 1_700_000_000_000_000, (Shown("M AB 123", 1, 2),)))
    maker.add(Scene(make_clip(tmp_path, "b.mp4", GREEN, (160, 240)), "Gate", 1_700_000_000_000_000, ()))
    film = maker.finish()
    assert abs(film.duration_ms - 6_000) <= 300
    with moviepy.VideoFileClip(str(film.path), audio=False) as video:
        assert tuple(video.size) == (320, 240)
        assert abs(video.duration - 6) <= 0.3
        first, last = video.get_frame(1.0), video.get_frame(5.0)
    assert first[120, 160].argmax() == 0
    assert last[120, 160].argmax() == 1
    assert last[120, 5].max() < 30  # a narrow clip has black beside it
    assert first[235, 4].max() < 60  # the caption's own ground, where the clip is red
    assert first[:30, :120].min(axis=2).max() > 120  # and white letters


def test_film_without_captions_is_the_picture_alone(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    maker = FilmMaker(folder, captions=False, around_s=None)
    maker.add(Scene(make_clip(tmp_path, "a.mp4", RED), "Door", 0, (Shown("M AB 123", 1, 2),)))
    film = maker.finish()
    with moviepy.VideoFileClip(str(film.path), audio=False) as video:
        assert abs(int(video.get_frame(1.0)[235, 4, 0]) - RED[0]) < 20
        assert abs(video.duration - 4) <= 0.3


def test_film_leaves_out_what_cannot_be_read_and_fails_when_nothing_can(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video" * 100)
    maker = FilmMaker(folder, captions=True, around_s=None)
    maker.add(Scene(broken, "Door", 0, ()))
    with pytest.raises(FilmFailed):
        maker.finish()
    maker.add(Scene(make_clip(tmp_path, "a.mp4", RED), "Door", 0, ()))
    assert maker.finish().notes == ("broken could not be read and was left out.",)
